"""What an import has met so far, in a temporary database, so that a long file doesn't fill the memory."""

import hashlib
import sqlite3
from dataclasses import dataclass

from services.folding import fold


@dataclass(frozen=True, slots=True)
class Before:
    """The same question stood in this line."""

    line: int
    same_answer: bool


class Seen:
    """Rows and questions of one file."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a file that SQLite removes when it is closed
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4000;"
            "CREATE TABLE row (digest BLOB PRIMARY KEY, times INTEGER) WITHOUT ROWID;"
            "CREATE TABLE question (digest BLOB PRIMARY KEY, answer BLOB, line INTEGER) WITHOUT ROWID;"
        )

    def row(self, digest: bytes) -> int:
        """How often this very row came, with this time."""
        query = "INSERT INTO row VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times"
        times: int = self._database.execute(query, (digest,)).fetchone()[0]
        return times

    def question(self, model: str, question: str, answer: str, line: int) -> Before | None:
        """Where the model was asked this before; None when it is new."""
        digest, said = _digest(f"{model}\0{fold(question)}"), _digest(answer.strip())
        found = self._database.execute("SELECT answer, line FROM question WHERE digest = ?", (digest,)).fetchone()
        if found is None:
            self._database.execute("INSERT INTO question VALUES (?, ?, ?)", (digest, said, line))
            return None
        return Before(found[1], found[0] == said)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:16]
