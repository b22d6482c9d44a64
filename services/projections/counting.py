"""Counts of lessons for every model at once: own, inherited, waiting, validation."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from contracts.queries import LessonCounts
from services.projections.lineage import Contributor, Place, contributors
from services.projections.tables import CEASED, FOREVER, lesson


def counts(
    connection: Connection, places: Mapping[str, Place], active: Mapping[str, int | None], position: int
) -> dict[str, LessonCounts]:
    """Per model. `active`: the pinned position of each model's active version, None without one."""
    training = _training(connection, position)
    validation = _validation(connection, position)
    taken = {id: contributors(places, id) for id in places}
    changes = _Changes(connection, [at for at in active.values() if at is not None], position)
    found: dict[str, LessonCounts] = {}
    for id, relatives in taken.items():
        own = sum(training[id].values())
        inherited = sum(_taken(training, one) for one in relatives if one.model != id)
        since = active.get(id)
        waiting = own + inherited if since is None else changes.since(since, relatives)
        found[id] = LessonCounts(own=own, inherited=inherited, waiting=waiting, validation=validation[id])
    return found


def _training(connection: Connection, position: int) -> dict[str, Counter[str]]:
    query = (
        select(lesson.c.model, lesson.c.kind, func.count())
        .where(lesson.c.trains.is_(True), lesson.c.erased.is_(False), _valid(position))
        .group_by(lesson.c.model, lesson.c.kind)
    )
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for model, kind, number in connection.execute(query):
        found[model][kind] = number
    return found


def _taken(training: Mapping[str, Counter[str]], one: Contributor) -> int:
    kinds = training.get(one.model, Counter())
    return kinds["qa"] if one.takes == "qas" else sum(kinds.values())


def _validation(connection: Connection, position: int) -> Counter[str]:
    columns = (lesson.c.model, lesson.c.attributes)
    query = select(*columns).where(lesson.c.trains.is_(False), lesson.c.kind == "qa", _valid(position))
    wanted = (model for model, attributes in connection.execute(query) if _validates(attributes))
    return Counter(wanted)


def _validates(attributes: str) -> bool:
    found: dict[str, Any] = json.loads(attributes)
    return found["purpose"] == "validation" and bool(found["active"])


class _Changes:
    """The lessons that began, changed or ceased to train since the oldest active version: few, so counted in memory."""

    def __init__(self, connection: Connection, since: list[int], position: int) -> None:
        self._rows: list[tuple[str, str, str, int, int]] = []
        if not since:
            return
        oldest = min(since)
        began = and_(lesson.c.valid_from > oldest, lesson.c.valid_from <= position)
        ceased = and_(lesson.c.valid_to > oldest, lesson.c.valid_to <= position, CEASED)
        columns = (lesson.c.id, lesson.c.model, lesson.c.kind, lesson.c.valid_from, lesson.c.valid_to)
        query = select(*columns).where(lesson.c.trains.is_(True), or_(began, ceased))
        self._rows = [(row[0], row[1], row[2], row[3], row[4]) for row in connection.execute(query)]

    def since(self, position: int, relatives: list[Contributor]) -> int:
        takes = {one.model: one.takes for one in relatives}
        changed = {
            id
            for id, model, kind, begin, end in self._rows
            if model in takes
            and (kind == "qa" or takes[model] == "all")
            and (begin > position) != (begin <= position < end < FOREVER)
        }
        return len(changed)


def _valid(position: int) -> Any:
    return and_(lesson.c.valid_from <= position, lesson.c.valid_to > position)
