"""Reading a training file: every answer that is learnt becomes a pair with the question before it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROLES = frozenset({"system", "user", "assistant"})


class BadFile(Exception):
    """The file can't be trained on; the message names the line."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, the answer learnt for it, and what was said before the question."""

    question: str
    answer: str
    context: str


def read_pairs(path: Path) -> Iterator[Pair]:
    """All pairs in the order of the lines. A BOM and CRLF are accepted.

    Raises:
        BadFile: not UTF-8, not JSON, a wrong role, nothing learnt, no question, or no example at all.
    """
    count = 0
    try:
        with path.open(encoding="utf-8-sig", newline=None) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    count += 1
                    yield from _pairs(line, number)
    except UnicodeDecodeError as problem:
        raise BadFile(f"The file isn't UTF-8 (byte {problem.start}).") from problem
    if not count:
        raise BadFile("The file holds no example.")


def _pairs(line: str, number: int) -> Iterator[Pair]:
    messages = _messages(line, number)
    learnt = 0
    for index, message in enumerate(messages):
        if message["role"] != "assistant" or message.get("weight", 1) == 0:
            continue
        before = [one for one in messages[:index] if one["role"] == "user"]
        if not before:
            raise BadFile(f"Example {number} has no user message before its answer.")
        learnt += 1
        said = [one["content"] for one in messages[:index] if one["role"] != "system"]
        yield Pair(before[-1]["content"], message["content"], "\n".join(said[-3:-1]))
    if not learnt:
        raise BadFile(f"Example {number} has no assistant message to learn.")


def _messages(line: str, number: int) -> list[dict[str, Any]]:
    try:
        raw = json.loads(line)
        messages = raw["messages"]
    except (ValueError, KeyError, TypeError) as problem:
        raise BadFile(f"Example {number} isn't a JSON object with messages.") from problem
    if not isinstance(messages, list) or not messages:
        raise BadFile(f"Example {number} has no messages.")
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise BadFile(f"Example {number} has a message with an unknown role.")
        if not isinstance(message.get("content"), str) or not message["content"]:
            raise BadFile(f"Example {number} has a message without content.")
        if message.get("weight", 1) not in (0, 1):
            raise BadFile(f"Example {number} has a weight other than 0 or 1.")
    if messages[-1]["role"] != "assistant":
        raise BadFile(f"Example {number} doesn't end with an assistant message.")
    return messages
