"""Where a read model lives: `rm_<name>_<fingerprint>`, a file on SQLite and a schema on PostgreSQL."""

import hashlib
import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event, insert, inspect, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateTable

_CODE: Final = Path(__file__).parent


class ReadModelUnavailable(Exception):
    """The read model's database can't be used now."""


def fingerprint(metadata: MetaData, sources: tuple[str, ...]) -> str:
    """12 hexadecimal digits of the tables' definition and the projecting code: another code, another read model."""
    digest = hashlib.sha256()
    for table in metadata.sorted_tables:
        digest.update(str(CreateTable(table)).encode())
        digest.update(",".join(sorted(str(index.name) for index in table.indexes)).encode())
    for name in sources:
        digest.update((_CODE / name).read_bytes())
    return digest.hexdigest()[:12]


class Store:
    """One read model's database. `url`: `sqlite:///<folder>` or `postgresql://...`."""

    def __init__(
        self,
        url: str,
        name: str,
        metadata: MetaData,
        meta: Table,
        print_: str,
        log_id: str,
        generation: int | None = None,
    ) -> None:
        self.name = name
        self.generation = generation or _latest(url, f"rm_{name}_{print_}_") or 1
        self.fingerprint = f"{print_}_{self.generation}"
        self._url, self._metadata, self._meta, self._log_id = url, metadata, meta, log_id
        self.place = f"rm_{name}_{self.fingerprint}"
        self.engine: Engine = _postgresql(url, self.place) if url.startswith("postgres") else _sqlite(url, self.place)
        self._prepare()

    def lock(self, connection: Connection) -> int:
        """Take the write lock before anything is read; gives the position. Of two projectors one waits here."""
        connection.execute(update(self._meta).values(position=self._meta.c.position))
        return self.position(connection)

    def caught_up(self) -> None:
        """It has seen the whole log once, so it may serve after a restart."""
        with self.engine.begin() as connection:
            connection.execute(update(self._meta).values(complete=True))

    def position(self, connection: Connection) -> int:
        """Up to where the log is projected."""
        return int(connection.execute(select(self._meta.c.position)).scalar_one())

    def reached(self, connection: Connection, position: int) -> None:
        """Keep the new position, in the transaction of the rows."""
        connection.execute(update(self._meta).values(position=position))

    def drop_others(self) -> list[str]:
        """Drop what earlier code built for this name, once this one serves."""
        return _drop_files(self._url, self) if not self._url.startswith("postgres") else self._drop_schemas()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def _prepare(self) -> None:
        try:
            with self.engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(72057594037928)"))
                    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {self.place}"))
                if self._of_other_log(connection):
                    self._metadata.drop_all(connection)
                self._metadata.create_all(connection)
                if connection.execute(select(self._meta)).first() is None:
                    connection.execute(insert(self._meta).values(log_id=self._log_id, position=0, complete=False))
        except SQLAlchemyError as problem:
            raise ReadModelUnavailable(f"The read model {self.place} can't be opened: {problem}") from problem

    def _of_other_log(self, connection: Connection) -> bool:
        if not inspect(connection).has_table("meta"):
            return False
        row = connection.execute(select(self._meta.c.log_id)).first()
        return row is not None and row[0] != self._log_id

    def _drop_schemas(self) -> list[str]:
        with self.engine.begin() as connection:
            names = connection.execute(
                text("SELECT nspname FROM pg_namespace WHERE nspname LIKE :like"), {"like": f"rm\\_{self.name}\\_%"}
            ).scalars()
            old = [name for name in names if name != self.place]
            for name in old:
                connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        return old


def _latest(url: str, prefix: str) -> int | None:
    """The newest generation that has caught up once; a half-built one is left for dropping."""
    if url.startswith("postgres"):
        engine = create_engine(_address(url))
        with engine.connect() as connection:
            like = {"like": prefix.replace("_", "\\_") + "%"}
            names = list(
                connection.execute(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE :like"), like).scalars()
            )
            whole = [name for name in names if connection.execute(text(f"SELECT complete FROM {name}.meta")).scalar()]
        engine.dispose()
    else:
        files = Path(url.removeprefix("sqlite:///")).glob(f"{prefix}*.db")
        whole = [path.stem for path in files if _is_whole(path)]
    return max((int(name.removeprefix(prefix)) for name in whole), default=None)


def _is_whole(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        row = connection.execute("SELECT complete FROM meta").fetchone()
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
    return row is not None and bool(row[0])


def _sqlite(url: str, place: str) -> Engine:
    folder = Path(url.removeprefix("sqlite:///"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{place}.db"
    engine = create_engine(
        f"sqlite:///{path}", poolclass=QueuePool, pool_size=8, max_overflow=8, connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _set(connection: sqlite3.Connection, _: Any) -> None:
        # What can be rebuilt need not survive a power cut to the last event: it is read again from the log.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "busy_timeout=10000",
            "cache_size=-32000",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _postgresql(url: str, place: str) -> Engine:
    return create_engine(
        _address(url),
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        connect_args={"options": f"-csearch_path={place}"},
    )


def _address(url: str) -> str:
    return url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1)


def _drop_files(url: str, keep: Store) -> list[str]:
    folder = Path(url.removeprefix("sqlite:///"))
    old = [path for path in folder.glob(f"rm_{keep.name}_*.db") if path.stem != keep.place]
    for path in old:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    return [path.stem for path in old]
