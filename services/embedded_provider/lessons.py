"""Lessons that a system message brings for one request.

After a line `Lessons:` come lines `Q: ...`, each followed by a line `A: ...`. A question may go on until its `A:`, an
answer until the next `Q:` or the end of the message. They count like learnt pairs, and before them when both fit alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.embedded_provider.turns import Pair


def lessons_in(messages: Sequence[Mapping[str, Any]]) -> list[Pair]:
    """Those of all system messages, in order."""
    texts = (str(one["content"]) for one in messages if one["role"] == "system")
    return [pair for text in texts for pair in _pairs(text)]


def _pairs(text: str) -> Iterator[Pair]:
    lines = text.replace("\r\n", "\n").split("\n")
    begin = next((at for at, line in enumerate(lines, start=1) if line.strip() == "Lessons:"), len(lines))
    starts = [at for at in range(begin, len(lines)) if lines[at].startswith("Q:")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        turn = next((at for at in range(start + 1, end) if lines[at].startswith("A:")), None)
        if turn is not None:
            question, answer = _joined(lines[start:turn]), _joined(lines[turn:end])
            if question and answer:
                yield Pair(question, answer)


def _joined(lines: list[str]) -> str:
    return "\n".join([lines[0][2:], *lines[1:]]).strip()
