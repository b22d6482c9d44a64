"""The training set of a model at a position: which lessons, in which order, and who wins where they conflict.

Order: by the position at which a lesson first became trainable. Of QAs with equal question keys one trains: the one that
somebody settled on for this training set, else the model's own before a relative's, a nearer relative's before a farther
one's, a text set later before one set earlier. The others are duplicates (equal stripped answer) or conflicts. A line
stands at its winner's place.
"""

import json
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, func, select

from contracts.facts.conversation import Turn
from contracts.queries import Conflict, TrainingLesson
from services.projections.lineage import Contributor, Place, contributors
from services.projections.plan import Plan, lost, moved
from services.projections.rivals import groups_of, settlements_of, still, taken_by
from services.projections.tables import body, erasure, lesson, model, settlement
from services.projections.turned import turned
from services.refusals import Refused

LARGEST_CACHE: Final = 16
LARGEST_PAGE: Final = 850_000
"""Bytes of one page, so that a reply stays below the bus's limit."""
Kept = TypeVar("Kept")


PLACE: Final = (
    model.c.id, model.c.parent, model.c.archived, model.c.descendants, model.c.ancestors, model.c.personal,
    model.c.held_back,
)  # fmt: skip
"""The columns of which a place is made."""


def places_at(connection: Connection, position: int) -> dict[str, Place]:
    """All models as they stood at the position."""
    rows = connection.execute(select(*PLACE).where(_valid(model, position)))
    return {row[0]: place_of(row) for row in rows}


def place_of(row: Sequence[Any]) -> Place:
    """From a row that begins with the columns `PLACE`."""
    id, parent, archived, descendants, ancestors, personal, held_back = row[: len(PLACE)]
    return Place(id, parent, archived, descendants, ancestors, personal, frozenset(json.loads(held_back)))


def document_at(connection: Connection, id: str, position: int) -> dict[str, Any]:
    """A model as it was at the position. Raises `Refused`: `unknown_model`."""
    query = select(model.c.document).where(model.c.id == id, _valid(model, position))
    found = connection.execute(query).scalar()
    if found is None:
        raise _unknown(id, position)
    document: dict[str, Any] = json.loads(found)
    return document


@dataclass(frozen=True, slots=True)
class Moment:
    """Positions with the same moment have the same training sets. `erased`: when words were last erased, for good."""

    changed: int
    erased: int


def moment(connection: Connection, position: int) -> Moment:
    """When anything last changed that training sets are made of, as seen from the position."""

    def latest(column: Any, *before: ColumnElement[bool]) -> Any:
        return select(func.coalesce(func.max(column), 0)).where(*before).scalar_subquery()

    changes = [latest(one.c.valid_from, one.c.valid_from <= position) for one in (lesson, model)]
    changes.append(latest(settlement.c.position, settlement.c.position <= position))
    *changed, erased = connection.execute(select(*changes, latest(erasure.c.position))).one()
    return Moment(max(changed), erased)


def _unknown(id: str, position: int) -> Refused:
    return Refused("unknown_model", f"There was no model {id} at position {position}.", {"model": "unknown"})


class TrainingSets:
    """Plans of training sets, the latest kept in memory: rows valid at a position never change but by erasure."""

    def __init__(self) -> None:
        self._plans: OrderedDict[tuple[str, Moment], Plan] = OrderedDict()
        self._lock = Lock()

    def forget(self) -> None:
        """The read model was built anew."""
        with self._lock:
            self._plans.clear()

    def plan(self, connection: Connection, id: str, position: int) -> Plan:
        """The order of the model's training set at the position."""
        key = (id, moment(connection, position))
        with self._lock:
            if (plan := self._plans.get(key)) is not None:
                self._plans.move_to_end(key)
                return plan
            near = nearest_kept(self._plans, key)
        plan = _moved(connection, near, key, position) or _plan(connection, id, position)
        with self._lock:
            self._plans[key] = plan
            while len(self._plans) > LARGEST_CACHE:
                self._plans.popitem(last=False)
        return plan


def nearest_kept(kept: Mapping[tuple[str, Moment], Kept], key: tuple[str, Moment]) -> tuple[Moment, Kept] | None:
    """What is kept of the same model at the nearest moment, unless words were erased in between."""
    id, now = key
    there = [(at, one) for (of, at), one in kept.items() if of == id and at.erased == now.erased]
    return min(there, key=lambda pair: abs(pair[0].changed - now.changed), default=None)


