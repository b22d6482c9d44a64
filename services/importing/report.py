"""What became of the rows of an import: counted in memory, named in a temporary database in the order of lines."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from services.refusals import Refused

MARKED: Final = 1_000
"""Rows of each kind that are named; the rest is counted."""
MARKS: Final = ("duplicates", "conflicts", "personal_data")
REACTIVATED: Final = ("QAReactivated", "ConversationReactivated")
REVISED: Final = ("QARevised", "QAMoved", "QADeactivated", "ConversationRevised", "ConversationDeactivated")
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
    marks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MARKS, 0))

    def __post_init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)  # a file that SQLite removes when it is closed
        self._rows.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000;"
            "CREATE TABLE told (kind TEXT, row INTEGER, document TEXT);"
        )

    def close(self) -> None:
        """Forget the names of rows; the counts stay."""
        self._rows.close()

    def count(self, became: str | None, by: int = 1) -> None:
        """A row was accepted, and became this. `by` -1: it wasn't after all."""
        self.accepted += by
        self.proposed += by * (became == "LessonProposed")
        self.restored += by * (became in REACTIVATED)
        self.revised += by * (became in REVISED)

    def reject(self, line: int, row: int, refused: Refused) -> None:
        """The row that begins in this line was not accepted. `row`: which of the file's it is, counted from 1."""
        self.rejected += 1
        self._name(
            "rejected",
            {"line": line, "row": row, "code": refused.code, "message": refused.message, "fields": refused.fields},
        )

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
