"""The web's own database: who is signed in, passwords, one-time links, drafts, and how far everybody has read.

None of it is history: it isn't in the log, may be lost, and then people sign in again.
"""

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, Engine, Index, MetaData, Table, Text, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite

metadata = MetaData()

session: Final = Table(
    "session", metadata,
    Column("digest", Text, primary_key=True), Column("person", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False), Column("seen_at", BigInteger, nullable=False),
    Column("browser", Text, nullable=False),
    Index("session_person", "person"),
)  # fmt: skip

password: Final = Table(
    "password", metadata,
    Column("person", Text, primary_key=True), Column("hash", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)  # fmt: skip

link: Final = Table(
    "link", metadata,
    Column("digest", Text, primary_key=True), Column("person", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False), Column("used_at", BigInteger),
)  # fmt: skip

attempt: Final = Table(
    "attempt", metadata,
    Column("login", Text, primary_key=True), Column("failures", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)  # fmt: skip

read_mark: Final = Table(
    "read_mark", metadata,
    Column("person", Text, primary_key=True), Column("chat_group", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)  # fmt: skip

draft: Final = Table(
    "draft", metadata,
    Column("person", Text, primary_key=True), Column("chat_group", Text, primary_key=True),
    Column("text", Text, nullable=False), Column("changed_at", BigInteger, nullable=False),
)  # fmt: skip


def open_database(url: str) -> Engine:
    """`sqlite:///<file>` or `postgresql://...`; makes what isn't there yet."""
    engine = _sqlite(url) if url.startswith("sqlite") else create_engine(_psycopg(url), pool_pre_ping=True)
    metadata.create_all(engine)
    return engine


def insert_into(database: Engine | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insertion that may say what becomes of a row with its primary key."""
    return sqlite.insert(table) if database.dialect.name == "sqlite" else postgresql.insert(table)


def put(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Write the row in place of the one with its primary key."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in keys}
    written = insert_into(connection, table).values(row)
    connection.execute(written.on_conflict_do_update(index_elements=keys, set_=rest))


def _psycopg(url: str) -> str:
    return "postgresql+psycopg://" + url.partition("://")[2]


def _sqlite(url: str) -> Engine:
    file = Path(url.removeprefix("sqlite:///"))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    engine = create_engine(url, connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine
