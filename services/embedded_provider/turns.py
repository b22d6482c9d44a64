"""The question in a conversation, and what was asked before it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, the answer learnt for it, and the user's turn before the question (empty at the beginning)."""

    question: str
    answer: str
    context: str = ""

    @property
    def in_context(self) -> str:
        """What a question that needs its context is compared with."""
        return f"{self.context}\n{self.question}" if self.context else self.question


def question_of(messages: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """The last user turn and the one before it; None when the user said nothing."""
    asked = [str(one["content"]) for one in messages if one["role"] == "user"]
    if not asked:
        return None
    return asked[-1], asked[-2] if len(asked) > 1 else ""


def last_paragraph(text: str) -> str | None:
    """What stands behind the last empty line; None where there is none."""
    before, _, last = text.rstrip().rpartition("\n\n")
    return last.strip() if before.strip() and last.strip() else None
