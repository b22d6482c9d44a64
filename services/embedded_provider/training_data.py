"""Reading a training file: every answer that is learnt becomes a pair with the question before it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from services.embedded_provider.turns import Pair, question_of

ROLES: Final = frozenset({"system", "user", "assistant"})
_HALF: Final = re.compile("[\ud800-\udfff]")


class BadFile(Exception):
    """The file can't be trained on; the message names the line."""


def read_pairs(path: Path) -> Iterator[Pair]:
    """All pairs in the order of the lines. A BOM, CRLF and empty lines are accepted.

    Raises:
        BadFile: not UTF-8, not JSON, a wrong role, nothing learnt, no question, or no example at all.
    """
    empty = True
    try:
        with path.open(encoding="utf-8-sig", newline=None) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    empty = False
                    yield from _pairs(line, number)
    except UnicodeDecodeError as problem:
        raise BadFile("The file isn't UTF-8.") from problem
    if empty:
        raise BadFile("The file holds no example.")


def _pairs(line: str, number: int) -> Iterator[Pair]:
    messages = _messages(line, number)
    learnt = 0
    for index, message in enumerate(messages):
        if message["role"] != "assistant" or message.get("weight", 1) == 0:
            continue
        asked = question_of(messages[:index])
        if asked is None:
            raise BadFile(f"Example {number} has no user message before its answer.")
        learnt += 1
        yield Pair(asked[0], message["content"], asked[1])
    if not learnt:
        raise BadFile(f"Example {number} has no assistant message to learn.")


def _messages(line: str, number: int) -> list[dict[str, Any]]:
    try:
        messages = json.loads(line)["messages"]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise BadFile(f"Example {number} isn't a JSON object with messages.") from problem
    if not isinstance(messages, list) or not messages:
        raise BadFile(f"Example {number} has no messages.")
    for message in messages:
        _check(message, number)
    if messages[-1]["role"] != "assistant":
        raise BadFile(f"Example {number} doesn't end with an assistant message.")
    return messages


def _check(message: Any, number: int) -> None:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(role, str) or role not in ROLES:
        raise BadFile(f"Example {number} has a message with an unknown role.")
    content = message.get("content")
    if not isinstance(content, str) or not content:
        raise BadFile(f"Example {number} has a message without content that is text.")
    if _HALF.search(content):
        raise BadFile(f"Example {number} has half a character (a lone surrogate).")
    if message.get("weight", 1) not in (0, 1):
        raise BadFile(f"Example {number} has a weight other than 0 or 1.")
