"""What a file of lessons is made of: rows that may become facts, and rows that can't."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Literal

import orjson

Format = Literal["jsonl", "csv", "openai", "erpnet"]
Data = dict[str, Any]
LARGEST_ROW: Final = 4_000_000
"""Bytes; a longer row can't be a lesson and isn't kept in memory."""


@dataclass(frozen=True, slots=True)
class Row:
    """A lesson that begins in this line: the fact it would be, and its data. `model` is there if the file names one."""

    line: int
    fact: Literal["QAAdded", "ConversationTrained"]
    data: Data


@dataclass(frozen=True, slots=True)
class BadRow:
    """What can't be a lesson, and why."""

    line: int
    message: str
    fields: dict[str, str] = field(default_factory=dict)


class Unusable(Exception):
    """One row can't be read; the sentence says why. `field`: which of its fields is wrong."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def of_lines(
    stream: BinaryIO, read: Callable[[bytes], tuple[Literal["QAAdded", "ConversationTrained"], Data]]
) -> Iterator[Row | BadRow]:
    """A row for every line that isn't blank; a line that `read` can't use is a `BadRow`."""
    number = 0
    while line := stream.readline(LARGEST_ROW):
        number += 1
        if len(line) == LARGEST_ROW and not line.endswith(b"\n"):
            _skip(stream)
            yield BadRow(number, f"The line is longer than {LARGEST_ROW:,} bytes.")
        elif line.strip():
            yield made(number, lambda line=line: read(line.removeprefix(b"\xef\xbb\xbf")))  # type: ignore[misc]


def made(number: int, read: Callable[[], tuple[Literal["QAAdded", "ConversationTrained"], Data]]) -> Row | BadRow:
    """The row that `read` gives, or the reason why it doesn't."""
    try:
        fact, data = read()
        return Row(number, fact, data)
    except Unusable as problem:
        return BadRow(number, str(problem), {problem.field: str(problem)} if problem.field else {})


def parsed(text: bytes) -> Data:
    """A JSON object. Raises `Unusable`."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise Unusable(f"The row isn't JSON: {problem}.") from problem
    if not isinstance(found, dict):
        raise Unusable("The row isn't a JSON object.")
    return found


def rest_of(lesson: Data, format: Format) -> Data:
    """What the row of this format that the lesson was imported from said besides; empty for other lessons."""
    imported = lesson.get("imported") or {}
    if imported.get("format") != format or not isinstance(imported.get("rest"), str):
        return {}
    found: Data = orjson.loads(imported["rest"])
    return found


def dumped(data: Data) -> bytes:
    """One line."""
    return orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE)


def _skip(stream: BinaryIO) -> None:
    while (more := stream.readline(LARGEST_ROW)) and not more.endswith(b"\n"):
        continue
