"""The provider's own SQLite: files, jobs, job events and models."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS file (
    id TEXT PRIMARY KEY, created INTEGER NOT NULL, filename TEXT NOT NULL, purpose TEXT NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS job (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, status TEXT NOT NULL,
    file TEXT NOT NULL, validation TEXT, base TEXT NOT NULL, suffix TEXT, seed INTEGER NOT NULL, metadata TEXT NOT NULL,
    idempotency TEXT UNIQUE, finished INTEGER, model TEXT, tokens INTEGER, error TEXT);
CREATE TABLE IF NOT EXISTS job_key (key TEXT PRIMARY KEY, job TEXT NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO job_key SELECT idempotency, id FROM job WHERE idempotency IS NOT NULL;
CREATE TABLE IF NOT EXISTS job_event (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, job TEXT NOT NULL, created INTEGER NOT NULL,
    level TEXT NOT NULL, message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS job_event_job ON job_event (job, number);
CREATE TABLE IF NOT EXISTS model (id TEXT PRIMARY KEY, created INTEGER NOT NULL, job TEXT NOT NULL);
"""


class Database:
    """One connection under a lock. A statement by itself is durable when it returns; `writing` joins several."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(folder / "provider.db", check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.executescript(_SCHEMA)

    def one(self, sql: str, *parameters: Any) -> Row | None:
        """The first row."""
        with self._lock:
            row = self._connection.execute(sql, parameters).fetchone()
        return dict(row) if row else None

    def all(self, sql: str, *parameters: Any) -> list[Row]:
        """Every row."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(sql, parameters).fetchall()]

    def run(self, sql: str, *parameters: Any) -> int:
        """Change something; gives the number of rows."""
        with self._lock:
            return self._connection.execute(sql, parameters).rowcount

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing of what is run inside."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def event(self, job: str, message: str, level: str = "info") -> None:
        """Note something about a job."""
        sql = "INSERT INTO job_event (id, job, created, level, message) VALUES (?,?,?,?,?)"
        self.run(sql, f"ftevent-{secrets.token_hex(12)}", job, now(), level, message)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def now() -> int:
    """Seconds since 1970."""
    return int(time.time())


def loads(text: str | None) -> Any:
    """JSON of a column, None when empty."""
    return json.loads(text) if text else None
