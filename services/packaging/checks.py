"""What a provider would refuse, found before anything is uploaded. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from services.packaging.examples import Example

PER_MESSAGE: Final = 4
"""Tokens that a message costs besides its text, at most."""
_SPECIAL: Final = re.compile(r"<\|[a-z_]{2,40}\|>")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with one example: a code, a sentence, and the lesson to mend."""

    code: str
    message: str
    lesson: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """A provider's bounds; None is unbounded."""

    minimum_examples: int = 1
    maximum_examples: int | None = None
    maximum_bytes: int | None = None
    maximum_example_tokens: int | None = None


def faults(examples: Iterable[Example], bounds: Bounds) -> Iterator[Fault]:
    """Faults of single examples."""
    for example in examples:
        yield from _faults(example, bounds)


def tokens_at_most(line: bytes) -> int:
    """An upper bound of an example's tokens: no tokenizer makes more tokens than UTF-8 bytes."""
    messages = orjson.loads(line)["messages"]
    return sum(len(str(one["content"]).encode()) + PER_MESSAGE for one in messages)


def _faults(example: Example, bounds: Bounds) -> Iterator[Fault]:
    messages = orjson.loads(example.line)["messages"]
    if messages[-1]["role"] != "assistant" or messages[-1].get("weight", 1) == 0:
        yield Fault("nothing_learnt", "The lesson's example doesn't end with an answer that is learnt.", example.lesson)
    if not any(one["role"] == "user" for one in messages):
        yield Fault("no_question", "The lesson's example has no question.", example.lesson)
    found = next(
        (_SPECIAL.search(str(one["content"])) for one in messages if _SPECIAL.search(str(one["content"]))), None
    )
    if found:
        yield Fault(
            "special_token", f"The lesson holds {found.group()}, which providers take for a command.", example.lesson
        )
    limit = bounds.maximum_example_tokens
    if limit is not None and len(example.line) > limit and tokens_at_most(example.line) > limit * 4:
        # A token has four bytes or so in English; only what is surely too long is refused here.
        yield Fault("too_long", f"The lesson's example is longer than {limit:,} tokens.", example.lesson)
