"""Answers about people, groups, messages and open questions."""

import json
from typing import Any

from sqlalchemy import select

from contracts import queries as q
from services.projections.answering import Question
from services.projections.tables import assistant, group, message, person
from services.refusals import Refused

CONTEXT = 40
Document = dict[str, Any]


def people(question: Question, _: q.Nothing) -> q.People:
    """Everybody, by name."""
    rows = question.chat.execute(select(person.c.id, person.c.document))
    return q.People(
        people=sorted((_person(id, json.loads(one)) for id, one in rows), key=lambda row: row.name.casefold())
    )


def one_person(question: Question, wanted: q.PersonWanted) -> q.PersonRow:
    """One person by id."""
    found = question.chat.execute(select(person.c.document).where(person.c.id == wanted.person)).scalar()
    if found is None:
        raise Refused("unknown_person", f"There is no person {wanted.person}.", {"person": "unknown"})
    return _person(wanted.person, json.loads(found))


def groups(question: Question, _: q.Nothing) -> q.Groups:
    """The groups that the asker is in; services see all."""
    rows = question.chat.execute(select(group.c.id, group.c.document))
    seen = [_group(id, json.loads(one)) for id, one in rows]
    return q.Groups(
        groups=sorted((one for one in seen if question.asker.among(one.members)), key=lambda row: row.name.casefold())
    )


def one_group(question: Question, wanted: q.GroupWanted) -> q.GroupRow:
    """One group, for those who are in it."""
    return _visible_group(question, wanted.group)


def messages(question: Question, wanted: q.MessagesWanted) -> q.Messages:
    """A page of a group's messages, oldest first."""
    _visible_group(question, wanted.group)
    query = select(message.c.document).where(message.c.chat_group == wanted.group)
    if wanted.after is not None:
        rows = query.where(message.c.position > wanted.after).order_by(message.c.position).limit(wanted.limit)
        found = list(question.chat.execute(rows).scalars())
    else:
        before = query if wanted.before is None else query.where(message.c.position < wanted.before)
        rows = before.order_by(message.c.position.desc()).limit(wanted.limit)
        found = list(reversed(list(question.chat.execute(rows).scalars())))
    return q.Messages(messages=[_message(json.loads(one)) for one in found])


def one_question(question: Question, wanted: q.QuestionWanted) -> q.QuestionRow:
    """A message with who should answer it, and what was said before."""
    found = question.chat.execute(select(message.c.document).where(message.c.id == wanted.message)).scalar()
    if found is None:
        raise Refused("unknown_message", f"There is no message {wanted.message}.", {"message": "unknown"})
    document = json.loads(found)
    _visible_group(question, document["group"])
    return q.QuestionRow(
        message=_message(document), answerers=_answerers(question, document), context=_context(question, document)
    )


def open_questions(question: Question, wanted: q.OpenQuestionsWanted) -> q.OpenQuestions:
    """Questions without answer or failure; for services only."""
    if not question.asker.service:
        raise Refused("role_needed", "Only services ask for open questions.")
    query = select(message.c.id).where(message.c.open.is_(True)).order_by(message.c.position).limit(wanted.limit)
    return q.OpenQuestions(messages=list(question.chat.execute(query).scalars()))


def _visible_group(question: Question, id: str) -> q.GroupRow:
    found = question.chat.execute(select(group.c.document).where(group.c.id == id)).scalar()
    row = _group(id, json.loads(found)) if found else None
    if row is None or not question.asker.among(row.members):
        # The same sentence for both: whether a private group exists is nobody else's business.
        raise Refused("unknown_group", f"There is no group {id} that you are in.", {"group": "unknown"})
    return row


def _answerers(question: Question, document: Document) -> list[q.AnswererRow]:
    found = []
    for virtual_user, state in sorted(document["waiting"].items()):
        query = select(assistant.c.model).where(assistant.c.virtual_user == virtual_user)
        model = question.chat.execute(query).scalar()
        if model is not None:
            found.append(
                q.AnswererRow(
                    virtual_user=virtual_user,
                    model=model,
                    answered=state == "answered",
                    failed=state == "failed",
                    retry=state == "retry",
                )
            )
    return found


def _context(question: Question, document: Document) -> list[q.MessageRow]:
    query = select(message.c.document).where(
        message.c.chat_group == document["group"], message.c.position < document["position"]
    )
    rows = question.chat.execute(query.order_by(message.c.position.desc()).limit(CONTEXT)).scalars()
    found = [_message(json.loads(one)) for one in rows]
    return [one for one in reversed(found) if not one.deleted]


def _person(id: str, document: Document) -> q.PersonRow:
    name = document["name"] if isinstance(document["name"], str) else ""
    return q.PersonRow.model_validate(document | {"id": id, "name": name})


def _group(id: str, document: Document) -> q.GroupRow:
    return q.GroupRow.model_validate(document | {"id": id})


def _message(document: Document) -> q.MessageRow:
    return q.MessageRow.model_validate(document)
