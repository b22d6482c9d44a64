"""Pages: how soon they begin beside their own queries, and how soon one person sees what another says."""

import asyncio
import dataclasses
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nats.aio.msg import Msg

from bench.browsing import Visit
from bench.embedded import embedded
from bench.row import Row, against, alone
from contracts.envelope import Envelope
from contracts.facts.compilation import CompileRequested
from contracts.facts.qa import QAAdded
from services.bus.client import Bus
from services.bus.endpoint import Endpoint
from services.bus.permissions import inbox_of
from services.bus.reporting import new_fact
from services.commands.writer import Writer
from services.eventlog import open_keys, open_log

LESSONS = 100_000
MESSAGES = 50
VISITS = 60
GROUP = "marketing-team"
PAGES = {
    f"chat with {MESSAGES} messages": (f"/groups/{GROUP}", 80),
    "models": ("/models", 50),
    "a model": ("/models/marketing", 50),
    f"{LESSONS:,} lessons": ("/models/marketing/lessons", 50),
    "a compilation": ("/compilations/{compilation}", 50),
}


def rows() -> list[Row]:
    """Milliseconds on the demo company with a large model and a talkative group, without a browser."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with embedded(home):
            pass
        asyncio.run(_teach(home))
        with embedded(home) as (endpoint, _):
            mara, theo = Visit(home, "mara"), Visit(home, "theo")
            compilation = asyncio.run(_furnish(endpoint, theo))
            found: list[Row] = []
            for name, (path, bound) in PAGES.items():
                found += _page(name, path.format(compilation=compilation), bound, mara, home, endpoint)
            return [*found, *_said(mara, theo, endpoint)]


def _page(name: str, path: str, bound: int, mara: Visit, home: Path, endpoint: Endpoint) -> list[Row]:
    bare = asyncio.run(_queries_alone(home, endpoint, mara, path))
    times = [mara.first_byte(path) for _ in range(VISITS)]
    return [
        against(f"page begins, {name}, p50", statistics.median(times), "ms", bare, f"< {bound} ms"),
        alone("  p95", _p95(times), "ms"),
    ]


async def _queries_alone(home: Path, endpoint: Endpoint, mara: Visit, path: str) -> float:
    """The very queries that the page asks, all at once and without a page: median milliseconds."""
    passwords = json.loads((home / "nats" / "passwords.json").read_text(encoding="utf-8"))
    watcher = dataclasses.replace(
        endpoint.users["owner"],
        user="projections",
        password=passwords["projections"],
        inbox=inbox_of("projections"),
    )
    watching, bus = await Bus.connect(watcher, name="bench"), await Bus.connect(endpoint.users["owner"], name="bench")
    asked: list[tuple[str, bytes]] = []

    async def note(message: Msg) -> None:
        asked.append((message.subject, message.data))

    try:
        await asyncio.to_thread(mara.first_byte, path)
        listening = await watching.nc.subscribe("qry.web.>", cb=note)
        await watching.nc.flush()
        await asyncio.to_thread(mara.first_byte, path)
        await watching.nc.flush()
        await listening.unsubscribe()
        times = []
        for _ in range(VISITS):
            started = time.perf_counter()
            await asyncio.gather(*(bus.request(subject, body) for subject, body in asked))
            times.append((time.perf_counter() - started) * 1_000)
        return statistics.median(times)
    finally:
        await watching.close()
        await bus.close()


def _said(mara: Visit, theo: Visit, endpoint: Endpoint) -> list[Row]:
    heard = mara.stream(f"/live?group={GROUP}")
    times = []
    for _ in range(VISITS):
        words = uuid.uuid4().hex
        started = time.perf_counter()
        theo.send(f"/groups/{GROUP}/messages", id=str(uuid.uuid4()), text=words)
        _until(heard, words)
        times.append((time.perf_counter() - started) * 1_000)
    bare = asyncio.run(_round_trip(endpoint))
    return [
        alone("bare round trip to the bus, p95", bare, "ms"),
        alone("sent to on the other person's stream, p50", statistics.median(times), "ms"),
        against("  p95", _p95(times), "ms", bare, "< 250 ms"),
    ]


def _until(heard: Iterator[bytes], words: str) -> None:
    for line in heard:
        if words.encode() in line:
            return
    raise AssertionError("the stream ended")


async def _round_trip(endpoint: Endpoint) -> float:
    bus = await Bus.connect(endpoint.users["owner"], name="bench")
    times = []
    for _ in range(VISITS):
        started = time.perf_counter()
        await bus.nc.flush()
        times.append((time.perf_counter() - started) * 1_000)
    await bus.close()
    return _p95(times)


async def _teach(home: Path) -> None:
    """A large model: the writer works while nothing else runs."""
    log, key = open_log(f"sqlite:///{home}/log.db"), bytes.fromhex((home / "master.key").read_text(encoding="ascii"))
    keys = open_keys(f"sqlite:///{home}/keys.db", key)
    writer = Writer(log, keys)
    for start in range(0, LESSONS, 2_000):
        await asyncio.gather(*(writer.write(_lesson(number)) for number in range(start, start + 2_000)))
    await writer.stop()
    for part in (log, keys):
        part.close()


def _lesson(number: int) -> Envelope:
    lesson = QAAdded(
        model="marketing", section=f"Section {number % 40}", question=f"What is rule {number}?",
        answer=f"Rule {number}: we answer within a day, in the customer's language, and name the next step. " * 3,
    )  # fmt: skip
    id = f"lesson-{number}"
    return Envelope(
        id=id, source="/cli", type="QAAdded", time=datetime.now(UTC), subject=id, actor="person:owner", data=lesson
    )


async def _furnish(endpoint: Endpoint, theo: Visit) -> str:
    """A compilation, which has failed or not, and a group where an assistant answers; the compilation's id."""
    bus = await Bus.connect(endpoint.users["owner"], name="bench")
    try:
        asked = new_fact(CompileRequested(model="support"), module="cli", actor="person:owner")
        accepted = await bus.report(asked)
        for number in range(MESSAGES // 2):
            text = f"@AI Marketing Assistant what is **rule {number}**, and *why*?"
            await asyncio.to_thread(theo.send, f"/groups/{GROUP}/messages", id=str(uuid.uuid4()), text=text)
        while await _unfinished(bus, accepted.subject):
            await asyncio.sleep(0.2)
        return accepted.subject
    finally:
        await bus.close()


async def _unfinished(bus: Bus, compilation: str) -> bool:
    _, row = await bus.query("compilation", {"compilation": compilation}, module="cli")
    _, said = await bus.query("messages", {"group": GROUP, "limit": MESSAGES}, module="cli")
    return row.status not in ("succeeded", "failed", "unchanged") or any(one.answering for one in said.messages)


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
