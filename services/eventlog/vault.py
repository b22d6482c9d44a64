"""Where wrapped keys are kept: a small database of its own, backed up apart from the log."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from services.eventlog.log import LogUnavailable
from services.eventlog.urls import is_postgresql, libpq_url, sqlite_path

if TYPE_CHECKING:
    from psycopg import Connection

Row = tuple[str, str, bytes]
"""Key id, holder, wrapped key."""


class Vault(Protocol):
    """Keeps rows durably; every method is one transaction. They raise `LogUnavailable`."""

    def of_holders(self, holders: Collection[str]) -> list[Row]:
        """The rows of these holders."""

    def of_ids(self, ids: Collection[str]) -> list[Row]:
        """The rows with these key ids."""

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, leaving alone the holders that have one; durable on return."""

    def remove(self, holder: str) -> None:
        """Forget a holder's row for good."""

    def close(self) -> None:
        """Give connections back."""


def open_vault(url: str) -> Vault:
    """The vault at `sqlite:///path` or `postgresql://...`, made when there is none."""
    return PostgresVault(libpq_url(url)) if is_postgresql(url) else SqliteVault(url)


_TABLE = "CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, holder TEXT NOT NULL UNIQUE, wrapped {blob} NOT NULL)"


class SqliteVault:
    """One file, one connection under a lock; secure_delete overwrites what is removed."""

    def __init__(self, url: str) -> None:
        path = sqlite_path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(_TABLE.format(blob="BLOB"))
        path.chmod(0o600)

    def of_holders(self, holders: Collection[str]) -> list[Row]:
        """The rows of these holders."""
        return self._of("holder", list(holders))

    def of_ids(self, ids: Collection[str]) -> list[Row]:
        """The rows with these key ids."""
        return self._of("id", list(ids))

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, leaving alone the holders that have one."""
        with self._lock:
            self._run("BEGIN IMMEDIATE")
            try:
                with _unavailable(sqlite3.Error):
                    self._connection.executemany("INSERT OR IGNORE INTO keys VALUES (?,?,?)", rows)
                self._run("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise

    def remove(self, holder: str) -> None:
        """Forget a holder's row for good, in the write-ahead file too."""
        with self._lock:
            self._run("DELETE FROM keys WHERE holder=?", (holder,))
            self._run("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _of(self, column: str, values: list[str]) -> list[Row]:
        found: list[Row] = []
        with self._lock:
            for start in range(0, len(values), 500):
                part = values[start : start + 500]
                marks = ",".join("?" * len(part))
                found += self._run(f"SELECT id, holder, wrapped FROM keys WHERE {column} IN ({marks})", part).fetchall()
        return found

    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        with _unavailable(sqlite3.Error):
            return self._connection.execute(sql, parameters)


class PostgresVault:
    """A table of its own in PostgreSQL."""

    def __init__(self, url: str) -> None:
        from psycopg_pool import ConnectionPool

        self._pool = ConnectionPool(url, min_size=1, max_size=4, kwargs={"autocommit": True}, open=True)
        with self._pool.connection() as connection:
            connection.execute("SELECT pg_advisory_lock(72057594037927)")
            connection.execute(_TABLE.format(blob="BYTEA"))
            connection.execute("SELECT pg_advisory_unlock(72057594037927)")

    def of_holders(self, holders: Collection[str]) -> list[Row]:
        """The rows of these holders."""
        return self._rows("SELECT id, holder, wrapped FROM keys WHERE holder = ANY(%s)", (list(holders),))

    def of_ids(self, ids: Collection[str]) -> list[Row]:
        """The rows with these key ids."""
        return self._rows("SELECT id, holder, wrapped FROM keys WHERE id = ANY(%s)", (list(ids),))

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, leaving alone the holders that have one."""
        with self._connected() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.executemany("INSERT INTO keys VALUES (%s,%s,%s) ON CONFLICT DO NOTHING", rows)

    def remove(self, holder: str) -> None:
        """Forget a holder's row."""
        with self._connected() as connection:
            connection.execute("DELETE FROM keys WHERE holder = %s", (holder,))

    def close(self) -> None:
        """Give connections back."""
        self._pool.close()

    def _rows(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        with self._connected() as connection:
            return [(row[0], row[1], bytes(row[2])) for row in connection.execute(sql, parameters).fetchall()]

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        from psycopg import Error

        with _unavailable(Error), self._pool.connection() as connection:
            yield connection


@contextmanager
def _unavailable(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind as problem:
        raise LogUnavailable(f"The keys can't be used now ({problem}); nothing was stored.") from problem
