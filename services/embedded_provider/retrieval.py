"""The retrieval model: it returns trained answers, says when it doesn't know, and generates nothing.

Of the system message it reads lessons (see `lessons`) and ignores the rest.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.embedded_provider.artifact import Text
from services.embedded_provider.knowledge import Few, Found, Knowledge
from services.embedded_provider.lessons import lessons_in
from services.embedded_provider.turns import last_paragraph, question_of
from services.similarity.index import KNOWN, SUGGEST, score

NEAR: Final = 50
SUGGESTIONS: Final = 3
EQUAL: Final = 0.001
"""Scores that differ by less are equal."""
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


def reply(knowledge: Knowledge | None, messages: Sequence[Mapping[str, Any]]) -> Reply:
    """Answer the last user turn: alone first, then the last of its paragraphs, and only when both are unknown together
    with the turn before. Whoever joins the messages of a chat ends with the question."""
    lessons = lessons_in(messages)
    sources = [*([Few(lessons)] if lessons else []), *([knowledge] if knowledge is not None else [])]
    question, context = question_of(messages) or ("", "")
    alone = _nearest(sources, question, "question")
    if alone and alone[0].score >= KNOWN:
        return _known(_fitting(alone, context))
    if (last := last_paragraph(question)) is not None:
        ended = _nearest(sources, last, "question")
        if ended and ended[0].score >= KNOWN:
            return _known(_fitting(ended, question.removesuffix(last)))
    if context and (found := _in_context(sources, question, context)):
        return _known(found)
    return _unknown(alone, question)


def _nearest(sources: Sequence[Knowledge], asked: str, text: Text) -> list[Found]:
    found = [one for source in sources for one in source.nearest(asked, text, NEAR)]
    return sorted(found, key=lambda one: one.score, reverse=True)


def _fitting(found: list[Found], context: str) -> Found:
    """Of equally good ones that whose context is like ours, else one learnt without context, else the first."""
    best = [one for one in found if one.score > found[0].score - EQUAL]
    if len(best) == 1:
        return best[0]

    def fit(one: Found) -> tuple[float, bool]:
        alike = score(context, one.pair.context)
        return (alike if alike >= SUGGEST else 0.0), not one.pair.context

    return max(best, key=fit)


def _in_context(sources: Sequence[Knowledge], question: str, context: str) -> Found | None:
    """What the question finds together with the turn before, if the question itself adds to it.

    A new topic doesn't: without it, the turn before would have found the same, and better.
    """
    joined = _nearest(sources, f"{context}\n{question}", "in_context")
    if not joined or joined[0].score < KNOWN:
        return None
    before = {one.pair: one.score for one in _nearest(sources, context, "in_context")}
    return joined[0] if joined[0].score > before.get(joined[0].pair, 0.0) else None


def _known(found: Found) -> Reply:
    return Reply(found.pair.answer, True, found.score, found.pair.question, ())


def _unknown(found: list[Found], question: str) -> Reply:
    near = tuple(dict.fromkeys(one.pair.question.strip() for one in found if one.score >= SUGGEST))[:SUGGESTIONS]
    bulgarian = len(_CYRILLIC.findall(question)) > len(_LATIN.findall(question))
    if near:
        listed = "\n".join(f"- {one}" for one in near)
        text = f"Не знам. Имахте предвид:\n{listed}" if bulgarian else f"I don't know. Did you mean:\n{listed}"
    else:
        text = "Това още не го знам." if bulgarian else "I don't know that yet."
    return Reply(text, False, found[0].score if found else 0.0, None, near)
