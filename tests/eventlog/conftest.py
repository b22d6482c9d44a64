"""A log on each database, and keys."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.eventlog import open_keys, open_log
from services.eventlog.keys import KeyStore
from services.eventlog.log import EventLog

OpenLog = Callable[[], EventLog]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the log stands."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/log.db"
    found: str = request.getfixturevalue("postgres")
    return found


@pytest.fixture
def opened(url: str) -> Iterator[OpenLog]:
    """Opens the same log as often as a test wants; all are closed in the end."""
    logs: list[EventLog] = []

    def open_again() -> EventLog:
        logs.append(open_log(url))
        return logs[-1]

    yield open_again
    for log in logs:
        log.close()


@pytest.fixture
def log(opened: OpenLog) -> EventLog:
    """An empty log."""
    return opened()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyStore]:
    """Keys of their own."""
    store = open_keys(f"sqlite:///{tmp_path}/keys.db", b"m" * 32)
    yield store
    store.close()
