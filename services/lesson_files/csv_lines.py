"""The rows of a CSV file with the line in which each begins; a broken one doesn't end the reading."""

import csv
import re
from io import TextIOWrapper
from typing import BinaryIO, Final

from services.lesson_files.rows import LARGEST_ROW

DELIMITERS: Final = (",", ";", "\t")
LARGEST_CELL: Final = csv.field_size_limit()
_QUOTED: Final = re.compile(r'"[^"]*"')
_SAVE_AS: Final = "save it as UTF-8 (in a spreadsheet: CSV UTF-8)."


class NotCsv(Exception):
    """A row can't be read; the sentence says why. The next one can."""


class Lines:
    """Reads row by row. `began`: the line in which the row that was read last begins."""

    def __init__(self, stream: BinaryIO) -> None:
        self.began = 1
        self._text = TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
        self._first = self._text.readline(LARGEST_ROW)
        delimiter = max(DELIMITERS, key=_QUOTED.sub("", self._first).count)
        self._rows = csv.reader(self, delimiter=delimiter, strict=True)
        self._line = 0
        self._characters = 0

    def header(self) -> list[str]:
        """The first row; empty in an empty file. Raises `NotCsv`."""
        if self._first.startswith(("\udcff\udcfe", "\udcfe\udcff")):
            raise NotCsv(f"The file is UTF-16; {_SAVE_AS}")
        return self.row() or []

    def row(self) -> list[str] | None:
        """The next row, empty for an empty line; None at the end. Raises `NotCsv`."""
        self.began, self._characters = self._line + 1, 0
        try:
            cells = next(self._rows, None)
        except csv.Error as problem:
            raise NotCsv(f"The row isn't CSV: {_why(problem)}.{self._passed_over()}") from problem
        if cells and not _is_utf_8(cells):
            raise NotCsv(f"The row isn't UTF-8; {_SAVE_AS}")
        return cells

    def leave(self) -> None:
        """Let go of the stream, which stays open."""
        self._text.detach()

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        """A line for the parser, which asks for more while a quote is open."""
        line, self._first = self._first or self._text.readline(LARGEST_ROW), ""
        if not line:
            raise StopIteration
        self._line += 1
        self._characters += len(line)
        if self._characters < LARGEST_ROW:
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(LARGEST_ROW)
        raise NotCsv(f"The row is longer than {LARGEST_ROW:,} characters.{self._passed_over()}")

    def _passed_over(self) -> str:
        return f" Lines {self.began} to {self._line} were passed over." if self._line > self.began else ""


def _why(problem: csv.Error) -> str:
    if "field larger" in str(problem):
        return f"a cell is longer than {LARGEST_CELL:,} characters, or a quote is opened and never closed"
    if "unexpected end" in str(problem):
        return "a quote is opened and never closed"
    return f"{problem}; a quote is missing, or not doubled"


def _is_utf_8(cells: list[str]) -> bool:
    text = "".join(cells)
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
