"""Following JetStream streams: in order, each message once, through kills and lost connections."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest
from nats.js.errors import BadRequestError

from contracts.subjects import POSITION
from services.bus import reader
from services.bus.client import Bus, Forbidden, NoReply
from services.bus.jetstream import ask, stored
from services.bus.server import EmbeddedServer
from services.bus.tail import Followed, sequence_of, tail
from services.settings import Login

BusLogin = Callable[[str], Login]
PATIENCE = 40.0
"""Seconds; what isn't acknowledged within half of them is stored again, which shifts the sequences."""


@pytest.fixture
async def commands(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("commands"), name="commands")
    yield bus
    await bus.close()


@pytest.fixture
async def chat(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("chat"), name="chat")
    yield bus
    await bus.close()


async def _publish(bus: Bus, *positions: int, subject: str = "ev.shared.qa.m1.QAAdded") -> None:
    for position in positions:
        await stored(bus, subject, str(position).encode(), {POSITION: str(position)}, PATIENCE)


async def _take(messages: AsyncIterator[Followed], count: int, within: float = 30.0) -> list[Followed]:
    async with asyncio.timeout(within):
        return [await anext(messages) for _ in range(count)]


async def _until_followed(bus: Bus) -> None:
    async with asyncio.timeout(20):
        while not (await ask(bus, "STREAM.INFO.EV"))["state"]["consumer_count"]:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)


def _positions(messages: list[Followed]) -> list[int]:
    return [message.position for message in messages]


async def test_what_is_stored_and_then_what_comes_is_handed_out_in_order(commands: Bus, chat: Bus) -> None:
    await _publish(commands, *range(1, 6))
    async with aclosing(tail(chat, subjects=["ev.>"], after_sequence=2)) as messages:
        assert _positions(await _take(messages, 3)) == [3, 4, 5]

        await _publish(commands, 6)

        [live] = await _take(messages, 1)
        assert (live.sequence, live.position, live.subject, live.data) == (6, 6, "ev.shared.qa.m1.QAAdded", b"6")
        assert live.pending == 0


async def test_without_a_place_only_new_messages_come(commands: Bus, chat: Bus) -> None:
    await _publish(commands, 1, 2)
    async with aclosing(tail(chat, subjects=["ev.>"])) as messages:
        first = asyncio.create_task(_take(messages, 1))
        await _until_followed(commands)
        await _publish(commands, 3)
        assert _positions(await first) == [3]


async def test_only_the_named_subjects_come(commands: Bus, chat: Bus) -> None:
    await _publish(commands, 1)
    await _publish(commands, 2, subject="ev.private.message.g1.MessagePosted")
    await _publish(commands, 3, subject="ev.shared.model.m1.ModelDefined")

    wanted = ["ev.*.message.*.MessagePosted", "ev.shared.model.>"]
    async with aclosing(tail(chat, subjects=wanted, after_sequence=0)) as messages:
        assert _positions(await _take(messages, 2)) == [2, 3]


async def test_more_than_is_requested_at_once_comes_too(commands: Bus, chat: Bus) -> None:
    await asyncio.gather(*(_publish(commands, n) for n in range(1, 3 * reader.AHEAD + 18)))

    async with aclosing(tail(chat, subjects=["ev.>"], after_sequence=0)) as messages:
        taken = await _take(messages, 3 * reader.AHEAD + 17)

    assert [message.sequence for message in taken] == list(range(1, 3 * reader.AHEAD + 18))


@pytest.mark.parametrize(("position", "sequence"), [(0, 0), (9, 0), (10, 1), (11, 1), (25, 2), (30, 3), (99, 4)])
async def test_a_position_of_the_log_is_found_in_the_stream(commands: Bus, position: int, sequence: int) -> None:
    await _publish(commands, 10, 20, 30, 40)

    assert await sequence_of(commands, position) == sequence


@pytest.mark.parametrize("position", [0, 1, 2, 7, 8, 9])
async def test_a_position_is_found_where_the_stream_began_with_the_log(commands: Bus, position: int) -> None:
    await _publish(commands, *range(1, 9))

    assert await sequence_of(commands, position) == min(position, 8)


