"""From a lesson to its examples: which turns a line of the training file holds. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.facts.conversation import Turn
from contracts.queries import TrainingLesson
from contracts.training_file import ExamplePart

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One line of the training file, LF included, and where it came from."""

    line: bytes
    lesson: str
    position: int
    part: ExamplePart


def package(system_message: str | None, lessons: Sequence[TrainingLesson]) -> Iterator[Example]:
    """The lessons' examples in their order; a conversation's straight line comes before its exchange."""
    first: list[Message] = [{"role": "system", "content": system_message}] if system_message else []
    for lesson in lessons:
        if lesson.kind == "qa":
            turns = [{"role": "user", "content": lesson.question}, {"role": "assistant", "content": lesson.answer}]
            yield _example(first, turns, lesson, "qa")
        else:
            yield from _conversation(first, lesson)


def _conversation(first: list[Message], lesson: TrainingLesson) -> Iterator[Example]:
    turns = lesson.messages or []
    straight = _straight(turns, lesson.straight_question)
    if straight and lesson.train_as != "exchange":
        yield _example(first, straight, lesson, "straight")
    if lesson.train_as != "straight" or not straight:
        yield _example(first, exchange(turns), lesson, "exchange")


def _example(first: list[Message], turns: list[Message], lesson: TrainingLesson, part: ExamplePart) -> Example:
    line = orjson.dumps({"messages": [*first, *turns]}, option=orjson.OPT_APPEND_NEWLINE)
    return Example(line, lesson.id, lesson.position, part)


def exchange(turns: Sequence[Turn]) -> list[Message]:
    """The whole dialogue up to its last learnt answer, as any provider accepts it.

    System turns and names are left out. Consecutive turns of one role are merged, because some providers want roles to
    alternate; but an answer that is learnt is never merged with one that is context only: of neighbouring answers the
    context-only ones give way, since the learnt one replaces them. What the assistant says before anybody asked, and
    what comes after the last learnt answer, is left out.
    """
    said = [turn for turn in turns if turn.role != "system"]
    last = max((index for index, turn in enumerate(said) if turn.learnt), default=-1)
    merged: list[tuple[str, str, bool]] = []
    for turn in said[: last + 1]:
        _merge(merged, turn.role, str(turn.content), turn.learnt)
    while merged and merged[0][0] == "assistant":
        merged.pop(0)
    return [_message(*one) for one in merged]


def _merge(merged: list[tuple[str, str, bool]], role: str, text: str, learnt: bool) -> None:
    if not merged or merged[-1][0] != role:
        merged.append((role, text, learnt))
    elif merged[-1][2] == learnt:
        merged[-1] = (role, f"{merged[-1][1]}\n\n{text}", learnt)
    elif learnt:
        merged[-1] = (role, text, True)


def _message(role: str, text: str, learnt: bool) -> Message:
    if role == "assistant" and not learnt:
        return {"role": role, "content": text, "weight": 0}
    return {"role": role, "content": text}


def _straight(turns: Sequence[Turn], question: int | None) -> list[Message]:
    """The question that was answered wrongly with the answer that is learnt; empty when no answer was wrong."""
    learnt = max((index for index, turn in enumerate(turns) if turn.learnt), default=None)
    wrong = next((index for index, turn in enumerate(turns) if turn.role == "assistant" and not turn.learnt), None)
    if learnt is None or wrong is None or wrong > learnt:
        return []
    asked = question if question is not None else _question_before(turns, wrong)
    if asked is None:
        return []
    return [_message("user", str(turns[asked].content), False), _message("assistant", str(turns[learnt].content), True)]


def _question_before(turns: Sequence[Turn], index: int) -> int | None:
    return next((at for at in range(index - 1, -1, -1) if turns[at].role == "user"), None)
