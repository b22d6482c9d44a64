"""The QAs that another one keeps out, in the training sets of all models at once: looked for anew, or followed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select

from services.projections.lineage import Contributor
from services.projections.rivals import rank
from services.projections.tables import lesson, settlement
from services.projections.turned import Form, Forms, forms_of, forms_where

_PART: Final = 500
_QA: Final = (lesson.c.kind == "qa", lesson.c.trains.is_(True), lesson.c.erased.is_(False))


class Contested:
    """The questions to which several lessons ever had an answer, with these lessons, and what was settled about them."""

    def __init__(self, connection: Connection) -> None:
        self._forms: dict[str, list[Form]] = {}
        self._keys: defaultdict[str, set[str]] = defaultdict(set)
        self._settled: defaultdict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        self._settle(connection)
        # A lesson has one place for good, and that stands in the index.
        several = func.min(lesson.c.first_position) < func.max(lesson.c.first_position)
        query = select(lesson.c.question_key).where(*_QA).group_by(lesson.c.question_key).having(several)
        self._read(connection, connection.execute(query).scalars().all())

    def follow(self, connection: Connection, changed: Forms, one: int, other: int) -> set[str]:
        """The questions to which somebody else may win, now that these lessons changed between the positions."""
        keys = {form.question_key for forms in changed.values() for form in forms if form.kind == "qa"}
        self._read(connection, keys)
        low, high = sorted((one, other))
        keys |= self._settle(connection, settlement.c.position > low, settlement.c.position <= high)
        return keys & self._forms.keys()

    def lessons(self, connection: Connection, keys: Iterable[str]) -> Forms:
        """All forms of the lessons that ever had one of these questions."""
        ids = {form.id for key in keys for form in self._forms[key]}
        return forms_of(connection, ids) if ids else {}

    def lasting(self, since: int, position: int) -> dict[int, Form]:
        """By their texts those that are as they were all the while."""
        every = (form for forms in self._forms.values() for form in forms)
        return {form.body: form for form in every if form.valid_from <= since and form.valid_to > position}

    def losers(
        self, id: str, takes: Mapping[str, Contributor], position: int, only: Collection[str] | None = None
    ) -> dict[str, frozenset[int]]:
        """By question the texts that lose in the model's training set. `only`: to these questions."""
        keys = {key for one in takes for key in self._keys.get(one, ())} if only is None else only
        groups = ((key, list(self._taken(key, takes, position))) for key in keys)
        return {key: self._lost(id, key, takes, position, group) for key, group in groups if len(group) > 1}

    def _taken(self, key: str, takes: Mapping[str, Contributor], position: int) -> Iterator[Form]:
        for form in self._forms[key]:
            one = takes.get(form.model) if form.valid_from <= position < form.valid_to else None
            if one is not None and one.takes_in(form.kind, form.held_back, form.section_key):
                yield form

    def _lost(
        self, id: str, key: str, takes: Mapping[str, Contributor], position: int, group: list[Form]
    ) -> frozenset[int]:
        settled = [(when, qa) for when, qa in self._settled.get((id, key), {}).items() if when <= position]
        chosen = max(settled)[1] if settled else None
        winner = min(group, key=lambda one: rank(one.id, one.body, takes[one.model].distance, chosen))
        return frozenset(one.body for one in group if one is not winner)

    def _settle(self, connection: Connection, *these: ColumnElement[bool]) -> set[str]:
        columns = (settlement.c.training_set, settlement.c.question_key, settlement.c.position, settlement.c.winner)
        rows = connection.execute(select(*columns).where(*these)).all()
        for id, key, position, winner in rows:
            self._settled[id, key][position] = winner
        return {row[1] for row in rows}

    def _read(self, connection: Connection, keys: Collection[str]) -> None:
        wanted = sorted(keys)
        for start in range(0, len(wanted), _PART):
            part = wanted[start : start + _PART]
            found: defaultdict[str, list[Form]] = defaultdict(list)
            for form in forms_where(connection, *_QA, lesson.c.question_key.in_(part)):
                found[form.question_key].append(form)
            for key in part:
                self._keep(key, found[key])

    def _keep(self, key: str, forms: list[Form]) -> None:
        if len({form.id for form in forms}) > 1:
            self._forms[key] = forms
            for form in forms:
                self._keys[form.model].add(key)


class Losing:
    """The texts that lose in one model's training set, kept up as lessons change."""

    def __init__(self, id: str, relatives: list[Contributor], contested: Contested, position: int) -> None:
        """`relatives`: whose lessons it takes in."""
        self.relatives = relatives
        self._id, self._contested = id, contested
        self._takes = {one.model: one for one in relatives}
        self._by_key = contested.losers(id, self._takes, position)
        self.texts = {text for lost in self._by_key.values() for text in lost}

    def move(self, keys: Collection[str], position: int) -> None:
        """To another position, where others may win these questions."""
        for key in keys:
            self.texts -= self._by_key.pop(key, frozenset())
        found = self._contested.losers(self._id, self._takes, position, keys)
        self._by_key |= found
        self.texts |= {text for lost in found.values() for text in lost}
