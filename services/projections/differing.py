"""How many lessons a version of now would add, change or remove, for many models at once: counted anew, or followed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, select

from services.projections.lineage import Contributor
from services.projections.lineage_history import LineageHistory
from services.projections.losing import Contested, Losing
from services.projections.tables import lesson
from services.projections.turned import Form, Forms, at, turned_since

Group = tuple[str, int, str]
"""Kind, `held_back`, the section's key."""
Key = tuple[str, int]
"""A model, and the position of one of its compilations."""
_NOBODY: Final[frozenset[int]] = frozenset()


class Since:
    """How many lessons of a training set have another text than at a position, are new, or are gone."""

    def __init__(self, position: int, before: list[Contributor], lost: frozenset[int], losing: Losing) -> None:
        """`before`: whose lessons it took in then; `lost`: the texts that another one kept out; `losing`: of now."""
        self.relatives = losing.relatives
        self.number = 0
        self._position = position
        self._took, self._takes = ({one.model: one for one in some} for some in (before, self.relatives))
        self._lost, self._losing = lost, losing
        self.models = self._took.keys() | self._takes.keys()
        self.others = [one for one in self.models if self._took.get(one) != self._takes.get(one)]

    @property
    def contested(self) -> Collection[int]:
        """The texts that another one keeps out now, or kept out then."""
        return self._lost | self._losing.texts

    def differs(self, forms: list[Form], position: int) -> bool:
        """Whether the lesson with these forms is one of them at the position."""
        then, now = at(forms, self._position), at(forms, position)
        if then is now and not self.others and not self._turns(then):
            return False
        return _line(then, self._took, self._lost) != _line(now, self._takes, self._losing.texts)

    def _turns(self, form: Form | None) -> bool:
        """Whether it lost then and wins now, or the other way round."""
        return form is not None and (form.body in self._lost) != (form.body in self._losing.texts)

    def comes_or_goes(self, model: str, group: Group) -> bool:
        """Whether a lesson of this group that is as it was all the while is taken in only then, or only now."""
        took, takes = self._took.get(model), self._takes.get(model)
        return (took is not None and took.takes_in(*group)) != (takes is not None and takes.takes_in(*group))


def _line(form: Form | None, taken: Mapping[str, Contributor], lost: Collection[int]) -> int | None:
    """The text that is learnt."""
    if form is None or not form.trains or form.erased or form.body in lost:
        return None
    one = taken.get(form.model)
    return form.body if one is not None and one.takes_in(form.kind, form.held_back, form.section_key) else None


def counted(
    connection: Connection, wanted: set[Key], contested: Contested, losing: Mapping[str, Losing], position: int
) -> dict[Key, Since]:
    """Of these compilations what is different since each, at the position. `losing`: by model, at the position."""
    if not wanted:
        return {}
    oldest = min(at for _, at in wanted)
    history = LineageHistory(connection, oldest, position)
    changed, lasting = _Changed(connection, oldest, position), _Lasting(connection, oldest, position)
    rivals = contested.lasting(oldest, position)
    found = {(id, at): _since(id, at, history.of(id, at), contested, losing[id]) for id, at in wanted}
    for one in found.values():
        one.number = sum(one.differs(forms, position) for forms in changed.of(one.models))
        one.number += sum(lasting.number(model, one) for model in one.others)
        one.number += sum(_more(one, rivals[text], position) for text in one.contested if text in rivals)
    return found


def _since(id: str, position: int, before: list[Contributor], contested: Contested, losing: Losing) -> Since:
    lost = contested.losers(id, {one.model: one for one in before}, position).values()
    return Since(position, before, _NOBODY.union(*lost), losing)


def _more(one: Since, form: Form, position: int) -> int:
    """What is to be added for a lesson that was as it is all the while, but lost then or loses now."""
    counted = one.comes_or_goes(form.model, (form.kind, form.held_back, form.section_key))
    return one.differs([form], position) - counted


class _Lasting:
    """By model, how many lessons of each group train and are as they were all the while."""

    def __init__(self, connection: Connection, since: int, position: int) -> None:
        self._connection = connection
        self._lasted = and_(lesson.c.valid_from <= since, lesson.c.valid_to > position)
        self._groups: dict[str, Counter[Group]] = {}

    def number(self, model: str, one: Since) -> int:
        """How many of the model's come to the training set by another lineage, or go from it."""
        if model not in self._groups:
            mine = and_(self._lasted, lesson.c.model == model)
            self._groups[model] = grouped(self._connection, mine)[model]
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


def grouped(connection: Connection, these: ColumnElement[bool]) -> defaultdict[str, Counter[Group]]:
    """By model how many of these lessons train, of each group."""
    columns = (lesson.c.model, lesson.c.kind, lesson.c.held_back, lesson.c.section_key)
    trains = and_(lesson.c.trains.is_(True), lesson.c.erased.is_(False), these)
    found: defaultdict[str, Counter[Group]] = defaultdict(Counter)
    for model, *group, number in connection.execute(select(*columns, func.count()).where(trains).group_by(*columns)):
        found[model][group[0], group[1], group[2]] = number
    return found
