"""What a model knows, ready to be asked: all pairs indexed in memory, or, where they are many, left on disk."""

import sqlite3
import threading
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from services.embedded_provider.artifact import MANY, SPELT, Text, pairs_in, read_artifact, reading, write_artifact
from services.embedded_provider.turns import Pair
from services.similarity.index import Index, rank
from services.similarity.tokens import features

CANDIDATES: Final = 60
WORK: Final = 20_000
"""Candidates are looked for among the rarest features of a question, until so many rows would be visited."""


class Found(NamedTuple):
    """A pair and how alike its text is, from 0 to 1."""

    pair: Pair
    score: float


class Knowledge(Protocol):
    """Threads may ask it at the same time."""

    @property
    def weight(self) -> int:
        """How many pairs it keeps in memory."""

    def nearest(self, asked: str, text: Text, limit: int) -> list[Found]:
        """The pairs whose text is most alike, the most alike first, of equal ones the latest."""


class Few:
    """Everything in memory. The index over questions in their context is built when it is needed."""

    def __init__(self, pairs: list[Pair]) -> None:
        self._pairs = pairs
        self._indexes: dict[Text, Index] = {"question": Index.build(one.question for one in pairs)}
        self._lock = threading.Lock()

    @property
    def weight(self) -> int:
        """How many pairs it keeps in memory."""
        return len(self._pairs)

    def nearest(self, asked: str, text: Text, limit: int) -> list[Found]:
        """The pairs whose text is most alike."""
        return [Found(self._pairs[match.row], match.score) for match in self._index(text).nearest(asked, limit)]

    def _index(self, text: Text) -> Index:
        with self._lock:
            if text not in self._indexes:
                self._indexes[text] = Index.build(one.in_context for one in self._pairs)
            return self._indexes[text]


class Many:
    """Pairs on disk: the full-text index gives candidates, the same scorer ranks them."""

    weight = 0

    def __init__(self, path: Path, size: int) -> None:
        self._path, self._size = path, size

    def nearest(self, asked: str, text: Text, limit: int) -> list[Found]:
        """The pairs whose text is most alike, among the candidates."""
        with closing(reading(self._path)) as connection:
            if text == "in_context" and not _has_context(connection):
                text = "question"
            pairs = _candidates(connection, asked, text)
            texts = [str(getattr(one, text)) for one in pairs]
            matches = rank(asked, texts, self._size, lambda names: _seen(connection, text, names), limit)
        return [Found(pairs[match.row], match.score) for match in matches]


def load(path: Path) -> Few | Many:
    """From an artifact; one of an older format or scorer is written anew first. Blocking.

    Raises:
        NewerArtifact: a newer version made it.
        sqlite3.Error: it isn't there, or broken.
    """
    count, current = read_artifact(path)
    if count <= MANY:
        return Few(pairs_in(path))
    if not current:
        write_artifact(path, pairs_in(path))
    return Many(path, count)


def _candidates(connection: sqlite3.Connection, asked: str, text: Text) -> list[Pair]:
    seen = _seen(connection, text, features(asked).keys())
    wanted: list[str] = []
    work = 0
    for name, count in sorted(seen.items(), key=lambda pair: pair[1]):
        work += count
        if wanted and work > WORK:
            break
        wanted.append(name[SPELT:])
    if not wanted:
        return []
    sql = (
        f"SELECT question, answer, context FROM pair WHERE id IN "
        f"(SELECT rowid FROM {text}_found WHERE {text}_found MATCH ? ORDER BY rank LIMIT ?) ORDER BY id"
    )
    match = " OR ".join(f'"{name}"' for name in wanted)
    return [Pair(*row) for row in connection.execute(sql, (match, CANDIDATES))]


def _has_context(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name='in_context_seen'").fetchone() is not None


def _seen(connection: sqlite3.Connection, text: Text, names: Collection[str]) -> Mapping[str, int]:
    marks = ",".join("?" * len(names))
    return dict(
        connection.execute(f"SELECT name, seen FROM {text}_seen WHERE name IN ({marks})", list(names)).fetchall()
    )
