"""How many lessons of a model's table stand in each section, and how often each state holds; moved as lessons change."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.queries import LessonState
from services.projections.turned import Form, Forms, at

Words = Callable[[dict[str, Any]], Sequence[LessonState]]
"""As `Standing.words`."""


@dataclass(frozen=True, slots=True)
class Facets:
    """`sections`: by key how many lessons, and where the one was `taught` that came last, whose spelling is shown."""

    sections: dict[str, tuple[int, int]]
    states: dict[LessonState, int]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two moments: its position, which lessons stand in the table, and what is said of them."""

    position: int
    shows: Callable[[Form], bool]
    words: Words


def moved(facets: Facets, changed: Forms, old: Side, new: Side) -> Facets | None:
    """The facets at another moment, when these lessons changed; None where they have to be counted anew."""
    sections, states = dict(facets.sections), Counter(facets.states)
    for forms in changed.values():
        before, now = _shown(forms, old), _shown(forms, new)
        states.subtract(_words(before, old))
        states.update(_words(now, new))
        if (before and before.section_key) != (now and now.section_key):
            if before is not None and not _leave(sections, before):
                return None
            if now is not None:
                _enter(sections, now)
    return Facets(sections, dict(states))


def _shown(forms: list[Form], side: Side) -> Form | None:
    form = at(forms, side.position)
    return form if form is not None and side.shows(form) else None


def _words(form: Form | None, side: Side) -> Iterable[LessonState]:
    return () if form is None else side.words(form._asdict())


def _enter(sections: dict[str, tuple[int, int]], form: Form) -> None:
    number, last = sections.get(form.section_key, (0, 0))
    sections[form.section_key] = (number + 1, max(last, form.taught))


def _leave(sections: dict[str, tuple[int, int]], form: Form) -> bool:
    """Whether one still knows which lesson of the section came last."""
    number, last = sections.pop(form.section_key)
    if number > 1:
        sections[form.section_key] = (number - 1, last)
    return number == 1 or form.taught != last
