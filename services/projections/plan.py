"""A training set's order, kept in memory, and moved to another position by the lessons that changed in between."""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from services.projections.lineage import Contributor
from services.projections.rivals import Rival, groups_of
from services.projections.turned import Form, Forms, at

_FEW: Final = 64
Groups = Mapping[str, Sequence[Rival]]
Difference = tuple[int, int | None, int | None]
"""A place, and the texts that two plans have there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A training set's order: `first[i]` is the place of the lesson whose text is `body[i]`.

    `groups`: its QAs of one question key where there are several, the winner first. `taken`: whose lessons it takes in.
    A lesson keeps its place for good, so in two plans the same place is the same lesson.
    """

    taken: tuple[Contributor, ...]
    first: "array[int]"
    body: "array[int]"
    groups: Groups
    conflicts: int
    duplicates: int
    erased: int

    @property
    def identity(self) -> str:
        """Equal for equal training sets of one log."""
        return hashlib.sha256(self.body.tobytes()).hexdigest()

    def text(self, place: int) -> int | None:
        """The text at the place."""
        index = bisect_left(self.first, place)
        return self.body[index] if index < len(self.first) and self.first[index] == place else None


EMPTY: Final = Plan((), array("q"), array("q"), {}, 0, 0, 0)


def differences(old: Plan, new: Plan) -> Iterator[Difference]:
    """Where two plans don't have the same text, in order. What they share costs next to nothing."""
    return _differences(old, new, (0, len(old.first)), (0, len(new.first)))


def lost(groups: Iterable[Sequence[Rival]]) -> tuple[int, int]:
    """How many QAs lose to another answer, and how many to the same one."""
    losers = [one.answer_key == group[0].answer_key for group in groups for one in group[1:]]
    return len(losers) - sum(losers), sum(losers)


def moved(connection: Connection, plan: Plan, id: str, changed: Forms, before: int, after: int) -> Plan:
    """The plan of the model's training set at another position; `changed` are the lessons that `turned` in between."""
    keys = {form.question_key for forms in changed.values() for form in forms if form.kind == "qa"}
    now = groups_of(connection, id, plan.taken, after, keys)
    then = {key: plan.groups[key] for key in keys if key in plan.groups}
    still = {
        one.place: one.body
        for groups in (then, now)
        for group in groups.values()
        for one in group
        if one.id not in changed
    }
    old, new = _taken(plan, changed, before), _taken(plan, changed, after)
    first, body = plan.first[:], plan.body[:]
    gone, come = still | _whole(old), still | _whole(new)
    _take_out(first, body, _lines(gone, then) - _lines(come, now))
    _put_in(first, body, _lines(come, now) - _lines(gone, then))
    (conflicts, duplicates), (past_conflicts, past_duplicates) = lost(now.values()), lost(then.values())
    groups = {key: group for key, group in plan.groups.items() if key not in keys} | now
    return Plan(
        plan.taken,
        first,
        body,
        dict(sorted(groups.items())) if then or now else plan.groups,
        plan.conflicts + conflicts - past_conflicts,
        plan.duplicates + duplicates - past_duplicates,
        plan.erased + sum(form.erased for form in new) - sum(form.erased for form in old),
    )


def _taken(plan: Plan, changed: Forms, position: int) -> list[Form]:
    takes = {one.model: one for one in plan.taken}
    there = (form for forms in changed.values() if (form := at(forms, position)) is not None and form.trains)
    return [
        form
        for form in there
        if form.model in takes and takes[form.model].takes_in(form.kind, form.held_back, form.section_key)
    ]


def _whole(forms: list[Form]) -> dict[int, int]:
    return {form.place: form.body for form in forms if not form.erased}


def _lines(texts: Mapping[int, int], groups: Groups) -> set[tuple[int, int]]:
    losers = {one.body for group in groups.values() for one in group[1:]}
    return {(place, text) for place, text in texts.items() if text not in losers}


def _take_out(first: "array[int]", body: "array[int]", lines: Iterable[tuple[int, int]]) -> None:
    for place, _ in lines:
        index = bisect_left(first, place)
        del first[index], body[index]


def _put_in(first: "array[int]", body: "array[int]", lines: Iterable[tuple[int, int]]) -> None:
    for place, text in lines:
        index = bisect_left(first, place)
        first.insert(index, place)
        body.insert(index, text)


def _differences(old: Plan, new: Plan, before: tuple[int, int], now: tuple[int, int]) -> Iterator[Difference]:
    first, body = old.first[slice(*before)], old.body[slice(*before)]
    later, text = new.first[slice(*now)], new.body[slice(*now)]
    if body.tobytes() == text.tobytes():
        return
    if min(len(first), len(later)) <= _FEW:
        was, becomes = dict(zip(first, body, strict=True)), dict(zip(later, text, strict=True))
        places = sorted(was.keys() | becomes.keys()) if was else becomes.keys()
        yield from ((one, was.get(one), becomes.get(one)) for one in places if was.get(one) != becomes.get(one))
        return
    middle = max(first, later, key=len)[max(len(first), len(later)) // 2]
    half, part = before[0] + bisect_left(first, middle), now[0] + bisect_left(later, middle)
    yield from _differences(old, new, (before[0], half), (now[0], part))
    yield from _differences(old, new, (half, before[1]), (part, now[1]))
