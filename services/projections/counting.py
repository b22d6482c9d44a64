"""Counts of lessons for every model at once: own, inherited, waiting, validation."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, select

from contracts.queries import LessonCounts
from services.projections.lineage import Contributor, Place, contributors
from services.projections.lineage_history import LineageHistory
from services.projections.tables import lesson
from services.projections.training_set import Moment, moment
from services.projections.turned import Form, Forms, at, turned, turned_since

LARGEST_CACHE: Final = 8
Pinned = frozenset[tuple[str, int | None]]
Group = tuple[str, int, str]
"""Kind, `held_back`, the section's key."""
Key = tuple[str, int]
"""A model, and the position of one of its compilations."""


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
            last.move(changed, position)
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
        self._since: dict[Key, _Since] = {}
        self._taking: dict[str, list[_Since]] = {}

    def move(self, changed: Forms, position: int) -> None:
        """To another position; `changed` are the lessons that `turned` in between."""
        for forms in changed.values():
            self._count(at(forms, self.position), -1)
            self._count(at(forms, position), 1)
            for one in {one for form in forms for one in self._taking.get(form.model, ())}:
                one.number += one.differs(forms, position) - one.differs(forms, self.position)
        self.position = position

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
        whole = own + inherited
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
        self._since = kept | self._counted(connection, relatives, wanted - kept.keys())
        self._taking = defaultdict(list)
        for one in self._since.values():
            for model in one.models:
                self._taking[model].append(one)

    def _counted(
        self, connection: Connection, relatives: Mapping[str, list[Contributor]], wanted: set[Key]
    ) -> "dict[Key, _Since]":
        if not wanted:
            return {}
        oldest = min(at for _, at in wanted)
        history = LineageHistory(connection, oldest, self.position)
        changed, lasting = _Changed(connection, oldest, self.position), _Lasting(connection, oldest, self.position)
        found = {(id, at): _Since(at, history.of(id, at), relatives[id]) for id, at in wanted}
        for one in found.values():
            one.number = sum(one.differs(forms, self.position) for forms in changed.of(one.models))
            one.number += sum(lasting.number(model, one) for model in one.others)
        return found


class _Since:
    """How many lessons of a training set have another text than at a position, are new, or are gone."""

    def __init__(self, position: int, before: list[Contributor], relatives: list[Contributor]) -> None:
        """`before` and `relatives`: whose lessons it took in then, and takes in now."""
        self.relatives = relatives
        self.number = 0
        self._position = position
        self._took, self._takes = ({one.model: one for one in some} for some in (before, relatives))
        self.models = self._took.keys() | self._takes.keys()
        self.others = [one for one in self.models if self._took.get(one) != self._takes.get(one)]

    def differs(self, forms: list[Form], position: int) -> bool:
        """Whether the lesson with these forms is one of them at the position."""
        then, now = at(forms, self._position), at(forms, position)
        if then is now and not self.others:
            return False
        return _text(then, self._took) != _text(now, self._takes)

    def comes_or_goes(self, model: str, group: Group) -> bool:
        """Whether a lesson of this group that is as it was all the while is taken in only then, or only now."""
        took, takes = self._took.get(model), self._takes.get(model)
        return (took is not None and took.takes_in(*group)) != (takes is not None and takes.takes_in(*group))


def _text(form: Form | None, taken: Mapping[str, Contributor]) -> int | None:
    if form is None or not form.trains or form.erased or (one := taken.get(form.model)) is None:
        return None
    return form.body if one.takes_in(form.kind, form.held_back, form.section_key) else None


class _Lasting:
    """By model, how many lessons of each group train and are as they were all the while."""

    def __init__(self, connection: Connection, since: int, position: int) -> None:
        self._connection = connection
        self._lasted = and_(lesson.c.valid_from <= since, lesson.c.valid_to > position)
        self._groups: dict[str, Counter[Group]] = {}

    def number(self, model: str, one: _Since) -> int:
        """How many of the model's come to the training set by another lineage, or go from it."""
        if model not in self._groups:
            mine = and_(self._lasted, lesson.c.model == model)
            self._groups[model] = _grouped(self._connection, mine)[model]
        return sum(number for group, number in self._groups[model].items() if one.comes_or_goes(model, group))


class _Changed:
    """By model the lessons that began, changed or ceased to train since a position."""

    def __init__(self, connection: Connection, since: int, position: int) -> None:
        self._by_model: defaultdict[str, Forms] = defaultdict(dict)
        for id, forms in turned_since(connection, since, position).items():
            for form in forms:
                self._by_model[form.model][id] = forms

    def of(self, models: Iterable[str]) -> Iterable[list[Form]]:
        """The forms of those that ever belonged to one of these models."""
        found: Forms = {}
        for model in models:
            found |= self._by_model.get(model, {})
        return found.values()


def _training(connection: Connection, position: int) -> defaultdict[str, Counter[Group]]:
    return _grouped(connection, _valid(position))


def _grouped(connection: Connection, these: ColumnElement[bool]) -> defaultdict[str, Counter[Group]]:
    columns = (lesson.c.model, lesson.c.kind, lesson.c.held_back, lesson.c.section_key)
    trains = and_(lesson.c.trains.is_(True), lesson.c.erased.is_(False), these)
    found: defaultdict[str, Counter[Group]] = defaultdict(Counter)
    for model, *group, number in connection.execute(select(*columns, func.count()).where(trains).group_by(*columns)):
        found[model][group[0], group[1], group[2]] = number
    return found


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
