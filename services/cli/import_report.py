"""What became of the rows of an import: counted in memory, named in a temporary database, told in the order of lines."""

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from services.cli.failures import as_data
from services.cli.screen import counted, note, say
from services.refusals import Refused

SHOWN: Final = 20
MARKED: Final = 1_000
"""Rows of each kind that are named; the rest is counted."""
_MARKS: Final = {
    "duplicates": ("duplicate", "duplicates"),
    "conflicts": ("conflict", "conflicts"),
    "personal_data": ("row with personal data", "rows with personal data"),
}
Told = dict[str, Any]


@dataclass
class Report:
    """`marks`: how many rows somebody should look at, by kind."""

    accepted: int = 0
    proposed: int = 0
    revised: int = 0
    restored: int = 0
    unchanged: int = 0
    rejected: int = 0
    marks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_MARKS, 0))

    def __post_init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)  # a file that SQLite removes when it is closed
        self._rows.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000;"
            "CREATE TABLE told (kind TEXT, row INTEGER, document TEXT);"
        )

    def reject(self, line: int, row: int, refused: Refused) -> None:
        """The row that begins in this line was not accepted. `row`: which of the file's it is, counted from 1."""
        self.rejected += 1
        self._name("rejected", {"line": line, "row": row, **as_data(refused)})

    def mark(self, found: Told) -> None:
        """Somebody should look at this row: `line`, `row`, `kind`, and what is to be seen there."""
        self.marks[found["kind"]] += 1
        if self.marks[found["kind"]] <= MARKED:
            self._name("marked", found)

    def named(self, kind: str) -> Iterator[Told]:
        """Those that are `rejected`, or `marked`, in the order of their lines."""
        query = "SELECT document FROM told WHERE kind = ? ORDER BY row"
        for (document,) in self._rows.execute(query, (kind,)):
            yield json.loads(document)

    def _name(self, kind: str, told: Told) -> None:
        self._rows.execute("INSERT INTO told VALUES (?, ?, ?)", (kind, told["row"], json.dumps(told)))


def show(report: Report, id: str | None) -> None:
    """One JSON document, written row by row. `id`: the import's; None when nothing was recorded."""
    counts = ("accepted", "proposed", "revised", "restored", "unchanged")
    plain = {"import": id} | {name: getattr(report, name) for name in counts} | report.marks
    sys.stdout.write(json.dumps(plain)[:-1])
    for kind in ("rejected", "marked"):
        sys.stdout.write(f', "{kind}": [')
        for number, told in enumerate(report.named(kind)):
            sys.stdout.write((", " if number else "") + json.dumps(told, ensure_ascii=False))
        sys.stdout.write("]")
    sys.stdout.write("}\n")
    sys.stdout.flush()


def tell(report: Report, id: str | None) -> None:
    """Sentences for people. `id`: the import's; None when nothing was recorded."""
    _name(report.named("rejected"), report.rejected, "rejected", lambda row: str(row["message"]))
    _name(report.named("marked"), sum(report.marks.values()), "to look at", _marked)
    kinds = ((report.proposed, "proposed"), (report.revised, "revised"), (report.restored, "restored"))
    among = ", ".join(f"{number:,} {kind}" for number, kind in kinds if number)
    parts = [counted(report.accepted, "row") + " " + ("accepted" if id else "would be accepted")]
    parts[0] += f" ({among})" if among else ""
    parts += [f"{report.unchanged:,} known already"] if report.unchanged else []
    parts += [f"{report.rejected:,} rejected"] if report.rejected else []
    say(", ".join(parts) + ".")
    if looked := [counted(number, *_MARKS[kind]) for kind, number in report.marks.items() if number]:
        say(f"Worth a look: {', '.join(looked)}.")
    if id is None:
        say("Nothing was recorded.")
    elif report.accepted:
        say(f"Take it back with: apprentice undo {id}")


def _name(rows: Iterable[Told], number: int, what: str, sentence: Any) -> None:
    for row in islice(rows, SHOWN):
        place = f", row {row['row']}" if row["row"] > row["line"] else ""  # JSON may have many rows in a line
        note(f"line {row['line']}{place}: {sentence(row)}")
    if number > SHOWN:
        note(f"... and {number - SHOWN:,} more {what}; --json names them.")


def _marked(row: Told) -> str:
    if row["kind"] == "personal_data":
        return f"holds personal data ({', '.join(row['found'])})"
    other = f"line {row['with_line']}" if "with_line" in row else f"the lesson {row['lesson']}"
    return f"{'says the same as' if row['kind'] == 'duplicates' else 'has another answer than'} {other}"
