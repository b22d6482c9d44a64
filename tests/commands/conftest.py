"""A writer on a real log, with an owner and a model."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.commands.writer import Writer
from services.eventlog import open_keys, open_log
from services.eventlog.keys import KeyStore
from services.eventlog.log import EventLog
from tests.commands.written import MASTER_KEY, OWNER, fact


@pytest.fixture
def patient_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that stops has the time to publish the rest, however busy the machine is."""
    monkeypatch.setattr("services.commands.relay.LAST_SECONDS", 25.0)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return open_keys(f"sqlite:///{tmp_path}/keys.db", MASTER_KEY)


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return open_log(f"sqlite:///{tmp_path}/log.db")


@pytest.fixture
async def writer(log: EventLog, keys: KeyStore) -> AsyncIterator[Writer]:
    writer = Writer(log, keys)
    await writer.write(OWNER)
    await writer.write(fact("ModelDefined", "sales", {"name": "Sales"}))
    yield writer
    await writer.stop()
    log.close()
