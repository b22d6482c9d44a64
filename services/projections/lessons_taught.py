"""Which lessons, and proposals of lessons, were made from chat messages."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, select

from contracts import queries as q
from services.projections.answering import Question
from services.projections.tables import lesson, model, proposal, taught

Document = dict[str, Any]


def taught_from(question: Question, messages: Sequence[str]) -> dict[str, list[q.Taught]]:
    """By message, the oldest lesson first. What personal assistants learnt is shown to their people only."""
    query = select(taught.c.message, taught.c.record).where(taught.c.message.in_(messages))
    pairs = [(message, record) for message, record in question.training.execute(query)]
    records = sorted({record for _, record in pairs})
    known = _proposals(question, records) | _lessons(question, records)
    found: dict[str, list[tuple[int, q.Taught]]] = defaultdict(list)
    for message, record in pairs:
        if record in known:
            found[message].append(known[record])
    return {message: [one for _, one in sorted(rows, key=lambda pair: pair[0])] for message, rows in found.items()}


def _lessons(question: Question, ids: Sequence[str]) -> dict[str, tuple[int, q.Taught]]:
    held = and_(lesson.c.valid_from <= question.position, lesson.c.valid_to > question.position)
    query = select(lesson).where(lesson.c.id.in_(ids), held, lesson.c.erased.is_(False))
    rows = question.training.execute(query).all()
    models = _models(question, {row.model for row in rows})
    return {row.id: _lesson(question, row, models[row.model]) for row in rows if row.model in models}


def _lesson(question: Question, row: Row[Any], owner: Document) -> tuple[int, q.Taught]:
    attributes = json.loads(row.attributes)
    return row.position, q.Taught(
        lesson=row.id, kind=row.kind, model=row.model, active=attributes["active"], proposed=False,
        version=_learnt_by(question, row, owner["active"]), by=attributes["added_by"],
    )  # fmt: skip


def _learnt_by(question: Question, row: Row[Any], active: Document | None) -> int | None:
    """The active version, when the lesson's present text was among what it trains at the version's position."""
    if active is None or row.position > active["position"]:
        return None
    then = and_(lesson.c.valid_from <= active["position"], lesson.c.valid_to > active["position"])
    query = select(lesson.c.id).where(lesson.c.id == row.id, lesson.c.model == row.model, then)
    learnt = query.where(lesson.c.trains.is_(True), lesson.c.body == row.body)
    return active["version"] if question.training.execute(learnt).first() is not None else None


def _proposals(question: Question, ids: Sequence[str]) -> dict[str, tuple[int, q.Taught]]:
    columns = (proposal.c.id, proposal.c.model, proposal.c.position, proposal.c.document)
    query = select(*columns).where(proposal.c.id.in_(ids), proposal.c.status == "open")
    rows = [(*row[:3], json.loads(row[3])) for row in question.training.execute(query)]
    models = _models(question, {row[1] for row in rows})
    return {
        id: (position, q.Taught(
            lesson=id, kind="conversation", model=owner, active=False, proposed=True, version=None,
            by=document["proposer"],
        ))
        for id, owner, position, document in rows if owner in models and not document["erased"]
    }  # fmt: skip


def _models(question: Question, ids: set[str]) -> dict[str, Document]:
    held = and_(model.c.valid_from <= question.position, model.c.valid_to > question.position)
    query = select(model.c.id, model.c.document).where(model.c.id.in_(sorted(ids)), held)
    found = {id: json.loads(document) for id, document in question.training.execute(query)}
    return {id: one for id, one in found.items() if question.asker.sees_lessons_of(id, one["use"])}
