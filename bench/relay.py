"""How many events a second the relay publishes, beside raw atomic batches; and request and reply on the bus."""

import asyncio
import hashlib
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

from nats.aio.msg import Msg

from bench.row import Row, against, alone
from services.bus.client import Bus
from services.bus.jetstream import ask
from services.bus.provisioning import provision
from services.bus.server import EmbeddedServer
from services.bus.tail import tail
from services.commands.relay import relay
from services.eventlog import open_log
from services.eventlog.log import Append, EventLog, NewEvent

EVENTS = 20_000
BATCH = 1_000
ROUND_TRIPS = 1_000
SUBJECT = "ev.shared.qa.sales.QAAdded"
BODY = json.dumps(
    {
        "specversion": "1.0",
        "id": "0199a0b0-0000-7000-8000-000000000000",
        "type": "QAAdded",
        "channel": "shared.qa.sales",
        "data": {"model": "sales", "question": "What is the rule?", "answer": "We answer within a day. " * 5},
    }
).encode()


def rows() -> list[Row]:
    """Medians of three runs, each on a server of its own."""
    found = [_measure() for _ in range(3)]
    raw, relayed, followed, one, reply, parallel = (statistics.median(column) for column in zip(*found, strict=True))
    return [
        alone("raw atomic batches of 1,000", raw, "events/s"),
        against("relay, from a SQLite log", relayed, "events/s", raw, ">= 0.5"),
        alone("tail, one reader", followed, "events/s"),
        alone("one event, appended to stored in EV, p50", one, "ms"),
        alone("raw request and reply, p50", reply, "ms"),
        alone("raw request and reply, 64 at once", parallel, "requests/s"),
    ]


def _measure() -> tuple[float, ...]:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer.start(Path(folder))
        log = open_log(f"sqlite:///{folder}/log.db")
        try:
            return asyncio.run(_all(server, log))
        finally:
            log.close()
            server.stop()


async def _all(server: EmbeddedServer, log: EventLog) -> tuple[float, ...]:
    await provision(server.logins["provisioning"])
    commands = await Bus.connect(server.logins["commands"], name="commands")
    chat = await Bus.connect(server.logins["chat"], name="chat")
    _grow(log, EVENTS)
    stop, grown = asyncio.Event(), asyncio.Event()
    started = time.perf_counter()
    relaying = asyncio.create_task(relay(log, commands, stop=stop, grown=grown))
    await _stored(commands, EVENTS)
    relayed = EVENTS / (time.perf_counter() - started)
    followed = await _follow(chat)
    one = await _one_by_one(log, commands, grown)
    stop.set()
    await relaying
    raw = await _raw(commands)
    reply, parallel = await _round_trips(commands, chat)
    await commands.close()
    await chat.close()
    return raw, relayed, followed, one, reply, parallel


def _grow(log: EventLog, events: int) -> None:
    first = log.head().position + 1
    for start in range(first, first + events, BATCH):
        with log.writing() as writing:
            writing.append([_added(number) for number in range(start, min(start + BATCH, first + events))])


def _added(number: int) -> Append:
    event = NewEvent(f"qa:q{number}", 1, "QAAdded", BODY)
    return Append("/cli", f"f{number}", hashlib.sha256(str(number).encode()).digest(), [event])


async def _stored(bus: Bus, events: int) -> None:
    while (await ask(bus, "STREAM.INFO.EV"))["state"]["messages"] < events:
        await asyncio.sleep(0)


async def _follow(bus: Bus) -> float:
    started = time.perf_counter()
    async with aclosing(tail(bus, subjects=["ev.>"], after_sequence=0)) as messages:
        for _ in range(EVENTS):
            await anext(messages)
    return EVENTS / (time.perf_counter() - started)


async def _one_by_one(log: EventLog, bus: Bus, grown: asyncio.Event) -> float:
    took: list[float] = []
    for _ in range(100):
        events = log.head().position + 1
        _grow(log, 1)
        started = time.perf_counter()
        grown.set()
        await _stored(bus, events)
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1_000


async def _raw(bus: Bus) -> float:
    started = time.perf_counter()
    for _ in range(EVENTS // BATCH):
        headers = {"Nats-Batch-Id": uuid.uuid4().hex}
        for number in range(1, BATCH):
            await bus.nc.publish(SUBJECT, BODY, headers=headers | {"Nats-Batch-Sequence": str(number)})
        last = {"Nats-Batch-Sequence": str(BATCH), "Nats-Batch-Commit": "1"}
        reply = await bus.request(SUBJECT, BODY, headers=headers | last)
        assert b"error" not in reply.data
    return EVENTS / (time.perf_counter() - started)


async def _round_trips(commands: Bus, chat: Bus) -> tuple[float, float]:
    async def echo(message: Msg) -> None:
        await message.respond(message.data)

    await commands.nc.subscribe("cmd.*.*", cb=echo)
    await commands.nc.flush()

    async def once() -> float:
        started = time.perf_counter()
        await chat.request("cmd.chat.X", BODY)
        return time.perf_counter() - started

    took = [await once() for _ in range(ROUND_TRIPS)]
    return statistics.median(took) * 1_000, await _rate(once, 64)


async def _rate(once: Callable[[], Awaitable[float]], at_once: int) -> float:
    async def some() -> None:
        for _ in range(ROUND_TRIPS // 8):
            await once()

    started = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(at_once)))
    return at_once * (ROUND_TRIPS // 8) / (time.perf_counter() - started)
