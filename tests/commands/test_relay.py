"""The relay: the log's events on EV, each once, in order, whatever happens."""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from contracts import subjects
from services.bus.client import Bus
from services.bus.jetstream import ask
from services.bus.server import EmbeddedServer
from services.commands.relay import BATCH_BYTES, RelayRefused, batches, relay
from services.eventlog import open_log
from services.eventlog.log import Append, EventLog, NewEvent
from services.settings import Login

BusLogin = Callable[[str], Login]
pytestmark = pytest.mark.usefixtures("patient_relay")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    yield log
    log.close()


@contextlib.contextmanager
def _another(path: Path) -> Iterator[EventLog]:
    log = open_log(f"sqlite:///{path}")
    try:
        yield log
    finally:
        log.close()


def _grow(log: EventLog, events: int, text: str = "hello") -> None:
    first = log.head().position + 1
    with log.writing() as writing:
        writing.append([_added(position, text) for position in range(first, first + events)])


def _added(position: int, text: str) -> Append:
    envelope = {"id": f"f{position}", "type": "QAAdded", "channel": "shared.qa.sales", "data": {"question": text}}
    state = json.dumps(envelope).encode()
    event = NewEvent(f"qa:q{position}", 1, "QAAdded", state)
    return Append(source="/cli", id=f"f{position}", digest=hashlib.sha256(state).digest(), events=[event])


@pytest.fixture
async def bus(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("commands"), name="commands")
    yield bus
    await bus.close()


@contextlib.asynccontextmanager
async def _relaying(log: EventLog, bus: Bus) -> AsyncIterator[asyncio.Event]:
    stop, grown = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(relay(log, bus, stop=stop, grown=grown))
    try:
        yield grown
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def _positions(bus: Bus) -> list[int]:
    """The position in each message of EV, in EV's order."""
    last = (await ask(bus, "STREAM.INFO.EV"))["state"]["last_seq"]
    messages = [await bus.js.get_msg("EV", seq=sequence) for sequence in range(1, last + 1)]
    return [int((message.headers or {})[subjects.POSITION]) for message in messages]


async def _stored(bus: Bus) -> int:
    count: int = (await ask(bus, "STREAM.INFO.EV"))["state"]["messages"]
    return count


async def _until_stored(bus: Bus, count: int, within: float) -> None:
    async with asyncio.timeout(within):
        while await _stored(bus) < count:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)


async def test_an_event_is_published_as_it_is_stored_with_its_place_in_the_headers(log: EventLog, bus: Bus) -> None:
    # given
    _grow(log, 1)

    # when
    async with _relaying(log, bus):
        pass

    # then
    [event] = log.read(0)
    message = await bus.js.get_msg("EV", seq=1)
    assert message.subject == "ev.shared.qa.sales.QAAdded"
    assert message.data == event.state
    assert message.headers is not None
    assert {name: message.headers[name] for name in message.headers if name.startswith("Event-")} == {
        "Event-Position": "1",
        "Event-Revision": "1",
        "Event-Log-Stream": "qa:q1",
        "Event-Recorded-At": str(event.recorded_at),
        "Event-Fact-End": "1",
        "Event-Log-Id": log.log_id,
        "Event-Chain": event.chain.hex(),
    }
    assert message.headers["content-type"] == "application/json"


@pytest.mark.parametrize("events", [1, 5, 6, 999, 1_000, 1_001, 2_500])
async def test_every_event_is_published_once_in_order(log: EventLog, bus: Bus, events: int) -> None:
    _grow(log, events)

    async with _relaying(log, bus):
        pass

    assert await _positions(bus) == list(range(1, events + 1))


