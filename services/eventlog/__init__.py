"""The event log and the keys of its sealed texts, on SQLite (`sqlite:///abs/path`) or PostgreSQL (`postgresql://`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.eventlog.keys import KeyStore
    from services.eventlog.log import EventLog


def open_log(url: str, lock_timeout: float = 10.0) -> EventLog:
    """The log at `url`, made when there is none yet. `lock_timeout`: seconds to wait for another writer.

    Raises `NotALog` when something else stands there, and `LogUnavailable`.
    """
    from services.eventlog.urls import is_postgresql, sqlite_path

    if is_postgresql(url):
        from services.eventlog.postgresql import PostgresLog

        return PostgresLog(url, lock_timeout)
    from services.eventlog.sqlite import SqliteLog

    return SqliteLog(sqlite_path(url), lock_timeout)


def open_keys(url: str, master_key: bytes) -> KeyStore:
    """The keys at `url`, made when there are none yet. `master_key`: 32 bytes; raises `WrongMasterKey`."""
    from services.eventlog.keys import KeyStore
    from services.eventlog.vault import open_vault

    return KeyStore(open_vault(url), master_key)
