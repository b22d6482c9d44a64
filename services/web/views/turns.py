"""A training conversation as a form: its turns as fields, and back. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from contracts.facts.conversation import Role, TrainAs, Turn
from contracts.queries import LessonRow, TrainingLesson
from services.web.views.lesson_words import said

ROLES: Final[tuple[Role, ...]] = ("user", "assistant", "system")


class Unread(ValueError):
    """The form can't be read as a conversation."""


def revised(
    before: Sequence[Turn],
    at: Sequence[str],
    roles: Sequence[str],
    contents: Sequence[str],
    learn: Sequence[str],
    by: str,
) -> list[Turn]:
    """The turns as a form has them, empty ones left out.

    `at`: which turn each was, empty for a new one; `learn`: numbers of those that are learnt. A turn keeps where it was
    taken from; whoever changes another's words stands beside.
    """
    if not len(at) == len(roles) == len(contents):
        raise Unread
    found: list[Turn] = []
    for number, (origin, role, content) in enumerate(zip(at, roles, contents, strict=True)):
        text = content.strip().replace("\r\n", "\n")
        if text:
            known = before[int(origin)] if origin.isdecimal() and int(origin) < len(before) else None
            found.append(_turn(known, role, text, learn=str(number) in learn, by=by))
    return found


def learning(lesson: LessonRow) -> TrainingLesson:
    """The lesson as packaging takes it."""
    fields: dict[str, Any] = {name: getattr(lesson, name) for name in TrainingLesson.model_fields}
    return TrainingLesson.model_construct(**fields)


def questions(turns: Sequence[Turn]) -> list[tuple[int, str]]:
    """The turns that may have been answered wrongly, with their numbers."""
    return [(number, said(turn.content)) for number, turn in enumerate(turns) if turn.role == "user"]


def train_as(value: str) -> TrainAs:
    """As a form says it."""
    return "straight" if value == "straight" else "exchange" if value == "exchange" else "both"


def _turn(before: Turn | None, role: str, text: str, *, learn: bool, by: str) -> Turn:
    given: dict[str, Any] = {"author": by} if before is None else before.model_dump(exclude_unset=True)
    if before is not None and said(before.content) != text and before.author not in (None, by):
        given["edited_by"] = by
    given |= {"role": role, "content": text, "learn": learn if role == "assistant" else None}
    try:
        return Turn.model_validate(given)
    except ValidationError as problem:
        raise Unread from problem
