"""Which database a URL means."""

from __future__ import annotations

from pathlib import Path


def is_postgresql(url: str) -> bool:
    """Whether the URL is one of PostgreSQL; any other must be `sqlite:///`."""
    return url.startswith(("postgresql://", "postgres://", "postgresql+psycopg://"))


def libpq_url(url: str) -> str:
    """The URL as PostgreSQL's own library reads it, without SQLAlchemy's driver name."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def sqlite_path(url: str) -> Path:
    """The file that `sqlite:///abs/path` names. Raises `ValueError`."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path:
        raise ValueError(f"{url.split('@')[-1]!r} is no database: give sqlite:///absolute/path or postgresql://...")
    return Path("/" + path) if not path.startswith("/") else Path(path)
