"""Counts of lessons for every model at once: own, inherited, waiting, validation."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select

from contracts.queries import LessonCounts
from services.projections.differing import Group, Key, Since, counted, grouped
from services.projections.lineage import Contributor, Place, contributors
from services.projections.losing import Contested, Losing
from services.projections.tables import lesson
from services.projections.training_set import Moment, moment
from services.projections.turned import Form, Forms, at, turned

LARGEST_CACHE: Final = 8
Pinned = frozenset[tuple[str, int | None]]


class Counted:
    """The latest counts, kept in memory: counting 100,000 lessons takes up to 2 s, following a new one a millisecond."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Moment, Pinned, Pinned], dict[str, LessonCounts]] = OrderedDict()
        self._tally: _Tally | None = None
        self._lock = Lock()

    def forget(self) -> None:
        """The read model was built anew."""
        with self._lock:
            self._kept.clear()
            self._tally = None

    def counts(
        self,
        connection: Connection,
        places: Mapping[str, Place],
        active: Mapping[str, int | None],
        tried: Mapping[str, int],
        position: int,
    ) -> dict[str, LessonCounts]:
        """Per model. `active`: the pinned position of each model's active version, None without one; `tried`: the
        position of each model's latest compilation, whatever became of it. Who asks while another counts waits."""
        now = moment(connection, position)
        key = (now, frozenset(active.items()), frozenset(tried.items()))
        with self._lock:
            if key not in self._kept:
                tally = self._tallied(connection, places, position, now.erased)
                self._kept[key] = tally.counts(connection, places, active, tried)
                while len(self._kept) > LARGEST_CACHE:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def _tallied(self, connection: Connection, places: Mapping[str, Place], position: int, erased: int) -> "_Tally":
        last = self._tally if self._tally is not None and self._tally.erased == erased else None
        if last is not None and (changed := turned(connection, last.position, position)) is not None:
            last.move(connection, changed, position)
            return last
        found = _Tally(connection, places, position, erased)
        if last is None or last.position < position:
            self._tally = found
        return found


class _Tally:
    """What is counted at a position, and can be moved to another one. `erased`: as in `Moment`."""

    def __init__(self, connection: Connection, places: Mapping[str, Place], position: int, erased: int) -> None:
        self.position, self.erased = position, erased
        self._training = _training(connection, position)
        self._validation = _validation(connection, places, position)
        self._contested = Contested(connection)
        self._losing: dict[str, Losing] = {}
        self._since: dict[Key, Since] = {}
        self._taking: dict[str, list[Since]] = {}

    def move(self, connection: Connection, changed: Forms, position: int) -> None:
        """To another position; `changed` are the lessons that `turned` in between."""
        for forms in changed.values():
            self._count(at(forms, self.position), -1)
            self._count(at(forms, position), 1)
        keys = self._contested.follow(connection, changed, self.position, position)
        # A lesson that didn't change comes or goes, too, where it wins now or loses.
        stirred = self._contested.lessons(connection, keys) | changed
        self._differ(stirred, self.position, -1)
        if keys:
            for one in self._losing.values():
                one.move(keys, position)
        self._differ(stirred, position, 1)
        self.position = position

    def _differ(self, stirred: Forms, position: int, by: int) -> None:
        for forms in stirred.values():
            for one in {one for form in forms for one in self._taking.get(form.model, ())}:
                one.number += by * one.differs(forms, position)

    def counts(
        self,
        connection: Connection,
        places: Mapping[str, Place],
        active: Mapping[str, int | None],
        tried: Mapping[str, int],
    ) -> dict[str, LessonCounts]:
        """Per model, as the lineage is now."""
        relatives = {id: contributors(places, id) for id in places}
        self._keep(connection, relatives, [active, tried])
        return {id: self._of(id, relatives[id], active.get(id), tried.get(id)) for id in places}

    def _of(self, id: str, relatives: list[Contributor], pinned: int | None, last: int | None) -> LessonCounts:
        own = self._training[id].total()
        inherited = sum(_taken(self._training[one.model], one) for one in relatives if one.model != id)
        whole = own + inherited - len(self._losing[id].texts)
        return LessonCounts(
            own=own,
            inherited=inherited,
            waiting=whole if pinned is None else self._since[id, pinned].number,
            untried=whole if last is None else self._since[id, last].number,
            validation=self._validation[id],
        )

    def _count(self, form: Form | None, by: int) -> None:
        if form is None:
            return
        if form.trains and not form.erased:
            self._training[form.model][form.kind, form.held_back, form.section_key] += by
        if form.kind == "qa" and form.purpose == "validation" and form.active:
            self._validation[form.model] += by

    def _keep(
        self,
        connection: Connection,
        relatives: Mapping[str, list[Contributor]],
        pinned: Iterable[Mapping[str, int | None] | Mapping[str, int]],
    ) -> None:
        wanted = {(id, at) for one in pinned for id, at in one.items() if at is not None and id in relatives}
        kept = {key: one for key, one in self._since.items() if key in wanted and one.relatives == relatives[key[0]]}
        self._losing = {id: self._lost(id, some) for id, some in relatives.items()}
        found = counted(connection, wanted - kept.keys(), self._contested, self._losing, self.position)
        self._since = kept | found
        self._taking = defaultdict(list)
        for one in self._since.values():
            for model in one.models:
                self._taking[model].append(one)

    def _lost(self, id: str, relatives: list[Contributor]) -> Losing:
        kept = self._losing.get(id)
        if kept is not None and kept.relatives == relatives:
            return kept
        return Losing(id, relatives, self._contested, self.position)


def _training(connection: Connection, position: int) -> defaultdict[str, Counter[Group]]:
    return grouped(connection, _valid(position))


def _taken(training: Counter[Group], one: Contributor) -> int:
    return sum(number for group, number in training.items() if one.takes_in(*group))


def _validation(connection: Connection, places: Mapping[str, Place], position: int) -> Counter[str]:
    validates = and_(lesson.c.purpose == "validation", lesson.c.active.is_(True), lesson.c.kind == "qa")
    # Naming the models lets the index serve, which begins with them.
    mine = and_(lesson.c.model.in_(places), lesson.c.trains.is_(False), validates, _valid(position))
    query = select(lesson.c.model, func.count()).where(mine).group_by(lesson.c.model)
    return Counter({row[0]: row[1] for row in connection.execute(query)})


def _valid(position: int) -> Any:
    return and_(lesson.c.valid_from <= position, lesson.c.valid_to > position)
