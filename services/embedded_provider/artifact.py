"""What a finished job leaves: its pairs in a SQLite file, with a full-text index where they are many."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from services.embedded_provider.training_data import Pair
from services.similarity.index import SCORER, Index, Match
from services.similarity.tokens import words

FORMAT: Final = 1
MANY: Final = 10_000
"""From so many pairs on, candidates come from the full-text index and only they are scored."""
CANDIDATES: Final = 60


def write_artifact(path: Path, pairs: Iterable[Pair]) -> tuple[int, list[str]]:
    """Write the pairs; gives their number and warnings. Of one question with several answers the latest stays."""
    latest: dict[str, Pair] = {}
    warnings: list[str] = []
    for pair in pairs:
        key = f"{pair.question.strip()}\0{pair.context}"
        if key in latest and latest[key].answer != pair.answer:
            warnings.append(f"Several answers to {pair.question[:80]!r}; the latest is learnt.")
        latest.pop(key, None)
        latest[key] = pair
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    connection = sqlite3.connect(new)
    with connection:
        connection.execute("CREATE TABLE about (format INTEGER, scorer INTEGER)")
        connection.execute("INSERT INTO about VALUES (?, ?)", (FORMAT, SCORER))
        connection.execute("CREATE TABLE pair (id INTEGER PRIMARY KEY, question TEXT, answer TEXT, context TEXT)")
        rows = [(id, one.question, one.answer, one.context) for id, one in enumerate(latest.values())]
        connection.executemany("INSERT INTO pair VALUES (?,?,?,?)", rows)
        if len(rows) >= MANY:
            connection.execute(
                "CREATE VIRTUAL TABLE candidate USING fts5(question, tokenize='trigram', content='pair', content_rowid='id')"
            )
            connection.execute("INSERT INTO candidate(candidate) VALUES ('rebuild')")
    connection.close()
    new.replace(path)
    return len(rows), warnings


class Knowledge:
    """The pairs of one model, ready to be asked. Thread-safe for reading."""

    def __init__(self, pairs: list[Pair], path: Path | None = None) -> None:
        self._pairs = pairs
        self._path = path
        self._index = Index.build(pair.question for pair in pairs) if path is None else None

    @classmethod
    def load(cls, path: Path) -> "Knowledge":
        """From an artifact; its index is built now, or left to the full-text index when there are many pairs."""
        connection = sqlite3.connect(path)
        try:
            rows = connection.execute("SELECT question, answer, context FROM pair ORDER BY id").fetchall()
        finally:
            connection.close()
        pairs = [Pair(*row) for row in rows]
        return cls(pairs, path if len(pairs) >= MANY else None)

    def nearest(self, question: str, limit: int) -> list[tuple[Pair, float]]:
        """The pairs whose questions are most alike."""
        if self._index is not None:
            return [(self._pairs[match.row], match.score) for match in self._index.nearest(question, limit)]
        rows = self._candidates(question)
        index = Index.build(self._pairs[row].question for row in rows)
        found: list[Match] = index.nearest(question, limit)
        return [(self._pairs[rows[match.row]], match.score) for match in found]

    def _candidates(self, question: str) -> list[int]:
        wanted = [word for word in words(question) if len(word) >= 3]
        if not wanted:
            return []
        grams = {word[at : at + 3] for word in wanted for at in range(len(word) - 2)}
        match = " OR ".join(f'"{gram}"' for gram in sorted(grams))
        connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        try:
            query = "SELECT rowid FROM candidate WHERE candidate MATCH ? ORDER BY rank LIMIT ?"
            return [row[0] for row in connection.execute(query, (match, CANDIDATES))]
        finally:
            connection.close()
