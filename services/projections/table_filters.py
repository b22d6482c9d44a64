"""What a table of lessons is filtered by, as conditions on the index, or as the texts of which it is true."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from contracts import queries as q
from services.folding import fold
from services.projections.standing import Standing
from services.projections.tables import HELD_BACK, PERSONAL, UNSET, body, lesson, wording


def filters(wanted: q.LessonTableWanted) -> list[ColumnElement[bool]]:
    """But for the words and the state."""
    given: list[tuple[Any, Any]] = [
        (lesson.c.kind, wanted.kind),
        (lesson.c.purpose, wanted.purpose),
        (lesson.c.section_key, fold(wanted.section) if wanted.section is not None else None),
        (lesson.c.teacher, wanted.taught_by),
        (lesson.c.id, wanted.lesson),
    ]
    return [column == value for column, value in given if value is not None]


def worded(query: Select[Any], text: str | None) -> Select[Any]:
    """Of the lessons those in which all these words stand."""
    words = fold(text or "").split()
    if not words:
        return query
    joined = query.join(wording, wording.c.body == lesson.c.body)
    return joined.where(*(wording.c.folded.contains(one, autoescape=True) for one in words))


def texts_of(state: q.LessonState | None, standing: Standing) -> Collection[int] | None:
    """The texts of which the word holds, where the rows themselves don't tell."""
    match state:
        case "waiting":
            return standing.waiting
        case "learnt":
            return standing.learnt
        case "conflict" | "duplicate":
            return {text: loss for text, loss in standing.rivals.items() if loss.word == state}
        case _:
            return None


def of_state(state: q.LessonState | None, standing: Standing) -> ColumnElement[bool]:
    """Whether the word holds, where the rows themselves tell."""
    whole = lesson.c.erased.is_(False)
    match state:
        case "inactive":
            return and_(whole, lesson.c.active.is_(False))
        case "validation":
            return and_(whole, lesson.c.purpose == "validation")
        case "personal_data":
            return and_(whole, PERSONAL)
        case "held_back":
            return and_(whole, lesson.c.model == standing.model, _held_back(standing))
        case _:
            return true()


def _held_back(standing: Standing) -> ColumnElement[bool]:
    by_section = lesson.c.section_key.in_(sorted(standing.sections))
    unset = lesson.c.held_back == UNSET
    return or_(lesson.c.held_back == HELD_BACK, unset if standing.personal else and_(unset, by_section))


def taught_at(positions: Sequence[int], position: int) -> ColumnElement[bool]:
    """The lessons that were added at these positions, as they stand now."""
    # A lesson's first text has the position at which it was added for its id: found by two primary keys.
    ids = select(body.c.lesson).where(body.c.id.in_(positions))
    return and_(lesson.c.id.in_(ids), lesson.c.valid_from <= position, lesson.c.valid_to > position)
