"""A lesson in short: what was asked and answered, and where it comes from."""

from typing import Any

from contracts.queries import LessonRow


def asked(lesson: LessonRow) -> str:
    """Its question, or what the person said first. Empty of erased ones."""
    if lesson.kind == "qa":
        return said(lesson.question)
    return next((said(turn.content) for turn in lesson.messages or [] if turn.role == "user"), "")


def answered(lesson: LessonRow) -> str:
    """Its answer, or the last one that is learnt."""
    if lesson.kind == "qa":
        return said(lesson.answer)
    return next((said(turn.content) for turn in reversed(lesson.messages or []) if turn.learnt), "")


def said(text: Any) -> str:
    """A text, if it can be read."""
    return text if isinstance(text, str) else ""
