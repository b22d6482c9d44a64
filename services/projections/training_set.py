"""The training set of a model at a position: which lessons, in which order, and who wins where they conflict.

Order: by the position at which a lesson first became trainable. Of QAs with equal question keys one trains: the one that
somebody settled on for this training set, else the model's own before a relative's, a nearer relative's before a farther
one's, a text set later before one set earlier. The others are duplicates (equal stripped answer) or conflicts. A line
stands at its winner's place.
"""

import hashlib
import json
from array import array
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from contracts.facts.conversation import Turn
from contracts.queries import Conflict, TrainingLesson
from services.projections.lineage import Contributor, Place, contributors
from services.projections.tables import HELD_BACK, SHARED, body, erasure, lesson, model, settlement
from services.refusals import Refused

LARGEST_CACHE: Final = 16
LARGEST_PAGE: Final = 850_000
"""Bytes of one page, so that a reply stays below the bus's limit."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A training set's order: `first[i]` is the place of the lesson whose text is `body[i]`.

    `groups`: its QAs of one question key where there are several, the winner first.
    """

    first: "array[int]"
    body: "array[int]"
    groups: Mapping[str, Sequence["Rival"]]
    conflicts: int
    duplicates: int
    erased: int

    @property
    def identity(self) -> str:
        """Equal for equal training sets of one log."""
        return hashlib.sha256(self.body.tobytes()).hexdigest()

    def lines(self) -> dict[int, int]:
        """The text at each place."""
        return dict(zip(self.first, self.body, strict=True))


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
        plan = _plan(connection, id, position)
        with self._lock:
            self._plans[key] = plan
            while len(self._plans) > LARGEST_CACHE:
                self._plans.popitem(last=False)
        return plan


def page(
    connection: Connection, plan: Plan, position: int, after: str | None, limit: int
) -> tuple[list[TrainingLesson], str | None]:
    """Lessons beyond `after` (a `next` of before), and the next `after`, None at the end."""
    start = bisect_right(plan.first, int(after)) if after else 0
    wanted = plan.body[start : start + limit]
    found = _lessons(connection, wanted, position)
    size = 0
    taken: list[TrainingLesson] = []
    for id in wanted:
        size += found[id][1]
        if taken and size > LARGEST_PAGE:
            break
        taken.append(found[id][0])
    end = start + len(taken)
    return taken, str(plan.first[end - 1]) if end < len(plan.body) else None


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


@dataclass(frozen=True, slots=True)
class Settlement:
    """Which QA somebody let win, and when."""

    winner: str
    position: int


def settlements_of(connection: Connection, id: str, position: int) -> dict[str, Settlement]:
    """A training set's settlements by question key, the latest of each."""
    query = select(settlement.c.question_key, settlement.c.winner, settlement.c.position).where(
        settlement.c.training_set == id, settlement.c.position <= position
    )
    rows = connection.execute(query.order_by(settlement.c.position))
    return {key: Settlement(winner, at) for key, winner, at in rows}


def still(settled: Settlement, group: Sequence["Rival"]) -> bool:
    """Whether nothing new has come up since somebody settled it."""
    # The winner stays; but a text that was set after the settlement is news, which somebody should look at.
    return settled.winner == group[0].id and all(one.body < settled.position for one in group)


@dataclass(frozen=True, slots=True)
class Rival:
    """A QA that shares its question with others of the training set."""

    id: str
    body: int
    answer_key: str
    rank: tuple[bool, int, int, str]


def losing_texts(
    connection: Connection, id: str, taken: Sequence[Contributor], position: int, keys: Collection[str] | None = None
) -> set[int]:
    """The texts that another one keeps out of the model's training set: of duplicates, and of conflicts' losers.

    `keys`: only those that have one of these question keys.
    """
    groups = _groups(connection, id, taken, position, keys)
    return {one.body for group in groups.values() for one in group[1:]}