async def test_a_new_event_is_published_when_it_is_announced(
    log: EventLog, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a relay that would look again by itself far too late
    monkeypatch.setattr("services.commands.relay.POLL_SECONDS", 3_600.0)
    async with _relaying(log, bus) as grown:
        await asyncio.sleep(0.1)

        _grow(log, 1)
        grown.set()

        await _until_stored(bus, 1, within=20)


async def test_what_nobody_announced_is_published_too(log: EventLog, bus: Bus) -> None:
    async with _relaying(log, bus):
        await asyncio.sleep(0.1)
        _grow(log, 1)
        await _until_stored(bus, 1, within=20)


async def test_a_relay_that_starts_again_goes_on_where_ev_ends(log: EventLog, bus: Bus) -> None:
    for _ in range(4):
        _grow(log, 7)
        async with _relaying(log, bus):
            pass

    assert await _positions(bus) == list(range(1, 29))


async def test_racing_relays_publish_every_event_once(log: EventLog, bus: Bus, bus_login: BusLogin) -> None:
    # given
    other = await Bus.connect(bus_login("commands"), name="other")

    # when
    async with _relaying(log, bus) as grown, _relaying(log, other) as grown_too:
        for size in (1, 3, 40, 1_500, 2, 700):
            _grow(log, size)
            grown.set()
            grown_too.set()
            await asyncio.sleep(0.02)

    # then
    assert await _positions(bus) == list(range(1, log.head().position + 1))
    await other.close()


async def test_a_killed_server_loses_and_repeats_nothing(log: EventLog, nats: EmbeddedServer, bus: Bus) -> None:
    # given
    _grow(log, 3_000)

    # when
    async with _relaying(log, bus) as grown:
        for _ in range(3):
            assert nats.pid is not None
            os.kill(nats.pid, signal.SIGKILL)
            nats.restart()
            _grow(log, 500)
            grown.set()
            await asyncio.sleep(0.1)

    # then
    assert await _positions(bus) == list(range(1, 4_501))


async def test_a_stopping_relay_gives_up_when_there_is_no_server(
    log: EventLog, nats: EmbeddedServer, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as hurried:
        hurried.setattr("services.commands.relay.LAST_SECONDS", 0.3)
        async with _relaying(log, bus):
            assert nats.pid is not None
            os.kill(nats.pid, signal.SIGKILL)
            _grow(log, 1)
    nats.restart()

    async with asyncio.timeout(20), _relaying(log, bus):
        pass

    assert await _positions(bus) == [1]


async def test_large_events_go_in_smaller_batches(log: EventLog, bus: Bus) -> None:
    _grow(log, 20, "x" * 890_000)

    async with _relaying(log, bus):
        pass

    assert await _positions(bus) == list(range(1, 21))
    pieces = batches(log.read(0))
    assert all(sum(len(event.state) for event in piece) <= BATCH_BYTES for piece in pieces)
    assert [event for piece in pieces for event in piece] == log.read(0)


async def _publish(log: EventLog, bus: Bus) -> None:
    async with _relaying(log, bus):
        pass


async def test_the_events_of_another_log_are_not_mixed_in(log: EventLog, bus: Bus, tmp_path: Path) -> None:
    _grow(log, 3)
    await _publish(log, bus)

    with _another(tmp_path / "other.db") as other:
        _grow(other, 5)
        with pytest.raises(RelayRefused, match="the events of another log"):
            await _publish(other, bus)

    assert await _stored(bus) == 3


@pytest.fixture
async def backup(log: EventLog, bus: Bus, tmp_path: Path) -> Path:
    """A copy of the log at position 6; the log itself goes on to 10, and EV with it."""
    copy = tmp_path / "backup.db"
    _grow(log, 6)
    with (
        contextlib.closing(sqlite3.connect(tmp_path / "log.db")) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    _grow(log, 4)
    await _publish(log, bus)
    return copy


async def test_a_log_restored_from_before_ev_is_refused_with_instructions(bus: Bus, backup: Path) -> None:
    with (
        _another(backup) as restored,
        pytest.raises(RelayRefused, match=r"position 10, which isn't in the log \(it ends at 6\).*Restore a newer"),
    ):
        await _publish(restored, bus)


async def test_a_restored_log_that_was_written_on_is_refused_too(bus: Bus, backup: Path) -> None:
    with _another(backup) as restored:
        _grow(restored, 8, "written after the restore")
        with pytest.raises(RelayRefused, match="position 10, which is another event in the log"):
            await _publish(restored, bus)

    assert await _stored(bus) == 10
