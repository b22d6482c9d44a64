"""What a lesson says and a format has no place for, so that an export can report it."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from services.lesson_files.rows import Data, Format

_USUAL: Final[dict[str, Any]] = {
    "section": "General", "purpose": "training", "active": True, "language": None, "notes": "", "held_back": None,
    "external_system": None, "external_id": None, "origin": "manual", "train_as": "both", "straight_question": None,
}  # fmt: skip
"""Fields with what they say when nobody said anything."""
_OF_TURNS: Final = ("name", "time", "author", "message", "edited_by")


def losses(lesson: Data, format: Format, held: Collection[str]) -> Iterator[str]:
    """Names of the fields that are lost. `held`: what the format has a place for; `messages.name` is a turn's name."""
    for name, usual in _USUAL.items():
        if name not in held and lesson.get(name) not in (None, usual):
            yield name
    if any((lesson.get("origin_reference") or {}).values()):
        yield "origin_reference"
    turns: list[Data] = lesson.get("messages") or []
    for name in _OF_TURNS:
        if f"messages.{name}" not in held and any(turn.get(name) is not None for turn in turns):
            yield f"messages.{name}"
    if "messages.learn" not in held and any(
        turn["role"] == "assistant" and turn.get("learn") is False for turn in turns
    ):
        yield "messages.learn"
    origin = lesson.get("imported") or {}
    if origin.get("format") != format and any(value for name, value in origin.items() if name != "format"):
        yield "imported"
