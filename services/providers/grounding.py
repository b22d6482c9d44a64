"""The prompt of a grounded answer: any chat model, and the lessons that resemble the question. Pure."""

from collections.abc import Sequence

from contracts.queries import NearLesson
from services.providers.port import Message

_RULE = (
    "Answer from the lessons below when they fit the question, in the language of the question. "
    "When they don't, say that you don't know."
)


def grounded(system_message: str | None, lessons: Sequence[NearLesson]) -> str | None:
    """The system message with the lessons, in the form that the embedded provider understands too."""
    if not lessons:
        return system_message
    pairs = "\n".join(f"Q: {one.question}\nA: {one.answer}" for one in lessons)
    return "\n\n".join(part for part in (system_message, f"{_RULE}\n\nLessons:\n{pairs}") if part)


def with_system(system_message: str | None, messages: Sequence[Message]) -> list[Message]:
    """The messages with the system message first, when there is one."""
    first: list[Message] = [{"role": "system", "content": system_message}] if system_message else []
    return [*first, *messages]
