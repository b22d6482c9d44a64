"""The standings that were asked for, kept in memory and moved as lessons change."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection

from services.projections import facets
from services.projections.plan import differences
from services.projections.standing import Change, Standing, change, owners, rivals_of, waiting_of
from services.projections.training_set import Moment, TrainingSets, document_at, moment, nearest_kept, places_at
from services.projections.turned import Form, Forms, at, forms_of, turned

LARGEST_CACHE: Final = 8


class Standings:
    """The latest ones: where 100,000 lessons stand takes half a second to find out, moving it some milliseconds."""

    def __init__(self, sets: TrainingSets) -> None:
        self._sets = sets
        self._kept: OrderedDict[tuple[str, Moment], Standing] = OrderedDict()
        self._lock = Lock()

    def forget(self) -> None:
        """The read model was built anew."""
        with self._lock:
            self._kept.clear()

    def standing(self, connection: Connection, id: str, position: int) -> Standing:
        """Of the model's lessons at the position."""
        key = (id, moment(connection, position))
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept
            near = nearest_kept(self._kept, key)
        blank = self._blank(connection, id, position)
        found = _near(connection, near, blank, key[1].changed) or _anew(connection, blank, position)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > LARGEST_CACHE:
                self._kept.popitem(last=False)
        return found

    def _blank(self, connection: Connection, id: str, position: int) -> Standing:
        """The plans and the rest that it follows from."""
        place = places_at(connection, position)[id]
        active = document_at(connection, id, position)["active"]
        now = self._sets.plan(connection, id, position)
        then = self._sets.plan(connection, id, active["position"]) if active else None
        version = active["version"] if active else None
        return Standing(id, version, now, then, {}, frozenset(), {}, place.held_back, place.personal)


def _anew(connection: Connection, blank: Standing, position: int) -> Standing:
    return replace(
        blank,
        waiting=waiting_of(connection, blank, position),
        learnt=frozenset(blank.then.body) if blank.then else frozenset(),
        rivals=rivals_of(connection, blank, position),
    )


def _near(connection: Connection, near: tuple[Moment, Standing] | None, blank: Standing, after: int) -> Standing | None:
    """A standing that is near, moved; None where it rests on something else, or too much changed."""
    if near is None or _rests_on(near[1]) != _rests_on(blank):
        return None
    before = near[0].changed
    changed = turned(connection, before, after)
    return None if changed is None else _moved(connection, near[1], blank, changed, before, after)


def _rests_on(standing: Standing) -> tuple[Any, ...]:
    then = standing.then.body if standing.then is not None else None
    return standing.version, then, standing.now.taken, standing.sections, standing.personal


def _moved(connection: Connection, old: Standing, blank: Standing, changed: Forms, before: int, after: int) -> Standing:
    waiting, stirred = _waiting(old, blank, changed, before, after)
    same = blank.now.groups is old.now.groups
    rivals = old.rivals if same else rivals_of(connection, blank, after)
    found = replace(blank, waiting=waiting, learnt=old.learnt, rivals=rivals)
    if counted := dict(old.counted):
        stirred |= {text for text, _ in old.rivals.items() ^ rivals.items()}
        stirred -= {form.body for forms in changed.values() for form in forms}
        everyone = forms_of(connection, set(owners(connection, sorted(stirred)).values())) | changed
        for inherited, one in counted.items():
            shows = _shows(found, inherited=inherited)
            sides = facets.Side(before, shows, old.words), facets.Side(after, shows, found.words)
            if (moved := facets.moved(one, everyone, *sides)) is not None:
                found.counted[inherited] = moved
    return found


def _waiting(
    old: Standing, new: Standing, changed: Forms, before: int, after: int
) -> tuple[dict[int, Change], set[int]]:
    """What waits now, and the texts of which that was decided anew."""
    waiting, stirred = dict(old.waiting), set[int]()
    for place, (text, present) in _touched(old, new, changed, before, after).items():
        was, becomes = old.now.text(place), new.now.text(place)
        gone, come = text if was is None else was, present if becomes is None else becomes
        if gone is not None:
            waiting.pop(gone, None)
            stirred.add(gone)
        word = change(new.then.text(place) if new.then else None, becomes)
        if come is not None and word is not None:
            waiting[come] = word
            stirred.add(come)
    return waiting, stirred


def _touched(
    old: Standing, new: Standing, changed: Forms, before: int, after: int
) -> dict[int, tuple[int | None, int | None]]:
    """By place the texts of a lesson, before and after, of which something else may hold."""
    # A lesson that didn't change but comes or goes, because another one wins or loses, has its text in one of the plans.
    found: dict[int, tuple[int | None, int | None]] = {}
    for place, was, becomes in differences(old.now, new.now):
        text = becomes if was is None else was
        found[place] = (text, text)
    for forms in changed.values():
        first = next((form.first_position for form in forms if form.first_position is not None), None)
        if first is not None:
            found[first] = (_text(at(forms, before)), _text(at(forms, after)))
    return found


def _text(form: Form | None) -> int | None:
    return None if form is None else form.body


def _shows(standing: Standing, *, inherited: bool) -> Callable[[Form], bool]:
    """Whether a lesson stands in the table."""
    relatives = {one.model: one for one in standing.now.taken if one.distance and inherited}

    def shows(form: Form) -> bool:
        if form.model == standing.model:
            return True
        one = relatives.get(form.model)
        return one is not None and form.trains and one.takes_in(form.kind, form.held_back, form.section_key)

    return shows
