"""The objects of a JSON document, one at a time, each with the line in which it begins; never the whole file in memory.

`ijson` streams as well, but doesn't say in which line an object begins, and ends at the first broken one."""

import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO, Final

from services.lesson_files.rows import BOM, LARGEST_ROW, Broken, Unusable, lines, parsed

CHUNK: Final = 65_536
# Strings are taken whole, so brackets within them don't count; a lone quote is a string that goes on in the next chunk.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]\n]|"', re.DOTALL)
_BETWEEN: Final = b" \t\r\n,"
_NEXT_PAGE: Final = (b'"@odata.nextLink"', b'"odata.nextLink"')

Found = tuple[int, bytes | None]


def objects(stream: BinaryIO) -> Iterator[Found]:
    """Line and text of every object: of `[...]`, of the array `value` of `{...}` (OData), or one a line.

    What stands where an object should is given as it is; None is one that is too long. Raises `Broken`.
    """
    first = stream.readline(LARGEST_ROW)
    if _is_record(first):
        yield from lines(stream, 0, first)
    else:
        yield from _within(first, stream)


def lines_or_list(stream: BinaryIO) -> Iterator[Found]:
    """Line and text of every line; or, where the file is one list, of every object in it. Raises `Broken`."""
    first = stream.readline(LARGEST_ROW)
    if first.removeprefix(BOM).lstrip().startswith(b"["):
        yield from _within(first, stream)
    else:
        yield from lines(stream, 0, first)


def _within(first: bytes, stream: BinaryIO) -> Iterator[Found]:
    return _Objects().of(chain((first.removeprefix(BOM),), iter(partial(stream.read, CHUNK), b"")))


def _is_record(line: bytes) -> bool:
    try:
        return not isinstance(parsed(line.removeprefix(BOM)).get("value"), list)
    except Unusable:
        return False


class _Objects:
    """Follows quotes and brackets; what is between them is left to the parser of a single object."""

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0  # the buffer was followed up to here
        self._line = 1
        self._depth = 0
        self._items_at = 0  # the depth at which objects are items; 0 until the array was found
        self._value_next = False
        self._next_page = 0  # the line that says where the list goes on
        self._began: int | None = None  # where in the buffer the present item begins
        self._began_line = 1
        self._too_long = False

    def of(self, chunks: Iterator[bytes]) -> Iterator[Found]:
        for chunk in chunks:
            self._take(chunk)
            for token in _TOKEN.finditer(self._buffer, self._at):
                text = token.group()
                if text == b'"':
                    break
                if self._depth == self._items_at and (stray := self._stray(token)):
                    yield self._line, stray
                if (found := self._follow(text, token)) is not None:
                    yield found
                self._at = token.end()
        if self._depth > self._items_at:
            raise Broken(self._began_line, "What begins here isn't closed.")
        if self._depth or self._buffer[self._at :].strip(_BETWEEN):
            raise Broken(self._line, "The file ends in the middle.")
        if self._next_page:
            raise Broken(
                self._next_page, "The list goes on where @odata.nextLink says; fetch and import that page too."
            )

    def _take(self, chunk: bytes) -> None:
        if self._began is not None and len(self._buffer) - self._began > LARGEST_ROW:
            self._began, self._too_long = None, True
        keep = self._at if self._began is None else self._began
        if len(self._buffer) - self._at > LARGEST_ROW:
            raise Broken(self._line, f"What stands here is longer than {LARGEST_ROW:,} bytes; is a quote missing?")
        self._buffer = self._buffer[keep:] + chunk
        self._at -= keep
        self._began = None if self._began is None else 0

    def _stray(self, token: "re.Match[bytes]") -> bytes:
        """What stands between two items and is none, as in `[1, {...}]`."""
        return self._buffer[self._at : token.start()].strip(_BETWEEN)

    def _follow(self, text: bytes, token: "re.Match[bytes]") -> Found | None:
        if text == b"\n":
            self._line += 1
        elif text == b"{" or text == b"[":
            self._open(text, token)
        elif text == b"}" or text == b"]":
            return self._close(token)
        else:
            self._line += text.count(b"\n")
            self._value_next = self._depth == 1 and text == b'"value"'
            if self._depth == 1 and text in _NEXT_PAGE:
                self._next_page = self._line
            return (self._line, text) if self._depth == self._items_at else None
        return None

    def _open(self, text: bytes, token: "re.Match[bytes]") -> None:
        if text == b"[" and (self._depth == 0 or (self._depth == 1 and self._value_next)):
            self._items_at, self._began = self._depth + 1, None
        elif self._depth == self._items_at:
            self._began, self._began_line, self._too_long = token.start(), self._line, False
        self._depth += 1
        self._value_next = False

    def _close(self, token: "re.Match[bytes]") -> Found | None:
        if self._depth == 0:
            raise Broken(self._line, "A bracket is closed that was never opened.")
        self._depth -= 1
        if self._depth < self._items_at:
            self._items_at = 0
        elif self._depth == self._items_at and (self._too_long or self._began is not None):
            text = None if self._began is None else self._buffer[self._began : token.end()]
            self._began, self._too_long = None, False
            return self._began_line, text
        return None