async def test_an_empty_stream_holds_no_position(commands: Bus) -> None:
    assert await sequence_of(commands, 5) == 0


async def test_a_reader_can_start_behind_a_position_that_is_not_published_yet(commands: Bus, chat: Bus) -> None:
    await _publish(commands, 1, 2)
    async with aclosing(tail(chat, subjects=["ev.>"], after_position=4)) as messages:
        taken = asyncio.create_task(_take(messages, 1))
        await asyncio.sleep(0.1)

        await _publish(commands, 3, 4, 5)

        assert _positions(await taken) == [5]


async def test_nothing_is_lost_or_repeated_when_the_server_is_killed(
    nats: EmbeddedServer, commands: Bus, chat: Bus
) -> None:
    # given
    async def write() -> None:
        for position in range(1, 401):
            await _publish(commands, position)

    # when
    writing = asyncio.create_task(write())
    taken: list[Followed] = []
    async with aclosing(tail(chat, subjects=["ev.>"], after_sequence=0)) as messages:
        for _ in range(3):
            taken += await _take(messages, 50)
            assert nats.pid is not None
            os.kill(nats.pid, signal.SIGKILL)
            nats.restart()
        await writing
        await _publish(commands, 401)  # the 400th may be stored a second time, which nobody is told
        while taken[-1].position < 401:
            taken += await _take(messages, 1)

    # then
    assert _positions(taken) == list(range(1, 402))


async def test_a_lost_consumer_is_replaced(commands: Bus, chat: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def name(_: int) -> str:
        names.append(f"reader{len(names)}")
        return names[-1]

    monkeypatch.setattr(secrets, "token_hex", name)
    async with aclosing(tail(chat, subjects=["ev.>"], after_sequence=0)) as messages:
        await _publish(commands, 1)
        assert _positions(await _take(messages, 1)) == [1]

        await ask(chat, f"CONSUMER.DELETE.EV.{names[-1]}")
        await _publish(commands, 2)

        assert _positions(await _take(messages, 1)) == [2]


async def test_a_reader_that_ends_leaves_no_consumer_behind(commands: Bus, chat: Bus) -> None:
    await _publish(commands, 1)
    async with aclosing(tail(chat, subjects=["ev.>"], after_sequence=0)) as messages:
        await _take(messages, 1)
        assert (await ask(chat, "STREAM.INFO.EV"))["state"]["consumer_count"] == 1

    assert (await ask(chat, "STREAM.INFO.EV"))["state"]["consumer_count"] == 0
    assert chat.interrupted == []


async def test_a_module_follows_what_is_shared_and_nothing_else(commands: Bus, bus_login: BusLogin) -> None:
    await _publish(commands, 1, subject="ev.private.message.g1.MessagePosted")
    await _publish(commands, 2, subject="ev.shared.model.m1.ModelDefined")
    crm = await Bus.connect(bus_login("crm"), name="crm")

    async with aclosing(tail(crm, subjects=["ev.shared.>"], after_sequence=0)) as messages:
        assert _positions(await _take(messages, 1)) == [2]
    for subjects in (["ev.>"], ["ev.private.>"], ["ev.shared.>", "ev.private.>"]):
        with pytest.raises(Forbidden):
            await _take(tail(crm, subjects=subjects, after_sequence=0), 1)

    await crm.close()


async def test_subjects_that_overlap_are_the_callers_mistake(chat: Bus) -> None:
    with pytest.raises(BadRequestError):
        await _take(tail(chat, subjects=["ev.>", "ev.shared.>"]), 1)


async def test_a_closed_connection_ends_the_reader(bus_login: BusLogin) -> None:
    bus = await Bus.connect(bus_login("chat"), name="chat")
    waiting = asyncio.create_task(_take(tail(bus, subjects=["ev.>"]), 1))
    await asyncio.sleep(0.1)

    await bus.close()

    with pytest.raises(NoReply, match="is closed"):
        await waiting
