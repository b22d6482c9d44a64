"""QAs of one training set with equal question keys: which of them trains, and what somebody settled."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from services.projections.lineage import Contributor
from services.projections.tables import HELD_BACK, SHARED, lesson, settlement

_PART: Final = 500


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
    place: int
    answer_key: str
    rank: tuple[bool, int, int, str]


def rank(qa: str, text: int, distance: int, chosen: str | None) -> tuple[bool, int, int, str]:
    """The least one wins. `distance`: of its model; `chosen`: the QA that somebody settled on."""
    # A text's id is the position at which it was set, so the later one wins by the greater id.
    return qa != chosen, distance, -text, qa


def losing_texts(
    connection: Connection, id: str, taken: Sequence[Contributor], position: int, keys: Collection[str] | None = None
) -> set[int]:
    """The texts that another one keeps out of the model's training set: of duplicates, and of conflicts' losers.

    `keys`: only those that have one of these question keys.
    """
    groups = groups_of(connection, id, taken, position, keys)
    return {one.body for group in groups.values() for one in group[1:]}


def groups_of(
    connection: Connection, id: str, taken: Sequence[Contributor], position: int, only: Collection[str] | None = None
) -> dict[str, list[Rival]]:
    """QAs of one key where there are several, the winner first."""
    settled = settlements_of(connection, id, position)
    distance = {one.model: one.distance for one in taken}
    found: dict[str, list[Rival]] = defaultdict(list)
    keys = _several(connection, taken, position) if only is None else only
    for key, qa, owner, text, place, answer in asked(connection, taken, position, keys):
        chosen = settled[key].winner if key in settled else None
        found[key].append(Rival(qa, text, place, answer, rank(qa, text, distance[owner], chosen)))
    groups = ((key, group) for key, group in sorted(found.items()) if len(group) > 1)
    return {key: sorted(group, key=lambda one: one.rank) for key, group in groups}


class Asked(NamedTuple):
    """A QA of a training set, found by its question."""

    question_key: str
    id: str
    model: str
    body: int
    place: int
    answer_key: str


def asked(
    connection: Connection, taken: Sequence[Contributor], position: int, keys: Collection[str]
) -> Iterator[Asked]:
    """The QAs of a training set that have one of these question keys."""
    takes, wanted = {one.model: one for one in taken}, sorted(keys)
    columns = (
        lesson.c.question_key,
        lesson.c.id,
        lesson.c.model,
        lesson.c.body,
        lesson.c.first_position,
        lesson.c.answer_key,
    )
    trains = (lesson.c.kind == "qa", lesson.c.trains.is_(True), lesson.c.erased.is_(False), _valid(lesson, position))
    for start in range(0, len(wanted), _PART):
        # Naming the models would tempt SQLite to read all that they have; few lessons have one question.
        mine = lesson.c.question_key.in_(wanted[start : start + _PART])
        query = select(*columns, lesson.c.held_back, lesson.c.section_key).where(mine, *trains)
        for *row, held_back, section_key in connection.execute(query):
            one = Asked(*row)
            if one.model in takes and takes[one.model].takes_in("qa", held_back, section_key):
                yield one


def _several(connection: Connection, taken: Sequence[Contributor], position: int) -> list[str]:
    condition = and_(taken_by(taken, position), lesson.c.kind == "qa", lesson.c.erased.is_(False))
    query = select(lesson.c.question_key).where(condition).group_by(lesson.c.question_key)
    return list(connection.execute(query.having(func.count() > 1)).scalars())


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
