"""What a finished job leaves: its pairs in a SQLite file; where they are many, also what finds candidates quickly.

Tables: `about(format, scorer)`, `pair(id, question, answer, context)`. Above `MANY` pairs, for each text that a question
is compared with (`question`, and `in_context` where any pair has context): `<text>_seen(name, seen)`, in how many texts
a feature occurs, and `<text>_found`, a full-text index over the features themselves, so that it ranks by what the scorer
counts.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

from services.embedded_provider.turns import Pair
from services.similarity.index import SCORER
from services.similarity.tokens import features, words

FORMAT: Final = 2
MANY: Final = 10_000
"""Above so many pairs, candidates come from the full-text index and only they are scored."""

SPELT: Final = 2
"""The full-text index spells a feature without its kind, `w ` or `g `."""

Text = Literal["question", "in_context"]


class NewerArtifact(Exception):
    """A newer version made it; ours can't read it."""


def write_artifact(path: Path, pairs: Iterable[Pair]) -> tuple[int, list[str]]:
    """Write the pairs; gives their number and warnings. Of one question with several answers the latest stays."""
    latest, warnings = _latest(pairs)
    new = path.with_name(f"{path.name}.{uuid4().hex}.new")
    try:
        with closing(sqlite3.connect(new)) as connection, connection:
            _write(connection, latest)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return len(latest), warnings


def read_artifact(path: Path) -> tuple[int, bool]:
    """How many pairs it holds, and whether it was made for this scorer and format.

    Raises:
        NewerArtifact: its format is newer than ours.
        sqlite3.Error: it isn't there, or broken.
    """
    with closing(reading(path)) as connection:
        format, scorer = connection.execute("SELECT format, scorer FROM about").fetchone()
        (count,) = connection.execute("SELECT count(*) FROM pair").fetchone()
    if format > FORMAT:
        raise NewerArtifact(
            f"The model was made by a newer version (format {format}, ours is {FORMAT}); update this one."
        )
    return count, (format, scorer) == (FORMAT, SCORER)


def pairs_in(path: Path) -> list[Pair]:
    """All pairs, in order."""
    with closing(reading(path)) as connection:
        return [Pair(*row) for row in connection.execute("SELECT question, answer, context FROM pair ORDER BY id")]


def reading(path: Path) -> sqlite3.Connection:
    """A connection that only reads."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def _latest(pairs: Iterable[Pair]) -> tuple[list[Pair], list[str]]:
    latest: dict[tuple[str, ...], Pair] = {}
    warnings: list[str] = []
    for pair in pairs:
        key = (" ".join(words(pair.question)) or pair.question.strip(), " ".join(words(pair.context)))
        before = latest.pop(key, None)
        if before is not None and before.answer.strip() != pair.answer.strip():
            warnings.append(f"Several answers to {pair.question[:80]!r}; the latest is learnt.")
        latest[key] = pair
    return list(latest.values()), warnings


def _write(connection: sqlite3.Connection, pairs: list[Pair]) -> None:
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE about (format INTEGER, scorer INTEGER)")
    connection.execute("INSERT INTO about VALUES (?, ?)", (FORMAT, SCORER))
    connection.execute("CREATE TABLE pair (id INTEGER PRIMARY KEY, question TEXT, answer TEXT, context TEXT)")
    rows = ((id, one.question, one.answer, one.context) for id, one in enumerate(pairs))
    connection.executemany("INSERT INTO pair VALUES (?,?,?,?)", rows)
    if len(pairs) > MANY:
        _write_candidates(connection, "question", (one.question for one in pairs))
        if any(one.context for one in pairs):
            _write_candidates(connection, "in_context", (one.in_context for one in pairs))


def _write_candidates(connection: sqlite3.Connection, text: Text, texts: Iterable[str]) -> None:
    seen: Counter[str] = Counter()

    def rows() -> Iterator[tuple[int, str]]:
        for id, one in enumerate(texts):
            names = features(one).keys()
            seen.update(names)
            yield id, " ".join(name[SPELT:] for name in names)

    tokenizer = "unicode61 remove_diacritics 0 tokenchars ''_''"
    connection.execute(f"CREATE VIRTUAL TABLE {text}_found USING fts5(names, content='', tokenize='{tokenizer}')")
    connection.executemany(f"INSERT INTO {text}_found(rowid, names) VALUES (?,?)", rows())
    connection.execute(f"CREATE TABLE {text}_seen (name TEXT PRIMARY KEY, seen INTEGER) WITHOUT ROWID")
    connection.executemany(f"INSERT INTO {text}_seen VALUES (?,?)", seen.items())
