"""Counts of lessons for every model at once: own, inherited, waiting, validation."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, and_, func, or_, select

from contracts.queries import LessonCounts
from services.projections.lineage import Contributor, Place, contributors
from services.projections.tables import CEASED, lesson
from services.projections.training_set import Moment, moment

LARGEST_CACHE: Final = 8
Pinned = frozenset[tuple[str, int | None]]
Group = tuple[str, int, str]
"""Kind, `held_back`, and the section's key where a model holds that section back."""


class Counted:
    """The latest counts, kept in memory until something is taught or compiled: at 100,000 lessons one takes up to 0.8 s."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Moment, Pinned, Pinned], dict[str, LessonCounts]] = OrderedDict()
        self._lock = Lock()

    def forget(self) -> None:
        """The read model was built anew."""
        with self._lock:
            self._kept.clear()

    def counts(
        self,
        connection: Connection,
        places: Mapping[str, Place],
        active: Mapping[str, int | None],
        tried: Mapping[str, int],
        position: int,
    ) -> dict[str, LessonCounts]:
        """As `counts`. Who asks while another counts waits for the same."""
        key = (moment(connection, position), frozenset(active.items()), frozenset(tried.items()))
        with self._lock:
            if key not in self._kept:
                self._kept[key] = counts(connection, places, active, tried, position)
                while len(self._kept) > LARGEST_CACHE:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def counts(
    connection: Connection,
    places: Mapping[str, Place],
    active: Mapping[str, int | None],
    tried: Mapping[str, int],
    position: int,
) -> dict[str, LessonCounts]:
    """Per model. `active`: the pinned position of each model's active version, None without one; `tried`: the position
    of each model's latest compilation, whatever became of it."""
    training = _training(connection, places, position)
    validation = _validation(connection, places, position)
    since = [at for at in (*active.values(), *tried.values()) if at is not None]
    changes = _Changes(connection, since, position)
    found: dict[str, LessonCounts] = {}
    for id in places:
        relatives = contributors(places, id)
        own = sum(training[id].values())
        inherited = sum(_taken(training, one) for one in relatives if one.model != id)
        pinned, last = active.get(id), tried.get(id)
        found[id] = LessonCounts(
            own=own,
            inherited=inherited,
            waiting=own + inherited if pinned is None else changes.since(pinned, relatives),
            untried=own + inherited if last is None else changes.since(last, relatives),
            validation=validation[id],
        )
    return found


def _training(connection: Connection, places: Mapping[str, Place], position: int) -> defaultdict[str, Counter[Group]]:
    trains = and_(lesson.c.trains.is_(True), lesson.c.erased.is_(False), _valid(position))
    columns = (lesson.c.model, lesson.c.kind, lesson.c.held_back)
    found: defaultdict[str, Counter[Group]] = defaultdict(Counter)
    query = select(*columns, func.count()).where(trains).group_by(*columns)
    for model, kind, held_back, number in connection.execute(query):
        found[model][kind, held_back, ""] = number
    holding = {id: place.held_back for id, place in places.items() if place.held_back}
    if holding:
        sections = (*columns, lesson.c.section_key)
        query = select(*sections, func.count()).where(trains, lesson.c.model.in_(holding)).group_by(*sections)
        for model, kind, held_back, section, number in connection.execute(query):
            if section in holding[model]:
                found[model][kind, held_back, ""] -= number
                found[model][kind, held_back, section] = number
    return found


def _taken(training: Mapping[str, Counter[Group]], one: Contributor) -> int:
    groups = training.get(one.model, Counter())
    return sum(number for group, number in groups.items() if one.takes_in(*group))


def _validation(connection: Connection, places: Mapping[str, Place], position: int) -> Counter[str]:
    validates = and_(lesson.c.purpose == "validation", lesson.c.active.is_(True), lesson.c.kind == "qa")
    # Naming the models lets the index serve, which begins with them.
    mine = and_(lesson.c.model.in_(places), lesson.c.trains.is_(False), validates, _valid(position))
    query = select(lesson.c.model, func.count()).where(mine).group_by(lesson.c.model)
    found: Counter[str] = Counter()
    for model, number in connection.execute(query):
        found[model] = number
    return found


class _Changes:
    """The lessons that began, changed or ceased to train since the oldest version: few, so counted in memory."""

    def __init__(self, connection: Connection, since: list[int], position: int) -> None:
        self._rows: list[Any] = []
        self._now = position
        if not since:
            return
        oldest = min(since)
        began = and_(lesson.c.valid_from > oldest, lesson.c.valid_from <= position)
        ceased = and_(lesson.c.valid_to > oldest, lesson.c.valid_to <= position, CEASED)
        columns = (lesson.c.id, lesson.c.model, lesson.c.body, lesson.c.valid_from, lesson.c.valid_to)
        held = (lesson.c.kind, lesson.c.held_back, lesson.c.section_key)
        query = select(*columns, *held).where(lesson.c.trains.is_(True), or_(began, ceased))
        self._rows = list(connection.execute(query))

    def since(self, position: int, relatives: list[Contributor]) -> int:
        """How many lessons of the training set have another text than at the position, are new, or are gone."""
        taken = {one.model: one for one in relatives}
        then: dict[str, int] = {}
        now: dict[str, int] = {}
        for id, model, body, begin, end, *held in self._rows:
            if model not in taken or not taken[model].takes_in(*held):
                continue
            if begin <= position < end:
                then[id] = body
            if begin <= self._now < end:
                now[id] = body
        return sum(then.get(id) != now.get(id) for id in then.keys() | now.keys())


def _valid(position: int) -> Any:
    return and_(lesson.c.valid_from <= position, lesson.c.valid_to > position)
