"""The relay: the log's events on EV, each once, in order, whatever happens."""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import cast

import pytest

from contracts import subjects
from services.bus.client import Bus
from services.bus.jetstream import ask
from services.bus.server import EmbeddedServer
from services.commands.relay import BATCH_BYTES, RelayRefused, batches, relay
from services.eventlog.log import EventLog, Head, Recorded
from services.settings import Login

BusLogin = Callable[[str], Login]


class MemoryLog:
    """As much of a log as the relay reads."""

    def __init__(self, log_id: str = "ab" * 16, salt: bytes = b"") -> None:
        self.log_id = log_id
        self._salt = salt
        self._rows: list[Recorded] = []

    def head(self) -> Head:
        return Head(len(self._rows), 0, b"")

    def read(self, after: int, limit: int = 500, upto: int | None = None) -> list[Recorded]:
        return self._rows[after : after + limit]

    def at(self, positions: Sequence[int]) -> list[Recorded]:
        return [self._rows[position - 1] for position in positions if position <= len(self._rows)]

    def grow(self, events: int, text: str = "hello") -> None:
        for _ in range(events):
            position = len(self._rows) + 1
            state = {"id": f"f{position}", "type": "QAAdded", "channel": "shared.qa.sales", "data": {"question": text}}
            chain = hashlib.sha256(self._salt + str(position).encode()).digest()
            row = Recorded(position, 1_000 + position, position, f"qa:q{position}", 1, "QAAdded", _bytes(state), chain)
            self._rows.append(row)

    def restored(self, upto: int) -> "MemoryLog":
        log = MemoryLog(self.log_id, b"written on after the restore")
        log._rows = self._rows[:upto]
        return log


def _bytes(state: Mapping[str, object]) -> bytes:
    return json.dumps(state).encode()


def _as_log(log: MemoryLog) -> EventLog:
    return cast(EventLog, log)


@pytest.fixture
async def bus(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("commands"), name="commands")
    yield bus
    await bus.close()


@contextlib.asynccontextmanager
async def _relaying(log: MemoryLog, bus: Bus) -> AsyncIterator[asyncio.Event]:
    stop, grown = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(relay(_as_log(log), bus, stop=stop, grown=grown))
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
        while await _stored(bus) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_an_event_is_published_as_it_is_stored_with_its_place_in_the_headers(bus: Bus) -> None:
    # given
    log = MemoryLog()
    log.grow(1)

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
        "Event-Recorded-At": "1001",
        "Event-Fact-End": "1",
        "Event-Log-Id": log.log_id,
        "Event-Chain": event.chain.hex(),
    }
    assert message.headers["content-type"] == "application/json"


@pytest.mark.parametrize("events", [1, 5, 6, 999, 1_000, 1_001, 2_500])
async def test_every_event_is_published_once_in_order(bus: Bus, events: int) -> None:
    log = MemoryLog()
    log.grow(events)

    async with _relaying(log, bus):
        pass

    assert await _positions(bus) == list(range(1, events + 1))


async def test_a_new_event_is_published_at_once(bus: Bus) -> None:
    log = MemoryLog()
    async with _relaying(log, bus) as grown:
        await asyncio.sleep(0.1)

        log.grow(1)
        grown.set()

        await _until_stored(bus, 1, within=0.5)


async def test_what_nobody_announced_is_published_too(bus: Bus) -> None:
    log = MemoryLog()
    async with _relaying(log, bus):
        await asyncio.sleep(0.1)
        log.grow(1)
        await _until_stored(bus, 1, within=3)


async def test_a_relay_that_starts_again_goes_on_where_ev_ends(bus: Bus) -> None:
    log = MemoryLog()
    for _ in range(4):
        log.grow(7)
        async with _relaying(log, bus):
            pass

    assert await _positions(bus) == list(range(1, 29))


async def test_racing_relays_publish_every_event_once(bus: Bus, bus_login: BusLogin) -> None:
    # given
    log, other = MemoryLog(), await Bus.connect(bus_login("commands"), name="other")

    # when
    async with _relaying(log, bus) as grown, _relaying(log, other) as grown_too:
        for size in (1, 3, 40, 1_500, 2, 700):
            log.grow(size)
            grown.set()
            grown_too.set()
            await asyncio.sleep(0.02)

    # then
    assert await _positions(bus) == list(range(1, log.head().position + 1))
    await other.close()


async def test_a_killed_server_loses_and_repeats_nothing(nats: EmbeddedServer, bus: Bus) -> None:
    # given
    log = MemoryLog()
    log.grow(3_000)

    # when
    async with _relaying(log, bus) as grown:
        for _ in range(3):
            assert nats.pid is not None
            os.kill(nats.pid, signal.SIGKILL)
            nats.restart()
            log.grow(500)
            grown.set()
            await asyncio.sleep(0.1)

    # then
    assert await _positions(bus) == list(range(1, 4_501))


async def test_a_stopping_relay_gives_up_when_there_is_no_server(nats: EmbeddedServer, bus: Bus) -> None:
    log = MemoryLog()
    async with _relaying(log, bus):
        nats._end_child()
        log.grow(1)
    nats.restart()

    async with asyncio.timeout(5), _relaying(log, bus):
        pass

    assert await _positions(bus) == [1]


async def test_large_events_go_in_smaller_batches(bus: Bus) -> None:
    log = MemoryLog()
    log.grow(20, "x" * 890_000)

    async with _relaying(log, bus):
        pass

    assert await _positions(bus) == list(range(1, 21))
    pieces = batches(log.read(0))
    assert all(sum(len(event.state) for event in piece) <= BATCH_BYTES for piece in pieces)
    assert [event for piece in pieces for event in piece] == log.read(0)


async def _publish(log: MemoryLog, bus: Bus) -> None:
    async with _relaying(log, bus):
        pass


async def test_the_events_of_another_log_are_not_mixed_in(bus: Bus) -> None:
    log = MemoryLog()
    log.grow(3)
    await _publish(log, bus)
    other = MemoryLog("cd" * 16)
    other.grow(5)

    with pytest.raises(RelayRefused, match="the events of another log"):
        await _publish(other, bus)

    assert await _stored(bus) == 3


async def test_a_log_restored_from_before_ev_is_refused_with_instructions(bus: Bus) -> None:
    log = MemoryLog()
    log.grow(10)
    await _publish(log, bus)

    with pytest.raises(RelayRefused, match=r"position 10, which isn't in the log \(it ends at 6\).*Restore a newer"):
        await _publish(log.restored(6), bus)


async def test_a_restored_log_that_was_written_on_is_refused_too(bus: Bus) -> None:
    log = MemoryLog()
    log.grow(10)
    await _publish(log, bus)
    restored = log.restored(6)
    restored.grow(8)

    with pytest.raises(RelayRefused, match="position 10, which is another event in the log"):
        await _publish(restored, bus)

    assert await _stored(bus) == 10
