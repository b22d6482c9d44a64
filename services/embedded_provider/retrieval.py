"""The retrieval model: it returns trained answers, says when it doesn't know, and generates nothing. Pure but for reading.

A system message may bring lessons for one request: after a line `Lessons:`, pairs of `Q: ...` and `A: ...` lines (an
answer may go on over several lines, until the next `Q:`). They count like learnt pairs.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from services.embedded_provider.artifact import Knowledge
from services.embedded_provider.training_data import Pair
from services.similarity.index import KNOWN, SUGGEST

_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]")
_LATIN: Final = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and how sure it is."""

    text: str
    known: bool
    score: float
    matched: str | None
    suggestions: tuple[str, ...]

    def about(self) -> dict[str, Any]:
        """The completion's own field, which other providers lack."""
        return {
            "known": self.known,
            "score": round(self.score, 4),
            "matched": self.matched,
            "suggestions": list(self.suggestions),
        }


def reply(knowledge: Knowledge | None, messages: list[dict[str, str]]) -> Reply:
    """Answer the last user turn: alone first, and only when that is unknown together with what was said before."""
    lessons = _lessons(messages)
    asked = [one["content"] for one in messages if one["role"] == "user"]
    question = asked[-1] if asked else ""
    found = _nearest([knowledge, lessons], question)
    if (not found or found[0][1] < KNOWN) and len(asked) > 1:
        wider = _nearest([knowledge, lessons], f"{asked[-2]}\n{question}")
        if wider and wider[0][1] >= KNOWN and (not found or wider[0][1] > found[0][1]):
            found = wider
    return _reply(found, question)


def _nearest(sources: list[Knowledge | None], question: str) -> list[tuple[Pair, float]]:
    found = [one for source in sources if source is not None for one in source.nearest(question, 3)]
    return sorted(found, key=lambda one: one[1], reverse=True)


def _reply(found: list[tuple[Pair, float]], question: str) -> Reply:
    score = found[0][1] if found else 0.0
    if found and score >= KNOWN:
        return Reply(found[0][0].answer, True, score, found[0][0].question, ())
    near = tuple(dict.fromkeys(pair.question.strip() for pair, alike in found if alike >= SUGGEST))[:3]
    bulgarian = len(_CYRILLIC.findall(question)) > len(_LATIN.findall(question))
    if near:
        listed = "\n".join(f"- {one}" for one in near)
        text = f"Не знам. Имахте предвид:\n{listed}" if bulgarian else f"I don't know. Did you mean:\n{listed}"
    else:
        text = "Това още не го знам." if bulgarian else "I don't know that yet."
    return Reply(text, False, score, None, near)


def _lessons(messages: list[dict[str, str]]) -> Knowledge | None:
    pairs = [pair for one in messages if one["role"] == "system" for pair in _pairs_in(one["content"])]
    return Knowledge(pairs) if pairs else None


def _pairs_in(text: str) -> list[Pair]:
    _, found, block = text.partition("Lessons:\n")
    if not found:
        return []
    pairs: list[Pair] = []
    for part in re.split(r"(?m)^Q: ", block)[1:]:
        question, _, answer = part.partition("\nA: ")
        if answer.strip():
            pairs.append(Pair(question.strip(), answer.strip(), ""))
    return pairs
