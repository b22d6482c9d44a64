"""Answers about people and groups."""

import json
from typing import Any

from sqlalchemy import func, select

from contracts import queries as q
from services.folding import fold
from services.projections.answering import Question
from services.projections.tables import group, message, person
from services.refusals import Refused

Document = dict[str, Any]


def people(question: Question, _: q.Nothing) -> q.People:
    """Everybody, by name."""
    rows = question.chat.execute(select(person.c.id, person.c.document))
    return q.People(
        people=sorted((_person(question, id, json.loads(one)) for id, one in rows), key=lambda row: row.name.casefold())
    )


def one_person(question: Question, wanted: q.PersonWanted) -> q.PersonRow:
    """One person by id."""
    found = question.chat.execute(select(person.c.document).where(person.c.id == wanted.person)).scalar()
    if found is None:
        raise Refused("unknown_person", f"There is no person {wanted.person}.", {"person": "unknown"})
    return _person(question, wanted.person, json.loads(found))


def sign_in(question: Question, wanted: q.SignInWanted) -> q.SignIn:
    """Whose login, e-mail or id this is."""
    key = fold(wanted.login)
    rows = [(id, json.loads(one)) for id, one in question.chat.execute(select(person.c.id, person.c.document))]
    for name in ("login", "email"):
        found = [id for id, one in rows if not one["erased"] and isinstance(one[name], str) and fold(one[name]) == key]
        if found:
            return q.SignIn(person=found[0] if len(found) == 1 else None)
    return q.SignIn(person=next((id for id, one in rows if id == wanted.login and not one["erased"]), None))


def groups(question: Question, _: q.Nothing) -> q.Groups:
    """The groups that the asker is in; services see all."""
    return q.Groups(groups=sorted(own_groups(question), key=lambda row: row.name.casefold()))


def one_group(question: Question, wanted: q.GroupWanted) -> q.GroupRow:
    """One group, for those who are in it."""
    return visible_group(question, wanted.group)


def own_groups(question: Question) -> list[q.GroupRow]:
    """The groups that the asker is in."""
    rows = question.chat.execute(select(group.c.id, group.c.document, _last(group.c.id)))
    seen = [_group(id, json.loads(one), last) for id, one, last in rows]
    return [one for one in seen if question.asker.among(one.members)]


def visible_group(question: Question, id: str) -> q.GroupRow:
    """A group that the asker is in. Raises `Refused`: `unknown_group`."""
    found = question.chat.execute(select(group.c.document, _last(group.c.id)).where(group.c.id == id)).first()
    row = _group(id, json.loads(found[0]), found[1]) if found else None
    if row is None or not question.asker.among(row.members):
        # The same sentence for both: whether a private group exists is nobody else's business.
        raise Refused("unknown_group", f"There is no group {id} that you are in.", {"group": "unknown"})
    return row


def _person(question: Question, id: str, document: Document) -> q.PersonRow:
    plain = {name: one if isinstance(one := document[name], str) else None for name in ("login", "email")}
    asker = question.asker
    shown = plain if "administrator" in asker.roles or asker.actor == f"person:{id}" else dict.fromkeys(plain)
    name = document["name"] if isinstance(document["name"], str) else ""
    return q.PersonRow.model_validate(document | shown | {"id": id, "name": name})


def _group(id: str, document: Document, last_position: int | None) -> q.GroupRow:
    name = document.get("title") or document["name"]
    return q.GroupRow.model_validate(document | {"id": id, "name": name, "last_position": last_position})


def _last(id: Any) -> Any:
    return select(func.max(message.c.position)).where(message.c.chat_group == id).scalar_subquery()
