"""Answers about review and notices: what waits for a trainer, what became of it, and what a person is to be told."""

import json
from typing import Any

from sqlalchemy import func, select

from contracts import queries as q
from services.projections.answer_training import find_model, lesson_row
from services.projections.answering import Question
from services.projections.notice_words import notice_row
from services.projections.noticing import ADMINISTRATORS, TRAINERS
from services.projections.tables import FOREVER, model, module, notice, notices_read, proposal, provider, watch
from services.refusals import Refused

Document = dict[str, Any]


def proposals(question: Question, wanted: q.ProposalsWanted) -> q.Proposals:
    """A page of proposals, oldest first; newest first before a position."""
    query = select(proposal.c.position, proposal.c.document).where(proposal.c.position > wanted.after)
    if wanted.before is not None:
        query = query.where(proposal.c.position < wanted.before)
    if wanted.proposer is not None:
        query = query.where(proposal.c.proposer == wanted.proposer)
    if wanted.status is not None:
        query = query.where(proposal.c.status == wanted.status)
    if wanted.model is not None:
        query = query.where(proposal.c.model == find_model(question, wanted.model))
    if not _reviews(question):
        query = query.where(proposal.c.proposer == question.asker.actor)
    order = proposal.c.position if wanted.before is None else proposal.c.position.desc()
    rows = question.training.execute(query.order_by(order).limit(wanted.limit)).all()
    found = [_proposal(question, document) for _, document in rows]
    return q.Proposals(proposals=found, next=rows[-1][0] if len(rows) == wanted.limit else None)


def one_proposal(question: Question, wanted: q.ProposalWanted) -> q.ProposalRow:
    """One proposal, for trainers and whoever proposed it."""
    query = select(proposal.c.proposer, proposal.c.document).where(proposal.c.id == wanted.proposal)
    row = question.training.execute(query).first()
    if row is None or not (_reviews(question) or row[0] == question.asker.actor):
        raise Refused("unknown_proposal", f"There is no proposal {wanted.proposal}.", {"proposal": "unknown"})
    return _proposal(question, row[1])


def modules(question: Question, _: q.Nothing) -> q.Modules:
    """The modules of which somebody said how far they are trusted."""
    rows = question.training.execute(select(module.c.document).order_by(module.c.id)).scalars()
    return q.Modules(modules=[q.ModuleRow.model_validate(json.loads(one)) for one in rows])


def notices(question: Question, wanted: q.NoticesWanted) -> q.Notices:
    """The asking person's notices, newest first; administrators and trainers get those for their role too."""
    who = [question.asker.actor]
    who += [ADMINISTRATORS] if "administrator" in question.asker.roles else []
    who += [TRAINERS] if "trainer" in question.asker.roles else []
    mine = (notice.c.recipient.in_(who), notice.c.position < (wanted.before or FOREVER))
    query = select(notice.c.position, func.min(notice.c.document)).where(*mine).group_by(notice.c.position)
    rows = question.training.execute(query.order_by(notice.c.position.desc()).limit(wanted.limit)).all()
    person = question.asker.actor.removeprefix("person:")
    upto = question.training.execute(select(notices_read.c.upto).where(notices_read.c.person == person)).scalar() or 0
    unread = select(func.count(func.distinct(notice.c.position))).where(
        notice.c.recipient.in_(who), notice.c.position > upto
    )
    watching = select(watch.c.model).where(watch.c.person == person).order_by(watch.c.model)
    names = _names(question)
    return q.Notices(
        notices=[notice_row(position, json.loads(one), names, position <= upto) for position, one in rows],
        unread=question.training.execute(unread).scalar_one(),
        watching=list(question.training.execute(watching).scalars()),
        next=rows[-1][0] if len(rows) == wanted.limit else None,
    )


def _reviews(question: Question) -> bool:
    return question.asker.service or question.asker.studio


def _proposal(question: Question, document: str) -> q.ProposalRow:
    row = json.loads(document)
    changes = row["kind"].endswith("_changes") and not row["erased"]
    return q.ProposalRow.model_validate(row | {"now": lesson_row(question, row["lesson"]) if changes else None})


def _names(question: Question) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (model, provider):
        query = select(table.c.id, table.c.document).where(table.c.valid_to == FOREVER)
        found |= {f"{table.name}:{id}": json.loads(one)["name"] for id, one in question.training.execute(query)}
    return found