def _moved(
    connection: Connection, near: tuple[Moment, Plan] | None, key: tuple[str, Moment], position: int
) -> Plan | None:
    """A plan that is near, moved to the moment; None where too much changed."""
    if near is None or near[1].taken != _takes(connection, key[0], position):
        return None
    before, after = near[0].changed, key[1].changed
    changed = turned(connection, before, after)
    return None if changed is None else moved(connection, near[1], key[0], changed, before, after)


def page(
    connection: Connection, plan: Plan, position: int, after: str | None, limit: int
) -> tuple[list[TrainingLesson], str | None]:
    """Lessons beyond `after` (a `next` of before), and the next `after`, None at the end."""
    start = bisect_right(plan.first, int(after)) if after else 0
    wanted = plan.body[start : start + limit]
    found = lessons_of(connection, wanted, position)
    size = 0
    taken: list[TrainingLesson] = []
    for id in wanted:
        size += found[id][1]
        if taken and size > LARGEST_PAGE:
            break
        taken.append(found[id][0])
    end = start + len(taken)
    return taken, str(plan.first[end - 1]) if end < len(plan.body) else None


def lessons_of(connection: Connection, bodies: Sequence[int], position: int) -> dict[int, tuple[TrainingLesson, int]]:
    """Lessons by their texts, each with its size on a page."""
    found: dict[int, tuple[TrainingLesson, int]] = {}
    together = body.join(lesson, and_(lesson.c.id == body.c.lesson, _valid(lesson, position)))
    columns = (body.c.id, body.c.lesson, body.c.kind, lesson.c.model, body.c.document)
    for start in range(0, len(bodies), 500):
        query = select(*columns).select_from(together).where(body.c.id.in_(list(bodies[start : start + 500])))
        for text, id, kind, owner, document in connection.execute(query):
            given = {"id": id, "kind": kind, "model": owner, "position": text}
            found[text] = (_lesson(given, json.loads(document)), len(document.encode()) + 300)
    return found


def conflicts_of(connection: Connection, plan: Plan, id: str, position: int) -> list[Conflict]:
    """Every group of QAs with equal question keys, with its winner."""
    settled = settlements_of(connection, id, position)
    return [
        Conflict(
            question_key=key,
            winner=group[0].id,
            conflicting=[one.id for one in group[1:] if one.answer_key != group[0].answer_key],
            duplicates=[one.id for one in group[1:] if one.answer_key == group[0].answer_key],
            settled=key in settled and still(settled[key], group),
        )
        for key, group in plan.groups.items()
    ]


def _takes(connection: Connection, id: str, position: int) -> tuple[Contributor, ...]:
    places = places_at(connection, position)
    if id not in places:
        raise _unknown(id, position)
    return tuple(contributors(places, id))


def _plan(connection: Connection, id: str, position: int) -> Plan:
    taken = _takes(connection, id, position)
    groups = groups_of(connection, id, taken, position)
    losers = {one.body for group in groups.values() for one in group[1:]}
    condition = taken_by(taken, position)
    first, bodies = array("q"), array("q")
    query = select(lesson.c.first_position, lesson.c.body).where(condition, lesson.c.erased.is_(False))
    rows = connection.execution_options(stream_results=True).execute(query.order_by(lesson.c.first_position))
    for place, text in rows:
        if text not in losers:
            first.append(place)
            bodies.append(text)
    erased = connection.execute(select(func.count()).where(condition, lesson.c.erased.is_(True))).scalar_one()
    return Plan(taken, first, bodies, groups, *lost(groups.values()), erased)


def _valid(table: Any, position: int) -> ColumnElement[bool]:
    return and_(table.c.valid_from <= position, table.c.valid_to > position)


def _lesson(owner: dict[str, Any], text: dict[str, Any]) -> TrainingLesson:
    if owner["kind"] == "qa":
        return TrainingLesson.model_construct(**owner, question=text["question"], answer=text["answer"])
    turns = [Turn.model_validate(turn) for turn in text["messages"]]
    return TrainingLesson(**owner | text | {"messages": turns})
