"""Answers about what somebody hasn't read, and where something was said."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from contracts import queries as q
from services.projections.answer_chat import own_groups, people, visible_group
from services.projections.answer_messages import message_row, within
from services.projections.answerers import folded_text, named
from services.projections.answering import Question
from services.projections.tables import message
from services.projections.training_set import LARGEST_PAGE

MOST_UNREAD = 100
Names = Mapping[str, Sequence[str]]


def unread(question: Question, wanted: q.UnreadWanted) -> q.Unread:
    """What others said in the asker's groups since the marks."""
    names = {f"person:{one.id}": [one.name] for one in people(question, q.Nothing()).people if one.name}
    groups = [one for one in _mine(question) if not one.archived]
    return q.Unread(groups=[_unread(question, one, wanted.marks.get(one.id, 0), names) for one in groups])


def search_messages(question: Question, wanted: q.MessagesSearched) -> q.FoundMessages:
    """Messages with the text in them, of the asker's groups only."""
    if wanted.group is not None:
        visible_group(question, wanted.group)
    groups = [one.id for one in _mine(question) if wanted.group in (None, one.id)]
    text = folded_text(wanted.text)
    conditions = [message.c.chat_group.in_(groups), message.c.folded.contains(text, autoescape=True)]
    if not text:
        return q.FoundMessages(messages=[], next=None)
    if wanted.before is not None:
        conditions.append(message.c.position < wanted.before)
    query = select(message.c.document).where(*conditions).order_by(message.c.position.desc()).limit(wanted.limit + 1)
    rows = [message_row(question, json.loads(one)) for one in question.chat.execute(query).scalars()]
    shown = within(rows[: wanted.limit], LARGEST_PAGE)
    return q.FoundMessages(messages=shown, next=shown[-1].position if len(rows) > len(shown) else None)


def _mine(question: Question) -> list[q.GroupRow]:
    # Services see every group, but nothing is unread or looked for by them.
    return [one for one in own_groups(question) if question.asker.actor in one.members]


def _unread(question: Question, group: q.GroupRow, mark: int, names: Names) -> q.UnreadGroup:
    documents = _after(question, group, mark) if (group.last_position or 0) > mark else []
    present = {member: names[member] for member in group.members if member in names}
    mentions = sum(_mentions(one, question.asker.actor, present) for one in documents)
    return q.UnreadGroup(group=group.id, unread=len(documents), mentions=mentions, last_position=group.last_position)


def _after(question: Question, group: q.GroupRow, mark: int) -> list[dict[str, Any]]:
    query = select(message.c.document).where(
        message.c.chat_group == group.id, message.c.position > mark, message.c.author != question.asker.actor
    )
    latest = question.chat.execute(query.order_by(message.c.position.desc()).limit(MOST_UNREAD)).scalars()
    return [document for one in latest if not (document := json.loads(one))["deleted"]]


def _mentions(document: Mapping[str, Any], actor: str, present: Names) -> bool:
    return actor in document["mentions"] or actor in named(document["text"], present)
