"""What a file of lessons is made of: rows that may become facts, and rows that can't."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Literal

import orjson

Format = Literal["jsonl", "csv", "openai", "erpnet"]
FactName = Literal["QAAdded", "ConversationTrained"]
Data = dict[str, Any]
LARGEST_ROW: Final = 4_000_000
"""Bytes; a longer row can't be a lesson and isn't kept in memory."""
LARGEST_REST: Final = 60_000
"""Characters of `imported.rest`, a JSON object as text."""
BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Row:
    """A lesson that begins in this line: the fact it would be, and its data. `model` is there if the file names one."""

    line: int
    fact: FactName
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


class Broken(Exception):
    """The file can't be read from this line on."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def lines(stream: BinaryIO, number: int = 0, first: bytes = b"") -> Iterator[tuple[int, bytes | None]]:
    """Every line that isn't blank, with its number; None in place of one that is too long.

    `number`: lines before. `first`: a line that was read already.
    """
    while line := first or stream.readline(LARGEST_ROW):
        first = b""
        number += 1
        if number == 1:
            line = line.removeprefix(BOM)
        if len(line) == LARGEST_ROW and not line.endswith(b"\n"):
            _skip(stream)
            yield number, None
        elif not line.isspace():
            yield number, line


def each(
    texts: Iterable[tuple[int, bytes | None]], read: Callable[[Data], tuple[FactName, Data]]
) -> Iterator[Row | BadRow]:
    """A row for every JSON object; a text that isn't one, or that `read` can't use, is a `BadRow`."""
    try:
        for number, text in texts:
            yield _row(number, text, read)
    except Broken as problem:
        yield BadRow(problem.line, str(problem))


def _row(number: int, text: bytes | None, read: Callable[[Data], tuple[FactName, Data]]) -> Row | BadRow:
    try:
        return Row(number, *read(parsed(text)))
    except Unusable as problem:
        return bad(number, problem)


def bad(number: int, problem: Unusable) -> BadRow:
    """The row in this line, and what is wrong with it."""
    return BadRow(number, str(problem), {problem.field: str(problem)} if problem.field else {})


def parsed(text: bytes | None) -> Data:
    """A JSON object. Raises `Unusable`."""
    if text is None:
        raise Unusable(f"The row is longer than {LARGEST_ROW:,} bytes.")
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise Unusable(f"The row isn't JSON: {problem}.") from problem
    if not isinstance(found, dict):
        raise Unusable("The row isn't a JSON object.")
    return found


def imported(format: Format, rest: Data) -> Data:
    """What a lesson keeps of its row besides. Raises `Unusable` when it is too much."""
    if not rest:
        return {"format": format}
    text = orjson.dumps(rest).decode()
    if len(text) > LARGEST_REST:
        raise Unusable(
            f"What the row says besides the lesson is longer than {LARGEST_REST:,} characters; leave something out."
        )
    return {"format": format, "rest": text}


def rest_of(lesson: Data, format: Format) -> Data:
    """What the row of this format that the lesson was imported from said besides; empty for other lessons."""
    imported = lesson.get("imported") or {}
    if imported.get("format") != format or not isinstance(imported.get("rest"), str):
        return {}
    try:
        return parsed(imported["rest"].encode())
    except Unusable:  # whoever reported the lesson wrote something else there
        return {}


def names(said: Any, model: str, models: Mapping[str, str]) -> bool:
    """Whether this is the model's id or name, as far as names are known."""
    return isinstance(said, str) and _folded(said) in (_folded(model), _folded(models.get(model, model)))


def dumped(data: Data) -> bytes:
    """One line."""
    return orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _skip(stream: BinaryIO) -> None:
    while (more := stream.readline(LARGEST_ROW)) and not more.endswith(b"\n"):
        continue
