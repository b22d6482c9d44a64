"""The objects of a JSON array, one at a time, each with the line in which it begins; never the whole file in memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from services.lesson_files.rows import LARGEST_ROW

CHUNK: Final = 65_536
# Strings are taken whole, so brackets within them don't count; a lone quote is a string that goes on in the next chunk.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]\n]|"', re.DOTALL)


class Broken(Exception):
    """The file isn't JSON from this line on."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class _State:
    line: int = 1
    depth: int = 0
    items_at: int = 0
    """The depth at which objects are items; 0 until the array was found."""
    value_next: bool = False
    began: int = -1
    began_line: int = 1


def objects(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Objects of `[...]`, of the array `value` of `{...}` (OData), or one after another. Raises `Broken`."""
    state, buffer, at = _State(), b"", 0
    while True:
        chunk = stream.read(CHUNK)
        if not chunk:
            break
        keep = state.began if state.began >= 0 else at
        buffer, at = buffer[keep:] + chunk, at - keep
        state.began = 0 if state.began >= 0 else -1
        if len(buffer) > LARGEST_ROW:
            raise Broken(
                state.began_line, f"What begins here is longer than {LARGEST_ROW:,} bytes, or a quote is missing."
            )
        for token in _TOKEN.finditer(buffer, at):
            if token.group() == b'"':
                at = token.start()
                break
            at = token.end()
            if (end := _step(state, token)) is not None:
                yield state.began_line, buffer[end[0] : end[1]]
    if state.depth or buffer[at:].strip(b" \t\r\n,"):
        raise Broken(state.line, "The file ends in the middle of a record.")


def _step(state: _State, token: "re.Match[bytes]") -> tuple[int, int] | None:
    """Take one token in; the extent of an object that it completes."""
    text = token.group()
    if text == b"\n":
        state.line += 1
    elif text in (b"{", b"["):
        _open(state, token, text)
    elif text in (b"}", b"]"):
        return _close(state, token)
    else:
        state.value_next = state.depth == 1 and text == b'"value"'
    return None


def _open(state: _State, token: "re.Match[bytes]", text: bytes) -> None:
    if text == b"[" and (state.depth == 0 or (state.depth == 1 and state.value_next)):
        state.items_at, state.began = state.depth + 1, -1
    elif text == b"{" and state.began < 0 and state.depth == state.items_at:
        state.began, state.began_line = token.start(), state.line
    state.depth += 1


def _close(state: _State, token: "re.Match[bytes]") -> tuple[int, int] | None:
    if state.depth == 0:
        raise Broken(state.line, "A bracket is closed that was never opened.")
    state.depth -= 1
    if state.began >= 0 and state.depth == state.items_at:
        extent, state.began = (state.began, token.end()), -1
        return extent
    if state.depth < state.items_at:
        state.items_at = 0
    return None
