"""The log on PostgreSQL: the library's application recorder with table lock first, binary columns, positions, chain."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from eventsourcing.persistence import PersistenceError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from psycopg import Cursor
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow
from psycopg.sql import SQL, Composed, Identifier

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
from services.eventlog.urls import libpq_url

_COLUMNS: Final = "notification_id, recorded_at, fact_end, originator_id, originator_version, topic, state, chain"


class PostgresLogRecorder(PostgresApplicationRecorder):
    """The library's recorder, inserting under the table lock with explicit positions and the chain."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        self.sql_create_statements[self.create_table_statement_index] = self._sql(
            "CREATE TABLE IF NOT EXISTS {table} (originator_id {id_type} NOT NULL, originator_version bigint NOT NULL, "
            "topic text NOT NULL, state bytea NOT NULL, notification_id bigint NOT NULL, recorded_at bigint NOT NULL, "
            "fact_end bigint NOT NULL, chain bytea NOT NULL, PRIMARY KEY (originator_id, originator_version))"
        )
        # The library's own insert function knows nothing of our columns; it isn't made.
        del self.sql_create_statements[self.create_insert_function_statement_index]
        self.sql_create_statements += [
            self._sql("CREATE TABLE IF NOT EXISTS {log} (id text PRIMARY KEY, format integer NOT NULL)"),
            self._sql(
                "CREATE TABLE IF NOT EXISTS {facts} (source text NOT NULL, id text NOT NULL, position bigint NOT NULL, "
                "digest bytea NOT NULL, PRIMARY KEY (source, id))"
            ),
            self._sql(
                "CREATE TABLE IF NOT EXISTS {unique} (tbl text NOT NULL, key text NOT NULL, value text NOT NULL, "
                "PRIMARY KEY (tbl, key))"
            ),
        ]

    def _create_table(self, curs: Cursor[DictRow]) -> None:
        curs.execute("SELECT pg_advisory_xact_lock(72057594037926)")
        super()._create_table(curs)
        curs.execute(
            self._sql("INSERT INTO {log} SELECT %s, 1 WHERE NOT EXISTS (SELECT 1 FROM {log})"), (uuid.uuid4().hex,)
        )

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """One save is one fact without an id; gives the notification ids."""
        with self.locked() as cursor:
            head = self.head(cursor)
            rows = [NewEvent(_text(e.originator_id), e.originator_version, e.topic, e.state) for e in stored_events]
            events = extend(head, _now(head), [rows] if rows else [])
            self.insert(cursor, events)
        return [event.position for event in events]

    @contextmanager
    def locked(self) -> Iterator[Cursor[DictRow]]:
        """A transaction that takes the table lock before anything is read. Raises the library's errors."""
        with self.datastore.get_connection() as connection, connection.transaction(), connection.cursor() as cursor:
            self._lock_table(cursor)
            yield cursor

    def head(self, cursor: Cursor[DictRow]) -> Head:
        """The last event, as this transaction sees it."""
        rows = self.rows(
            cursor, "SELECT notification_id, recorded_at, chain FROM {table} ORDER BY notification_id DESC LIMIT 1", ()
        )
        return Head(rows[0][0], rows[0][1], bytes(rows[0][2])) if rows else beginning(self.log_id(cursor))

    def log_id(self, cursor: Cursor[DictRow]) -> str:
        """The log's own id."""
        return str(self.rows(cursor, "SELECT id FROM {log}", ())[0][0])

    def insert(self, cursor: Cursor[DictRow], events: Sequence[Recorded]) -> None:
        """Insert linked events as binary column arrays, the quickest way short of COPY."""
        if not events:
            return
        kind = self.datastore.originator_id_type
        query = (
            f"INSERT INTO {{table}} ({_COLUMNS}) SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], "
            f"%b::text[]::{kind}[], %b::bigint[], %b::text[], %b::bytea[], %b::bytea[])"
        )
        columns = zip(
            *((e.position, e.recorded_at, e.fact_end, e.stream, e.revision, e.topic, e.state, e.chain) for e in events),
            strict=True,
        )
        cursor.execute(self._sql(query), [list(column) for column in columns])
        self._notify_channel(cursor)

    def rows(self, cursor: Cursor[DictRow], query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a query as tuples; `{table}` and its sisters are filled in."""
        cursor.execute(self._sql(query), parameters, binary=True)
        return [tuple(row.values()) for row in cursor.fetchall()]

    def execute_many(self, cursor: Cursor[DictRow], query: str, parameters: Sequence[Sequence[Any]]) -> None:
        """One statement for many rows."""
        if parameters:
            cursor.executemany(self._sql(query), parameters)

    def _sql(self, text: str) -> Composed:
        def name(table: str) -> Composed:
            return SQL("{}.{}").format(Identifier(self.datastore.schema), Identifier(table))

        return SQL(text).format(
            table=name(self.events_table_name),
            log=name("log"),
            facts=name("facts"),
            unique=name("unique_rows"),
            id_type=SQL("uuid" if self.datastore.originator_id_type == "uuid" else "text"),
        )


class PostgresLogFactory(PostgresFactory):
    """The library's factory, making our recorder."""

    application_recorder_class = PostgresLogRecorder


class PostgresWriting:
    """One transaction on PostgreSQL; implements `Writing`."""

    def __init__(self, recorder: PostgresLogRecorder, cursor: Cursor[DictRow]) -> None:
        self._recorder = recorder
        self._cursor = cursor
        self.head = recorder.head(cursor)
        self.recorded_at = _now(self.head)

    def facts(self, keys: Collection[FactKey]) -> dict[FactKey, Seen]:
        """Those of the facts that were accepted before."""
        query = (
            "SELECT f.source, f.id, f.position, f.digest FROM {facts} f "
            "JOIN unnest(%s::text[], %s::text[]) AS k(source, id) ON f.source = k.source AND f.id = k.id"
        )
        return {(row[0], row[1]): Seen(row[2], bytes(row[3])) for row in self._pairs(query, keys)}

    def streams(self, names: Collection[str]) -> dict[str, list[Recorded]]:
        """The events of each log stream in order."""
        query = (
            f"SELECT {_COLUMNS} FROM {{table}} WHERE originator_id = ANY(%s) ORDER BY originator_id, originator_version"
        )
        found: dict[str, list[Recorded]] = {}
        for row in self._recorder.rows(self._cursor, query, (list(names),)) if names else ():
            event = _recorded(row)
            found.setdefault(event.stream, []).append(event)
        return found

    def unique(self, keys: Collection[UniqueKey]) -> dict[UniqueKey, str]:
        """Those of the keys that are taken, with their values."""
        query = (
            "SELECT u.tbl, u.key, u.value FROM {unique} u "
            "JOIN unnest(%s::text[], %s::text[]) AS k(tbl, key) ON u.tbl = k.tbl AND u.key = k.key"
        )
        return {(row[0], row[1]): row[2] for row in self._pairs(query, keys)}

    def append(self, appends: Sequence[Append]) -> list[int]:
        """Each fact's position."""
        events, ends = extend_with(self.head, self.recorded_at, appends)
        self._check(appends)
        self._recorder.insert(self._cursor, events)
        rows = [(one.source, one.id, end, one.digest) for one, end in zip(appends, ends, strict=True)]
        columns = [list(column) for column in zip(*rows, strict=True)] if rows else []
        if columns:
            query = "INSERT INTO {facts} SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::bytea[])"
            self._cursor.execute(self._recorder._sql(query), columns)
        self._claim({key: value for one in appends for key, value in one.claims.items()})
        if events:
            self.head = Head(events[-1].position, events[-1].recorded_at, events[-1].chain)
        return ends

    def replace_unique(self, rows: Mapping[UniqueKey, str]) -> None:
        """Set all unique rows anew."""
        self._cursor.execute(self._recorder._sql("DELETE FROM {unique}"))
        self._claim(rows)

    def _claim(self, claims: Mapping[UniqueKey, str | None]) -> None:
        taken = [(*key, value) for key, value in claims.items() if value is not None]
        given_up = [key for key, value in claims.items() if value is None]
        self._recorder.execute_many(self._cursor, "DELETE FROM {unique} WHERE tbl=%s AND key=%s", given_up)
        query = "INSERT INTO {unique} VALUES (%s,%s,%s) ON CONFLICT (tbl, key) DO UPDATE SET value = excluded.value"
        self._recorder.execute_many(self._cursor, query, taken)

    def _check(self, appends: Sequence[Append]) -> None:
        for source, id in self.facts([(one.source, one.id) for one in appends]):
            raise FactTaken(source, id)
        first: dict[str, int] = {}
        for one in appends:
            for event in one.events:
                first.setdefault(event.stream, event.revision)
        query = "SELECT originator_id, max(originator_version) FROM {table} WHERE originator_id = ANY(%s) GROUP BY 1"
        for stream, revision in self._recorder.rows(self._cursor, query, (list(first),)):
            if revision >= first[stream]:
                raise RevisionTaken(stream, first[stream])

    def _pairs(self, query: str, keys: Collection[tuple[str, str]]) -> list[tuple[Any, ...]]:
        if not keys:
            return []
        return self._recorder.rows(self._cursor, query, ([key[0] for key in keys], [key[1] for key in keys]))


class PostgresLog:
    """Implements `EventLog` in a PostgreSQL database."""

    def __init__(self, url: str, lock_timeout: float = 10.0) -> None:
        self._url = libpq_url(url)
        given = conninfo_to_dict(self._url)
        datastore = PostgresDatastore(
            dbname=str(given.get("dbname", "postgres")),
            host=str(given.get("host", "localhost")),
            port=str(given.get("port", 5432)),
            user=str(given.get("user", "postgres")),
            password=str(given.get("password", "")),
            pool_size=2,
            max_overflow=8,
            pre_ping=True,
            lock_timeout=round(lock_timeout),
            originator_id_type="text",
        )
        self.recorder = PostgresLogRecorder(datastore, events_table_name="events")
        try:
            with _unavailable():
                self.recorder.create_table()
                with self._reading() as cursor:
                    self.log_id = self.recorder.log_id(cursor)
        except LogUnavailable as problem:
            datastore.close()
            if isinstance(problem.__cause__, PersistenceError) and "column" in str(problem):
                raise NotALog(
                    "The database holds tables of another program; give Apprentice one of its own."
                ) from problem
            raise

    def head(self) -> Head:
        """The last event."""
        with _unavailable(), self._reading() as cursor:
            return self.recorder.head(cursor)

    def read(self, after: int, limit: int = 500, upto: int | None = None) -> list[Recorded]:
        """At most `limit` events with `after` < position <= `upto`, in order."""
        last = 2**62 if upto is None else upto
        return self._select(
            "WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id LIMIT %s",
            (after, last, limit),
        )

    def at(self, positions: Sequence[int]) -> list[Recorded]:
        """The events at these positions, in the log's order."""
        return self._select("WHERE notification_id = ANY(%s) ORDER BY notification_id", (list(positions),))

    def stream(self, name: str) -> list[Recorded]:
        """One log stream's events in order."""
        return self._select("WHERE originator_id = %s ORDER BY originator_version", (name,))

    def unique_rows(self) -> dict[UniqueKey, str]:
        """All rows of the unique tables."""
        with _unavailable(), self._reading() as cursor:
            return {
                (row[0], row[1]): row[2]
                for row in self.recorder.rows(cursor, "SELECT tbl, key, value FROM {unique}", ())
            }

    def resolve(self, at: int | datetime) -> int:
        """The greatest fact_end <= `at`."""
        last = at if isinstance(at, int) else self._position_at(at)
        rest = "WHERE notification_id <= %s AND fact_end = notification_id ORDER BY notification_id DESC LIMIT 1"
        ends = self._select(rest, (last,))
        return ends[0].position if ends else 0

    def _position_at(self, at: datetime) -> int:
        wanted, head = micros(at), self.head()
        refuse_future(wanted, max(time.time_ns() // 1_000, head.recorded_at))
        return last_recorded_by(wanted, head.position, lambda position: self.at([position])[0].recorded_at)

    @contextmanager
    def writing(self) -> Iterator[PostgresWriting]:
        """Take the table lock, then read and append; commits on leaving, takes all back when an error leaves."""
        with _unavailable(), self.recorder.locked() as cursor:
            yield PostgresWriting(self.recorder, cursor)

    def close(self) -> None:
        """Give the connections back."""
        self.recorder.datastore.close()

    @contextmanager
    def _reading(self) -> Iterator[Cursor[DictRow]]:
        with (
            self.recorder.datastore.get_connection() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            yield cursor

    def _select(self, rest: str, parameters: Sequence[Any]) -> list[Recorded]:
        with _unavailable(), self._reading() as cursor:
            rows = self.recorder.rows(cursor, f"SELECT {_COLUMNS} FROM {{table}} {rest}", parameters)
            return [_recorded(row) for row in rows]


def _recorded(row: Sequence[Any]) -> Recorded:
    position, recorded_at, fact_end, stream, revision, topic, state, chain = row
    return Recorded(position, recorded_at, fact_end, str(stream), revision, topic, bytes(state), bytes(chain))


def _now(head: Head) -> int:
    return max(time.time_ns() // 1_000, head.recorded_at + 1)


def _text(originator: UUID | str) -> str:
    return str(originator)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (PersistenceError, psycopg.Error, OSError) as problem:
        raise LogUnavailable(
            f"The log's database can't be used now ({type(problem).__name__}: {problem}); nothing was stored. Try again."
        ) from problem
