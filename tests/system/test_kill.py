"""The whole system is killed at random moments under load; afterwards everything must agree."""

import asyncio
import contextlib
import itertools
import json
import random
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from contracts.facts.compilation import CompileRequested
from contracts.facts.fact import Fact
from contracts.facts.group import GroupCreated
from contracts.facts.message import MessagePosted
from contracts.facts.model import ModelDefined
from contracts.facts.qa import QAAdded
from contracts.identifiers import OWNER
from contracts.queries import Compilations, CompilationsWanted, MessagesWanted, ModelWanted, Nothing
from contracts.replies import Accepted
from services.bus.client import Bus, NoReply
from services.bus.endpoint import read_endpoint
from services.bus.reporting import new_fact
from services.bus.tail import tail
from services.eventlog import open_log
from services.eventlog.log import Recorded
from services.refusals import Refused
from tests.fixtures.system import System

MODELS: Final = ("alpha", "beta", "gamma")
GROUP: Final = "room"
KILLS: Final = 6
SETTLE_SECONDS: Final = 60.0
_PASSING: Final = frozenset({"unavailable", "busy", "behind"})


class Load:
    """Senders that never give up; each fact has an id of its own, so sending it again is no other fact."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.accepted: dict[str, Accepted] = {}
        self.questions: set[str] = set()
        self.compilations: set[str] = set()
        self._numbers = itertools.count()
        self._over = asyncio.Event()

    async def report(self, data: Fact, *, id: str, subject: str | None = None) -> Accepted:
        """Until it is accepted. Raises `Refused`."""
        fact = new_fact(data, module="cli", actor=OWNER, id=id, subject=subject)
        while True:
            try:
                accepted = await self.bus.report(fact, timeout=2.0)
            except NoReply:
                await asyncio.sleep(0.05)
            except Refused as refused:
                if refused.code not in _PASSING:
                    raise
                await asyncio.sleep(0.05)
            else:
                self.accepted[id] = accepted
                return accepted

    async def set_up(self) -> None:
        for model in MODELS:
            defined = ModelDefined(name=f"Model {model}", provider="embedded", virtual_user=model)
            await self.report(defined, id=f"define-{model}", subject=model)
            await self._teach_one(model)  # what has no lesson can't be compiled
        members = (OWNER, *(f"virtual_user:{model}" for model in MODELS))
        await self.report(GroupCreated(name="Room", members=members), id="group", subject=GROUP)

    async def run(self) -> None:
        """Teach, compile and ask, until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            for model in MODELS:
                tasks.create_task(self._teach(model))
                tasks.create_task(self._compile(model))
                tasks.create_task(self._ask(model))

    def stop(self) -> None:
        self._over.set()

    async def _teach(self, model: str) -> None:
        while not self._over.is_set():
            await self._teach_one(model)
            await asyncio.sleep(0.01)

    async def _teach_one(self, model: str) -> None:
        number = next(self._numbers)
        lesson = QAAdded(model=model, question=f"What is number {number}?", answer=f"It is {number}.")
        await self.report(lesson, id=f"lesson-{number}")

    async def _compile(self, model: str) -> None:
        while not self._over.is_set():
            id = f"compile-{model}-{next(self._numbers)}"
            try:
                await self.report(CompileRequested(model=model), id=id)
                self.compilations.add(id)
            except Refused as refused:
                assert refused.code == "compilation_running", refused
            await asyncio.sleep(0.2)

    async def _ask(self, model: str) -> None:
        while not self._over.is_set():
            id = f"question-{next(self._numbers)}"
            text = f"@{model} What is number {next(self._numbers)}?"
            await self.report(MessagePosted(group=GROUP, text=text, mentions=(f"virtual_user:{model}",)), id=id)
            self.questions.add(id)
            await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_after_any_kill_log_bus_read_models_answers_and_jobs_agree(system: System) -> None:
    # given a system under load
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    async with _bus(system) as bus:
        load = Load(bus)
        await load.set_up()
        loading = asyncio.create_task(load.run())

        # when it is killed and started again, again and again
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.1, 2.0))
            assert not loading.done(), loading.exception()
            await asyncio.to_thread(system.kill)
            await asyncio.to_thread(system.start)
        load.stop()
        await loading
        await _settled(load)

        # then everything agrees
        reports = f"seed {seed}"
        log = _log(system)
        _check_accepted(load, log)
        assert await _published(bus, len(log)) == [(each.position, each.chain.hex(), each.state) for each in log], (
            reports
        )
        await _check_answers(load)
        await _check_jobs(load, system)
        await _check_rebuilt(load, system)
    assert system.ask_json("verify")["whole"]


