"""The log on SQLite: the `eventsourcing` library's application recorder with positions, chain and unique rows."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore, SQLiteFactory

from services.eventlog.chain import beginning, extend, extend_with
from services.eventlog.instants import last_recorded_by, micros, refuse_future
from services.eventlog.log import (
    Append,
    FactKey,
    FactTaken,
    Head,
    LogUnavailable,
    NewEvent,
    NotALog,
    Recorded,
    RevisionTaken,
    Seen,
    UniqueKey,
)

LARGEST_IN: Final = 500
_COLUMNS: Final = "rowid, recorded_at, fact_end, originator_id, originator_version, topic, state, chain"


class SqliteLogRecorder(SQLiteApplicationRecorder):
    """The library's recorder, inserting under the write lock with explicit positions and the chain."""

    def construct_create_table_statements(self) -> list[str]:
        """Column `rowid` is explicit: the library reads it as notification id, VACUUM and restore keep it."""
        return [
            f"CREATE TABLE IF NOT EXISTS {self.events_table_name} ("
            "rowid INTEGER PRIMARY KEY, originator_id TEXT NOT NULL, originator_version INTEGER NOT NULL, "
            "topic TEXT NOT NULL, state BLOB NOT NULL, recorded_at INTEGER NOT NULL, fact_end INTEGER NOT NULL, "
            "chain BLOB NOT NULL, UNIQUE (originator_id, originator_version))",
            "CREATE TABLE IF NOT EXISTS log (id TEXT PRIMARY KEY, format INTEGER NOT NULL)",
            "CREATE TABLE IF NOT EXISTS facts (source TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, "
            "digest BLOB NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS unique_rows (tbl TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, "
            "PRIMARY KEY (tbl, key)) WITHOUT ROWID",
        ]

    def create_table(self) -> None:
        """Under the write lock, and only when they aren't there: who opens the log beside a busy writer just reads."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            there = {row[0] for row in cursor.fetchall()}
        if not there >= {self.events_table_name, "log", "facts", "unique_rows"}:
            with self.locked() as cursor:
                self._create_table(cursor)

    def _create_table(self, c: SQLiteCursor) -> None:
        super()._create_table(c)
        c.execute("INSERT INTO log SELECT ?, 1 WHERE NOT EXISTS (SELECT 1 FROM log)", (uuid.uuid4().hex,))

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """One save is one fact without an id; gives the notification ids."""
        with self.locked() as cursor:
            rows = [NewEvent(_text(e.originator_id), e.originator_version, e.topic, e.state) for e in stored_events]
            events = extend(self.head(cursor), self.now(cursor), [rows] if rows else [])
            self.insert(cursor, events)
        return [event.position for event in events]

    @contextmanager
    def locked(self) -> Iterator[SQLiteCursor]:
        """A transaction that takes the write lock before anything is read. Raises the library's errors."""
        with self.datastore.get_connection(commit=True) as connection, _library_errors():
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def head(self, cursor: SQLiteCursor) -> Head:
        """The last event, as this transaction sees it."""
        cursor.execute(f"SELECT rowid, recorded_at, chain FROM {self.events_table_name} ORDER BY rowid DESC LIMIT 1")
        row = cursor.fetchone()
        return Head(row[0], row[1], row[2]) if row else beginning(self.log_id(cursor))

    def log_id(self, cursor: SQLiteCursor) -> str:
        """The log's own id."""
        cursor.execute("SELECT id FROM log")
        return str(cursor.fetchone()[0])

    def now(self, cursor: SQLiteCursor) -> int:
        """Microseconds UTC, after everything recorded before."""
        return max(time.time_ns() // 1_000, self.head(cursor).recorded_at + 1)

    def insert(self, cursor: SQLiteCursor, events: Sequence[Recorded]) -> None:
        """Insert linked events."""
        cursor.executemany(
            f"INSERT INTO {self.events_table_name} ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)",
            [(e.position, e.recorded_at, e.fact_end, e.stream, e.revision, e.topic, e.state, e.chain) for e in events],
        )


class SqliteLogFactory(SQLiteFactory):
    """The library's factory, making our recorder."""

    application_recorder_class = SqliteLogRecorder


class SqliteWriting:
    """One transaction on SQLite; implements `Writing`."""

    def __init__(self, recorder: SqliteLogRecorder, cursor: SQLiteCursor) -> None:
        self._recorder = recorder
        self._cursor = cursor
        self.head = recorder.head(cursor)
        self.recorded_at = max(time.time_ns() // 1_000, self.head.recorded_at + 1)

    def facts(self, keys: Collection[FactKey]) -> dict[FactKey, Seen]:
        """Those of the facts that were accepted before."""
        found: dict[FactKey, Seen] = {}
        for part in _parts(keys):
            sql = (
                f"{_wanted(part)} SELECT source, id, position, digest FROM wanted CROSS JOIN facts ON source=a AND id=b"
            )
            found |= {(row[0], row[1]): Seen(row[2], row[3]) for row in self._rows(sql, _flat(part))}
        return found

    def streams(self, names: Collection[str]) -> dict[str, list[Recorded]]:
        """The events of each log stream in order."""
        found: dict[str, list[Recorded]] = {}
        for part in _parts(names):
            marks = ",".join("?" * len(part))
            sql = (
                f"SELECT {_COLUMNS} FROM {self._recorder.events_table_name} WHERE originator_id IN ({marks}) "
                "ORDER BY originator_id, originator_version"
            )
            for row in self._rows(sql, part):
                event = Recorded(*row)
                found.setdefault(event.stream, []).append(event)
        return found

    def unique(self, keys: Collection[UniqueKey]) -> dict[UniqueKey, str]:
        """Those of the keys that are taken, with their values."""
        found: dict[UniqueKey, str] = {}
        for part in _parts(keys):
            sql = f"{_wanted(part)} SELECT tbl, key, value FROM wanted CROSS JOIN unique_rows ON tbl=a AND key=b"
            found |= {(row[0], row[1]): row[2] for row in self._rows(sql, _flat(part))}
        return found

    def append(self, appends: Sequence[Append]) -> list[int]:
        """Each fact's position."""
        events, ends = extend_with(self.head, self.recorded_at, appends)
        accepted = [(one.source, one.id, end, one.digest) for one, end in zip(appends, ends, strict=True)]
        try:
            self._recorder.insert(self._cursor, events)
            self._cursor.executemany("INSERT INTO facts VALUES (?,?,?,?)", accepted)
        except sqlite3.IntegrityError:
            self._check(appends)  # says which one it was
            raise
        self._claim({key: value for one in appends for key, value in one.claims.items()})
        if events:
            self.head = Head(events[-1].position, events[-1].recorded_at, events[-1].chain)
        return ends

    def replace_unique(self, rows: Mapping[UniqueKey, str]) -> None:
        """Set all unique rows anew."""
        self._cursor.execute("DELETE FROM unique_rows")
        self._claim(rows)

    def _claim(self, claims: Mapping[UniqueKey, str | None]) -> None:
        taken = [(*key, value) for key, value in claims.items() if value is not None]
        given_up = [key for key, value in claims.items() if value is None]
        self._cursor.executemany("DELETE FROM unique_rows WHERE tbl=? AND key=?", given_up)
        self._cursor.executemany("INSERT OR REPLACE INTO unique_rows VALUES (?,?,?)", taken)

    def _check(self, appends: Sequence[Append]) -> None:
        taken = self.facts([(one.source, one.id) for one in appends])
        for source, id in taken:
            raise FactTaken(source, id)
        first: dict[str, int] = {}
        for one in appends:
            for event in one.events:
                first.setdefault(event.stream, event.revision)
        for part in _parts(first):
            marks = ",".join("?" * len(part))
            sql = (
                f"SELECT originator_id, max(originator_version) FROM {self._recorder.events_table_name} "
                f"WHERE originator_id IN ({marks}) GROUP BY originator_id"
            )
            for stream, revision in self._rows(sql, part):
                if revision >= first[stream]:
                    raise RevisionTaken(stream, first[stream])

    def _rows(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return [tuple(row) for row in self._cursor.fetchall()]


class SqliteLog:
    """Implements `EventLog` in one file."""

    def __init__(self, path: Path, lock_timeout: float = 10.0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        _refuse_others(path)
        datastore = SQLiteDatastore(str(path), lock_timeout=max(1, round(lock_timeout)), originator_id_type="text")
        self.recorder = SqliteLogRecorder(datastore, events_table_name="events")
        with _unavailable(path):
            self.recorder.create_table()
            with datastore.transaction(commit=False) as cursor:
                self.log_id = self.recorder.log_id(cursor)
        path.chmod(0o600)

    def head(self) -> Head:
        """The last event."""
        with _unavailable(self._path), self.recorder.datastore.transaction(commit=False) as cursor:
            return self.recorder.head(cursor)

    def read(self, after: int, limit: int = 500, upto: int | None = None) -> list[Recorded]:
        """At most `limit` events with `after` < position <= `upto`, in order."""
        last = 2**62 if upto is None else upto
        return self._select("WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT ?", (after, last, limit))

    def at(self, positions: Sequence[int]) -> list[Recorded]:
        """The events at these positions, in the log's order."""
        found: list[Recorded] = []
        for part in _parts(sorted(set(positions))):
            found += self._select(f"WHERE rowid IN ({','.join('?' * len(part))}) ORDER BY rowid", part)
        return found

    def stream(self, name: str) -> list[Recorded]:
        """One log stream's events in order."""
        return self._select("WHERE originator_id = ? ORDER BY originator_version", (name,))

    def unique_rows(self) -> dict[UniqueKey, str]:
        """All rows of the unique tables."""
        with _unavailable(self._path), self.recorder.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT tbl, key, value FROM unique_rows")
            return {(row[0], row[1]): row[2] for row in cursor.fetchall()}

    def resolve(self, at: int | datetime) -> int:
        """The greatest fact_end <= `at`."""
        last = at if isinstance(at, int) else self._position_at(at)
        ends = self._select("WHERE rowid <= ? AND fact_end = rowid ORDER BY rowid DESC LIMIT 1", (last,))
        return ends[0].position if ends else 0

    def _position_at(self, at: datetime) -> int:
        wanted = micros(at)
        refuse_future(wanted, max(time.time_ns() // 1_000, self.head().recorded_at))
        return last_recorded_by(wanted, self.head().position, lambda position: self.at([position])[0].recorded_at)

    @contextmanager
    def writing(self) -> Iterator[SqliteWriting]:
        """Take the write lock, then read and append; commits on leaving, takes all back when an error leaves."""
        with _unavailable(self._path), self.recorder.locked() as cursor:
            yield SqliteWriting(self.recorder, cursor)

    def close(self) -> None:
        """Give the connections back."""
        self.recorder.datastore.close()

    def _select(self, rest: str, parameters: Sequence[Any]) -> list[Recorded]:
        with _unavailable(self._path), self.recorder.datastore.transaction(commit=False) as cursor:
            cursor.execute(f"SELECT {_COLUMNS} FROM events {rest}", parameters)
            return [Recorded(*row) for row in cursor.fetchall()]


def _text(originator: UUID | str) -> str:
    return originator.hex if isinstance(originator, UUID) else originator


def _parts(items: Collection[Any]) -> Iterator[list[Any]]:
    everything = list(items)
    for start in range(0, len(everything), LARGEST_IN):
        yield everything[start : start + LARGEST_IN]


def _wanted(pairs: Sequence[tuple[str, str]]) -> str:
    # A row value `(a, b) IN (VALUES ...)` reads the whole table; a cross join looks each pair up by the primary key.
    return f"WITH wanted(a, b) AS (VALUES {','.join(['(?,?)'] * len(pairs))})"


def _flat(pairs: Sequence[tuple[str, str]]) -> list[str]:
    return [one for pair in pairs for one in pair]


def _refuse_others(path: Path) -> None:
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        connection = sqlite3.connect(path)
        try:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        finally:
            connection.close()
    except sqlite3.DatabaseError as problem:
        raise NotALog(f"{path} is no database ({problem}); choose another home, or move the file away.") from problem
    if tables and not {"log", "events"} <= tables:
        raise NotALog(f"{path} is a database of another program; choose another home, or move the file away.")


@contextmanager
def _unavailable(path: Path) -> Iterator[None]:
    try:
        yield
    except (PersistenceError, sqlite3.Error, OSError) as problem:
        raise LogUnavailable(
            f"The log {path.name} can't be used now ({problem}); nothing was stored. Check disk and locks, then try again."
        ) from problem


@contextmanager
def _library_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as problem:
        raise IntegrityError(problem) from problem
    except sqlite3.OperationalError as problem:
        raise OperationalError(problem) from problem
    except sqlite3.InterfaceError as problem:
        raise InterfaceError(problem) from problem
    except sqlite3.DatabaseError as problem:
        raise DatabaseError(problem) from problem