def _plan(connection: Connection, id: str, position: int) -> Plan:
    places = places_at(connection, position)
    if id not in places:
        raise _unknown(id, position)
    taken = contributors(places, id)
    groups = _groups(connection, id, taken, position)
    losers = {one.body for group in groups.values() for one in group[1:]}
    same = sum(one.answer_key == group[0].answer_key for group in groups.values() for one in group[1:])
    condition = taken_by(taken, position)
    first, bodies = array("q"), array("q")
    query = select(lesson.c.first_position, lesson.c.body).where(condition, lesson.c.erased.is_(False))
    rows = connection.execution_options(stream_results=True).execute(query.order_by(lesson.c.first_position))
    for place, text in rows:
        if text not in losers:
            first.append(place)
            bodies.append(text)
    erased = connection.execute(select(func.count()).where(condition, lesson.c.erased.is_(True))).scalar_one()
    return Plan(first, bodies, groups, len(losers) - same, same, erased)


def _groups(
    connection: Connection, id: str, taken: Sequence[Contributor], position: int, only: Collection[str] | None = None
) -> dict[str, list[Rival]]:
    """QAs of one key where there are several, the winner first."""
    settled = settlements_of(connection, id, position)
    condition = and_(taken_by(taken, position), lesson.c.kind == "qa", lesson.c.erased.is_(False))
    asked = () if only is None else (lesson.c.question_key.in_(list(only)),)
    several = (
        select(lesson.c.question_key).where(condition, *asked).group_by(lesson.c.question_key).having(func.count() > 1)
    )
    keys = list(connection.execute(several).scalars())
    distance = {one.model: one.distance for one in taken}
    found: dict[str, list[Rival]] = defaultdict(list)
    columns = (lesson.c.question_key, lesson.c.id, lesson.c.model, lesson.c.body, lesson.c.answer_key)
    for start in range(0, len(keys), 500):
        query = select(*columns).where(condition, lesson.c.question_key.in_(keys[start : start + 500]))
        for key, qa, owner, text, answer in connection.execute(query):
            # A text's id is the position at which it was set, so the later one wins by the greater id.
            loses = key not in settled or settled[key].winner != qa
            found[key].append(Rival(qa, text, answer, (loses, distance[owner], -text, qa)))
    return {key: sorted(group, key=lambda one: one.rank) for key, group in sorted(found.items())}


def taken_by(taken: Sequence[Contributor], position: int) -> ColumnElement[bool]:
    """The SQL of `Contributor.takes_in`, relatives that are alike in one condition."""
    alike: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for one in taken:
        alike[one.distance == 0, one.takes, one.shared_only, one.without].append(one.model)
    several = [_of_models(ids, *how) for how, ids in alike.items()]
    # The plain list of models is what the index is read by; the rest is looked up in it.
    models = lesson.c.model.in_([one.model for one in taken])
    return and_(models, or_(*several), lesson.c.trains.is_(True), _valid(lesson, position))


def _of_models(
    ids: list[str], own: bool, takes: str, shared_only: bool, without: frozenset[str]
) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [lesson.c.model.in_(ids)]
    if takes == "qas":
        conditions.append(lesson.c.kind == "qa")
    if shared_only:
        conditions.append(lesson.c.held_back == SHARED)
    elif not own:
        conditions.append(lesson.c.held_back != HELD_BACK)
    if without:
        conditions.append(or_(lesson.c.held_back == SHARED, lesson.c.section_key.not_in(sorted(without))))
    return and_(*conditions)


def _valid(table: Any, position: int) -> ColumnElement[bool]:
    return and_(table.c.valid_from <= position, table.c.valid_to > position)


def _lessons(connection: Connection, bodies: Sequence[int], position: int) -> dict[int, tuple[TrainingLesson, int]]:
    found: dict[int, tuple[TrainingLesson, int]] = {}
    together = body.join(lesson, and_(lesson.c.id == body.c.lesson, _valid(lesson, position)))
    columns = (body.c.id, body.c.lesson, body.c.kind, lesson.c.model, body.c.document)
    for start in range(0, len(bodies), 500):
        query = select(*columns).select_from(together).where(body.c.id.in_(list(bodies[start : start + 500])))
        for text, id, kind, owner, document in connection.execute(query):
            given = {"id": id, "kind": kind, "model": owner, "position": text}
            found[text] = (_lesson(given, json.loads(document)), len(document.encode()) + 300)
    return found


def _lesson(owner: dict[str, Any], text: dict[str, Any]) -> TrainingLesson:
    if owner["kind"] == "qa":
        return TrainingLesson.model_construct(**owner, question=text["question"], answer=text["answer"])
    turns = [Turn.model_validate(turn) for turn in text["messages"]]
    return TrainingLesson(**owner | text | {"messages": turns})
