"""Answers about people and groups."""

import json
from typing import Any

from sqlalchemy import select

from contracts import queries as q
from services.projections.answering import Question
from services.projections.tables import group, person
from services.refusals import Refused

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
    return visible_group(question, wanted.group)


def visible_group(question: Question, id: str) -> q.GroupRow:
    """A group that the asker is in. Raises `Refused`: `unknown_group`."""
    found = question.chat.execute(select(group.c.document).where(group.c.id == id)).scalar()
    row = _group(id, json.loads(found)) if found else None
    if row is None or not question.asker.among(row.members):
        # The same sentence for both: whether a private group exists is nobody else's business.
        raise Refused("unknown_group", f"There is no group {id} that you are in.", {"group": "unknown"})
    return row


def _person(id: str, document: Document) -> q.PersonRow:
    name = document["name"] if isinstance(document["name"], str) else ""
    return q.PersonRow.model_validate(document | {"id": id, "name": name})


def _group(id: str, document: Document) -> q.GroupRow:
    return q.GroupRow.model_validate(document | {"id": id})
