"""The answer to which versions learnt from a person: those that are to be replaced when the person is erased."""

import json
from collections.abc import Mapping

from sqlalchemy import and_, func, select

from contracts import queries as q
from services.projections.answering import Question
from services.projections.lineage import contributors
from services.projections.tables import FOREVER, authorship, compilation, erasure, lesson, model
from services.projections.training_set import places_at, taken_by


def learnt_from(question: Question, wanted: q.PersonWanted) -> q.LearntFrom:
    """Every version, in the person's models and up and down the lineage, whose training set held the person's words."""
    lessons = _said(question, f"person:{wanted.person}")
    found = [one for one in _versions(question) if _taught(question, one, lessons)] if lessons else []
    return q.LearntFrom(
        person=wanted.person,
        lessons=len(lessons),
        versions=found,
        replace=sorted({one.model for one in found if one.active}),
    )


def _versions(question: Question) -> list[q.LearntVersion]:
    query = select(model.c.id, model.c.document).where(
        model.c.valid_from <= question.position, model.c.valid_to > question.position
    )
    active = {id: json.loads(document)["active"] for id, document in question.training.execute(query)}
    columns = (
        compilation.c.model,
        compilation.c.version,
        compilation.c.id,
        compilation.c.status,
        compilation.c.document,
    )
    made = (
        select(*columns).where(compilation.c.version.is_not(None)).order_by(compilation.c.model, compilation.c.version)
    )
    return [
        q.LearntVersion(
            model=owner, version=version, compilation=id, position=json.loads(document)["position"],
            active=bool(active.get(owner)) and active[owner]["compilation"] == id, deleted=status == "deleted",
        )
        for owner, version, id, status, document in question.training.execute(made)
    ]  # fmt: skip


def _said(question: Question, person: str) -> dict[str, int]:
    """The lessons that hold the person's words, each with the position from which it is erased."""
    query = select(authorship.c.lesson).where(authorship.c.person == person)
    lessons = dict.fromkeys(question.training.execute(query).scalars(), FOREVER)
    # A lesson of several people is erased whole with the first of them.
    others = authorship.alias("others")
    first = (
        select(others.c.lesson, func.min(erasure.c.position))
        .join(erasure, erasure.c.person == others.c.person)
        .where(others.c.lesson.in_(query))
        .group_by(others.c.lesson)
    )
    rows = question.training.execute(first).all()
    return lessons | {row[0]: row[1] for row in rows}


def _taught(question: Question, version: q.LearntVersion, erased_at: Mapping[str, int]) -> bool:
    places = places_at(question.training, version.position)
    there = [id for id, position in erased_at.items() if position > version.position]
    if version.model not in places:
        return False
    taken = taken_by(contributors(places, version.model), version.position)
    parts = (there[start : start + 500] for start in range(0, len(there), 500))
    return any(
        question.training.execute(select(lesson.c.id).where(and_(taken, lesson.c.id.in_(part))).limit(1)).first()
        for part in parts
    )
