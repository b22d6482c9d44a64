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
_EXCELS_OWN: Final = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""A first line by which a spreadsheet is told the delimiter."""
_NO_TEXT: Final = (
    (("\udcff\udcfe", "\udcfe\udcff"), f"The file is UTF-16; {_SAVE_AS}"),
    (("\x1f\udc8b",), "The file is packed (gzip); unpack it first."),
    (("PK\x03\x04",), "The file is a workbook or an archive (ZIP); save the sheet as CSV UTF-8, or unpack it first."),
    (("\udcd0\udccf\x11",), "The file is a workbook; save the sheet as CSV UTF-8."),
)
"""How files begin that people take for text, and what to do with them."""


class NotCsv(Exception):
    """A row can't be read; the sentence says why. The next one can."""


class Lines:
    """Reads row by row. `began`: the line in which the row that was read last begins."""

    def __init__(self, stream: BinaryIO) -> None:
        self.began = 1
        self._text = TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
        self._line = 0
        self._first = self._text.readline(LARGEST_ROW)
        self._rows = csv.reader(self, delimiter=self._delimiter(), strict=True)
        self._characters = 0

    def header(self) -> list[str]:
        """The first row that isn't a spreadsheet's own. Raises `NotCsv`."""
        if not self._first:
            raise NotCsv("The file has no line; its first one names the columns, such as question and answer.")
        for beginnings, sentence in _NO_TEXT:
            if self._first.startswith(beginnings):
                raise NotCsv(sentence)
        if "\0" in self._first:
            raise NotCsv(f"The file is no text, or UTF-16; {_SAVE_AS}")
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
        """Let go of the stream, which stays open; whoever broke off may have closed it already."""
        if not self._text.closed:
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

    def _delimiter(self) -> str:
        if own := _EXCELS_OWN.fullmatch(self._first):
            self._first, self._line = self._text.readline(LARGEST_ROW), 1
            return own[1]
        return max(DELIMITERS, key=_QUOTED.sub("", self._first).count)

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
