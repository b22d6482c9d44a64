"""How many facts a second the writer accepts, beside the same queue and senders without rules."""

import asyncio
import hashlib
import queue
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.row import Row, against, alone
from contracts.envelope import Envelope
from contracts.facts import FACTS
from services.commands.writer import Writer
from services.eventlog import open_keys, open_log
from services.eventlog.log import Append, EventLog, NewEvent

SENDERS = 128
FACTS_EACH = 80
Send = Callable[[Envelope], Awaitable[object]]


def rows() -> list[Row]:
    """Rates on SQLite with 128 senders: cold log streams, 10 % and 50 % on one, and without rules."""
    bare = statistics.median(asyncio.run(_without_rules()) for _ in range(3))
    cold = statistics.median(asyncio.run(_with_rules(0.0)) for _ in range(3))
    warm = statistics.median(asyncio.run(_with_rules(0.1)) for _ in range(3))
    hot = statistics.median(asyncio.run(_with_rules(0.5)) for _ in range(3))
    return [
        alone("same queue and senders, no rules", bare, "facts/s"),
        against("facts accepted and durable, 128 senders", cold, "facts/s", bare, ">= 0.5"),
        against("  with 10 % on one log stream", warm, "facts/s", cold, ">= 0.8"),
        against("  with 50 % on one log stream", hot, "facts/s", cold, ""),
    ]


async def _with_rules(hot: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        log = open_log(f"sqlite:///{folder}/log.db")
        keys = open_keys(f"sqlite:///{folder}/keys.db", b"k" * 32)
        writer = Writer(log, keys)
        await writer.write(
            _fact("PersonAdded", "owner", {"name": "Owner", "roles": ["administrator", "trainer"]}, "commands")
        )
        await writer.write(_fact("ModelDefined", "sales", {"name": "Sales"}))
        rate = await _rate(writer.write, hot)
        await writer.stop()
        log.close()
    return rate


async def _rate(send: Send, hot: float) -> float:
    batches = [[_teach(sender, number, hot) for number in range(FACTS_EACH)] for sender in range(SENDERS)]

    async def one(facts: list[Envelope]) -> None:
        for fact in facts:
            await send(fact)

    started = time.perf_counter()
    await asyncio.gather(*(one(facts) for facts in batches))
    return SENDERS * FACTS_EACH / (time.perf_counter() - started)


def _teach(sender: int, number: int, hot: float) -> Envelope:
    if number < FACTS_EACH * hot:
        return _fact("SystemMessageSet", "sales", {"system_message": f"You sell. Remark {sender}/{number}."})
    question = f"What is rule {number} of department {sender}?"
    data = {
        "model": "sales",
        "question": question,
        "answer": "We answer within a day, in the customer's language. " * 6,
    }
    return _fact("QAAdded", str(uuid.uuid4()), data)


def _fact(type_: str, subject: str, data: dict[str, object], module: str = "cli") -> Envelope:
    return Envelope(
        id=str(uuid.uuid4()),
        source=f"/{module}",
        type=type_,
        time=datetime.now(UTC),
        subject=subject,
        actor="person:owner" if module == "cli" else f"service:{module}",
        data=FACTS[type_].model_validate(data),
    )


async def _without_rules() -> float:
    with tempfile.TemporaryDirectory() as folder:
        log = open_log(f"sqlite:///{Path(folder)}/log.db")
        line = _BareLine(log)
        rate = await _rate(line.send, 0.0)
        line.stop()
        log.close()
    return rate


class _BareLine:
    """The writer's queue, thread and append without reading, deciding or sealing."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._queue: queue.SimpleQueue[tuple[Envelope, asyncio.Future[None]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    async def send(self, fact: Envelope) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((fact, done))
        await done

    def stop(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            while len(batch) < 1_000:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    return
                batch.append(following)
            with self._log.writing() as writing:
                writing.append([_bare(fact) for fact, _ in batch])
            self._loop.call_soon_threadsafe(_release, [done for _, done in batch])


def _bare(fact: Envelope) -> Append:
    event = NewEvent(f"qa:{fact.subject}", 1, fact.type, fact.to_json())
    return Append(
        source=fact.source, id=fact.id, digest=hashlib.sha256(event.state).digest(), events=[event], claims={}
    )


def _release(waiting: list[asyncio.Future[None]]) -> None:
    for done in waiting:
        done.set_result(None)
