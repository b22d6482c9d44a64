"""Whom it touches when a model goes out of use."""

import json
from typing import Any

from sqlalchemy import select

from contracts import queries as q
from services.projections.answer_training import find_model, model_names
from services.projections.answering import Question
from services.projections.lineage import contributors
from services.projections.tables import group, person
from services.projections.training_set import document_at, places_at

Document = dict[str, Any]


def affected(question: Question, wanted: q.AffectedWanted) -> q.Affected:
    """Children, takers of its lessons, groups and people of a model."""
    id = find_model(question, wanted.model)
    places = places_at(question.training, question.position)
    names = model_names(question)
    in_use = [one for one in places.values() if not one.archived and one.id != id]
    children = [one.id for one in in_use if one.parent == id]
    takers = [one.id for one in in_use if any(each.model == id for each in contributors(places, one.id))]
    document = document_at(question.training, id, question.position)
    seen, others = _groups(question, document["virtual_user"])
    return q.Affected(
        model=id,
        name=names[id],
        children=_named(children, names),
        takers=_named(takers, names),
        groups=seen,
        other_groups=others,
        people=_people(question, id),
    )


def _named(ids: list[str], names: dict[str, str]) -> list[q.ModelWord]:
    return sorted((q.ModelWord(model=id, name=names[id]) for id in ids), key=lambda one: one.name.casefold())


def _groups(question: Question, virtual_user: str | None) -> tuple[list[q.GroupWord], int]:
    """Those that the asker is in by name, the others by their number: what they are called is nobody else's business."""
    rows = [(id, json.loads(one)) for id, one in question.chat.execute(select(group.c.id, group.c.document))]
    member = f"virtual_user:{virtual_user}"
    found = [(id, one) for id, one in rows if virtual_user and not one["archived"] and member in one["members"]]
    seen = [q.GroupWord(group=id, name=one["name"]) for id, one in found if question.asker.among(one["members"])]
    return sorted(seen, key=lambda one: one.name.casefold()), len(found) - len(seen)


def _people(question: Question, model: str) -> list[q.PersonWord]:
    rows = [(id, json.loads(one)) for id, one in question.chat.execute(select(person.c.id, person.c.document))]
    found = [
        q.PersonWord(person=id, name=one["name"] if isinstance(one["name"], str) else "")
        for id, one in rows
        if one["assistant"] == model and not one["erased"]
    ]
    return sorted(found, key=lambda one: one.name.casefold())
