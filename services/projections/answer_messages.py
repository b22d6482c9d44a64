"""Answers about messages, what happened in their groups, and open questions."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, select

from contracts import queries as q
from services.projections.answer_chat import visible_group
from services.projections.answering import Question
from services.projections.lessons_taught import taught_from
from services.projections.tables import assistant, message, thread_notice
from services.projections.training_set import LARGEST_PAGE
from services.refusals import Refused

CONTEXT = 40
LARGEST_CONTEXT = 200_000
"""Bytes; a prompt takes less."""
Document = dict[str, Any]
_DERIVED = {"reactions", "answering", "taught"}


def messages(question: Question, wanted: q.MessagesWanted) -> q.Messages:
    """A page of a group's messages and notices, oldest first."""
    visible_group(question, wanted.group)
    forward = wanted.after is not None
    found = [*_page(question, message, wanted), *_page(question, thread_notice, wanted)]
    found.sort(key=lambda row: row["position"], reverse=not forward)
    rows = within([message_row(question, one) for one in found[: wanted.limit]], LARGEST_PAGE)
    return q.Messages(messages=_with_lessons(question, rows if forward else rows[::-1]))


def one_message(question: Question, wanted: q.MessageWanted) -> q.MessageRow:
    """One message, for those who are in its group."""
    [row] = _with_lessons(question, [message_row(question, visible_message(question, wanted.message))])
    return row


def visible_message(question: Question, id: str) -> Document:
    """The document of a message in a group that the asker is in. Raises `Refused`: `unknown_message`."""
    found = question.chat.execute(select(message.c.document).where(message.c.id == id)).scalar()
    if found is None:
        raise _unknown(id)
    document: Document = json.loads(found)
    try:
        visible_group(question, document["group"])
    except Refused:
        raise _unknown(id) from None
    return document


def one_question(question: Question, wanted: q.QuestionWanted) -> q.QuestionRow:
    """A message with who should answer it, and what was said before."""
    document = visible_message(question, wanted.message)
    return q.QuestionRow(
        message=message_row(question, document),
        answerers=_answerers(question, document),
        context=_context(question, document),
        instructions=visible_group(question, document["group"]).instructions,
    )


def open_questions(question: Question, wanted: q.OpenQuestionsWanted) -> q.OpenQuestions:
    """Questions without answer or failure; for services only."""
    query = select(message.c.id).where(message.c.open.is_(True)).order_by(message.c.position).limit(wanted.limit)
    return q.OpenQuestions(messages=list(question.chat.execute(query).scalars()))


def _unknown(id: str) -> Refused:
    # The same sentence whether it isn't there or is another group's: that is nobody else's business.
    return Refused("unknown_message", f"There is no message {id} in a group that you are in.", {"message": "unknown"})


def _page(question: Question, table: Table, wanted: q.MessagesWanted) -> list[Document]:
    query = select(table.c.position, table.c.document).where(table.c.chat_group == wanted.group)
    if wanted.after is not None:
        query = query.where(table.c.position > wanted.after).order_by(table.c.position)
    else:
        query = query if wanted.before is None else query.where(table.c.position < wanted.before)
        query = query.order_by(table.c.position.desc())
    rows = question.chat.execute(query.limit(wanted.limit))
    of_notice = {"group": wanted.group}
    return [of_notice | json.loads(document) | {"position": position} for position, document in rows]


def _context(question: Question, document: Document) -> list[q.MessageRow]:
    query = select(message.c.document).where(
        message.c.chat_group == document["group"], message.c.position < document["position"]
    )
    rows = question.chat.execute(query.order_by(message.c.position.desc()).limit(CONTEXT)).scalars()
    found = [message_row(question, json.loads(one)) for one in rows]
    return within([one for one in found if not one.deleted], LARGEST_CONTEXT)[::-1]


def within(rows: list[q.MessageRow], size: int) -> list[q.MessageRow]:
    """As many of the first rows as fit; at least one."""
    for index, row in enumerate(rows):
        size -= len(row.model_dump_json().encode())
        if size < 0 and index:
            return rows[:index]
    return rows


def message_row(question: Question, document: Document) -> q.MessageRow:
    """A message, or a notice, without the lessons made from it."""
    if "notice" in document:
        blank: Document = {"author": "", "text": "", "reply_to": None, "deleted": False, "edited": False}
        return q.MessageRow.model_validate(document | blank | {"id": f"notice-{document['position']}"})
    waiting = _waiting(question, document)
    return q.MessageRow.model_validate(
        {name: one for name, one in document.items() if name not in _DERIVED}
        | {
            "reactions": _reactions(document["reactions"]),
            "answering": [one for one in waiting if one["state"] != "answered"],
        }
    )


def _reactions(pairs: Iterable[tuple[str, str]]) -> list[q.Reaction]:
    by: dict[str, list[str]] = defaultdict(list)
    for actor, reaction in pairs:
        by[reaction].append(actor)
    return [q.Reaction(reaction=reaction, by=actors) for reaction, actors in by.items()]


def _answerers(question: Question, document: Document) -> list[q.AnswererRow]:
    return [
        q.AnswererRow(
            virtual_user=one["virtual_user"],
            model=one["model"],
            answered=one["state"] == "answered",
            failed=one["state"] == "failed",
            retry=one["state"] == "retry",
            stopped=one["state"] == "stopping",
        )
        for one in _waiting(question, document)
    ]


def _waiting(question: Question, document: Document) -> list[Document]:
    states = document["waiting"]
    if not states:
        return []
    query = select(assistant.c.virtual_user, assistant.c.model).where(assistant.c.virtual_user.in_(states))
    rows = sorted((row.virtual_user, row.model) for row in question.chat.execute(query))
    return [{"virtual_user": user, "model": model, "state": states[user]} for user, model in rows]


def _with_lessons(question: Question, rows: list[q.MessageRow]) -> list[q.MessageRow]:
    taught = taught_from(question, [row.id for row in rows if row.notice is None])
    return [row.model_copy(update={"taught": taught[row.id]}) if row.id in taught else row for row in rows]
