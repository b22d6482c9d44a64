"""A file that somebody brings, looked at before anything is reported: its columns, its first rows, single lines. Pure reading."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.lesson_files.csv_lessons import COLUMNS
from services.lesson_files.csv_lines import Lines, NotCsv

FIRST: Final = 5
"""Rows that are shown."""
SCANNED: Final = 20_000
"""Lines up to which single ones are looked up."""
EXCERPT: Final = 160
_ALSO: Final[Mapping[str, Collection[str]]] = {
    "question": {"q", "prompt", "ask", "frage", "въпрос", "запитване"},
    "answer": {"a", "reply", "response", "completion", "antwort", "отговор"},
    "section": {"category", "topic", "subject", "thema", "bereich", "kategorie", "раздел", "тема", "категория"},
    "language": {"lang", "locale", "sprache", "spr", "език"},
    "notes": {"note", "comment", "remark", "notiz", "bemerkung", "бележка", "бележки"},
    "purpose": {"use", "zweck", "предназначение"},
    "active": {"aktiv", "активен", "активна"},
    "model": {"assistant", "assistent", "модел", "асистент"},
}
"""Names by which a column is known besides the field's own; case apart."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The head of a CSV file. `problem`: why it can't be read."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    problem: str = ""

    def samples(self, column: int) -> str:
        """What stands in the first rows of a column."""
        cells = dict.fromkeys(row[column].strip() for row in self.rows if len(row) > column and row[column].strip())
        return ", ".join(cells)[:EXCERPT]


def sheet(path: Path) -> Sheet:
    """The header and the first rows."""
    with path.open("rb") as stream:
        lines = Lines(stream)
        try:
            header = lines.header()
            rows: list[list[str]] = []
            while len(rows) < FIRST and (row := lines.row()) is not None:
                rows += [row] if any(map(str.strip, row)) else []
        except NotCsv as problem:
            return Sheet([], [], str(problem))
        finally:
            lines.leave()
    return Sheet(header, rows)


def guessed(header: Sequence[str]) -> dict[str, str]:
    """Our fields with the columns that seem to be them, where these are named otherwise."""
    taken = {name for name in header if name in COLUMNS}
    found: dict[str, str] = {}
    for name in header:
        known = name.strip().casefold()
        for field in COLUMNS:
            free = field not in taken and field not in found and name not in taken
            if free and (known == field or known in _ALSO.get(field, ())):
                found[field] = name
                break
    return found


def complete(header: Sequence[str], mapping: Mapping[str, str]) -> bool:
    """Whether it is known where questions and answers stand."""
    return all(mapping.get(field, field) in header for field in ("question", "answer"))


def chosen(header: Sequence[str], fields: Sequence[str]) -> dict[str, str]:
    """The mapping that a form says: `fields`, one per column, empty for a column that is only kept."""
    pairs = zip(header, fields, strict=False)
    return {field: name for name, field in pairs if field in COLUMNS and field != name}


def excerpts(path: Path, wanted: Collection[int]) -> dict[int, str]:
    """How these lines begin, as far as they stand near the file's beginning."""
    last = max((number for number in wanted if number <= SCANNED), default=0)
    found: dict[int, str] = {}
    with path.open("rb") as stream:
        for number in range(1, last + 1):
            line = stream.readline(1_000_000)
            if number in wanted:
                found[number] = line[: EXCERPT * 4].decode(errors="replace").strip()[:EXCERPT]
    return found