@contextlib.asynccontextmanager
async def _bus(system: System) -> AsyncIterator[Bus]:
    bus = await Bus.connect(read_endpoint(system.home).users["owner"], name="test")
    try:
        yield bus
    finally:
        await bus.close()


async def _settled(load: Load) -> None:
    """Until no compilation runs and no question waits."""
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            open_ones: Compilations = await _ask(load.bus, "open_compilations", Nothing())
            _, waiting = await load.bus.query("open_questions", Nothing(), module="chat", actor="service:chat")
            if not open_ones.compilations and not waiting.messages:
                return
            await asyncio.sleep(0.2)


async def _ask(bus: Bus, name: str, data: Any) -> Any:
    return (await bus.query(name, data, module="cli"))[1]


def _log(system: System) -> list[Recorded]:
    log = open_log(f"sqlite:///{system.home / 'log.db'}")
    try:
        events: list[Recorded] = []
        while page := log.read(events[-1].position if events else 0, 1_000):
            events += page
        return events
    finally:
        log.close()


def _check_accepted(load: Load, log: list[Recorded]) -> None:
    """Every accepted fact is in the log once, at the position that its sender was told."""
    ends: Counter[tuple[str, int]] = Counter()
    for each in log:
        envelope = json.loads(each.state)
        ends[envelope["id"], each.fact_end] += 1
    for id, accepted in load.accepted.items():
        assert ends[id, accepted.position] == 1, id
    assert max(Counter(id for id, _ in ends).values()) == 1


async def _published(bus: Bus, count: int) -> list[tuple[int, str, bytes]]:
    events: list[tuple[int, str, bytes]] = []
    async with asyncio.timeout(SETTLE_SECONDS):
        async for message in tail(bus, subjects=["ev.>"], after_sequence=0):
            events.append((message.position, message.headers["Event-Chain"], message.data))
            if len(events) == count:
                break
    return events


async def _check_answers(load: Load) -> None:
    """Each question has one answer."""
    answers: Counter[str] = Counter()
    after: int | None = 0
    while True:
        rows = (await _ask(load.bus, "messages", MessagesWanted(group=GROUP, after=after, limit=500))).messages
        if not rows:
            break
        answers.update(row.question for row in rows if row.question is not None)
        after = rows[-1].position
    assert answers == Counter(dict.fromkeys(load.questions, 1))


async def _check_jobs(load: Load, system: System) -> None:
    """A compilation has at most one job that counts, and it is the recorded one."""
    kept: dict[str, list[str]] = {}
    for job in _jobs(system):
        if job["status"] != "cancelled":
            kept.setdefault(job["metadata"]["compilation_id"], []).append(job["id"])
    assert kept, "no compilation came as far as a job"
    for model in MODELS:
        rows = (await _ask(load.bus, "compilations", CompilationsWanted(model=model, limit=1_000))).compilations
        for row in rows:
            assert row.status in ("succeeded", "unchanged"), row
            assert kept.pop(row.id, []) == ([row.job] if row.job else []), row
        versions = [row.version for row in rows if row.status == "succeeded"]
        assert versions == list(range(len(versions), 0, -1))
        active = (await _ask(load.bus, "model", ModelWanted(model=model))).active
        assert active is not None
        assert active.version == versions[0]
    assert kept == {}


def _jobs(system: System) -> list[dict[str, Any]]:
    url = system.endpoint["provider"] + "/fine_tuning/jobs?limit=100"
    jobs: list[dict[str, Any]] = []
    more = True
    while more:
        with urllib.request.urlopen(f"{url}&after={jobs[-1]['id']}" if jobs else url, timeout=10) as reply:
            page = json.load(reply)
        jobs += page["data"]
        more = page["has_more"]
    return jobs


async def _check_rebuilt(load: Load, system: System) -> None:
    """Read models built anew from the log say the same."""

    async def said() -> list[Any]:
        rows = [await _ask(load.bus, "models", Nothing()), await _ask(load.bus, "groups", Nothing())]
        rows += [await _ask(load.bus, "compilations", CompilationsWanted(model=model)) for model in MODELS]
        sets = [await asyncio.to_thread(system.ask_json, "training-set", model) for model in MODELS]
        return [*rows, *sets]

    before = await said()
    await asyncio.to_thread(system.ask_json, "rebuild")
    assert await said() == before
