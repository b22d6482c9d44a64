"""Queries are answered beside each other: whoever waits, or asks for something long, keeps nobody else waiting."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts.queries import Shape
from services.bus.client import Bus
from services.bus.server import EmbeddedServer
from services.projections import service
from services.projections.answering import Question
from services.projections.service import AT_ONCE, HANDLERS
from services.refusals import Refused
from tests.projections.served import served


@contextmanager
def nothing_more_is_projected(folder: Path) -> Iterator[None]:
    """What people and groups are made of is locked, so the read model stays behind."""
    (path,) = (folder / "served").glob("rm_chat_*.db")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the read models does so for longer than a test takes."""
    monkeypatch.setattr(service, "WAIT_SECONDS", 600.0)


async def test_who_waits_for_a_fact_to_be_projected_keeps_nobody_waiting(tmp_path: Path, nats: EmbeddedServer) -> None:
    async with served(tmp_path, nats) as system:
        before, _ = await system.bus.query("people", {}, module="cli")

        with nothing_more_is_projected(tmp_path):
            # given somebody who waits for a fact
            added = await system.company.report("PersonAdded", "ann", name="Ann", roles=["trainer"])
            waiting = asyncio.create_task(
                system.bus.query("people", {}, module="cli", after=added.position, timeout=60)
            )

            # when another asks for what is there already
            _, then = await system.bus.query("people", {}, module="cli", at=before)

            # then that is answered meanwhile
            assert not waiting.done()
            assert [person.id for person in then.people] == ["owner"]
        assert [person.id for person in (await waiting)[1].people] == ["ann", "owner"]


async def test_a_query_that_takes_long_keeps_no_other_waiting(
    tmp_path: Path, nats: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path, nats) as system:
        # given more of one query than are answered at once, none of which comes to its end
        begun, over, chain = threading.Semaphore(0), threading.Event(), HANDLERS["chain"]

        def long(question: Question, wanted: Any) -> Shape:
            begun.release()
            assert over.wait(60)
            return chain(question, wanted)

        monkeypatch.setitem(HANDLERS, "chain", long)
        asked = [asyncio.create_task(system.bus.query("chain", {}, module="cli", timeout=60)) for _ in range(AT_ONCE)]
        await asyncio.to_thread(begun.acquire)

        # when another is asked
        try:
            _, people = await system.bus.query("people", {}, module="cli")
            began_beside = await asyncio.to_thread(begun.acquire, timeout=30)
        finally:
            over.set()

        # then it is answered, and more than one of the long ones is on its way
        assert [person.id for person in people.people] == ["owner"]
        assert began_beside
        assert all(found.whole for _, found in await asyncio.gather(*asked))


async def test_answers_take_no_thread_from_the_rest_of_the_process(tmp_path: Path, nats: EmbeddedServer) -> None:
    # given a process with one thread for everybody
    everybody = ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(everybody)
    async with served(tmp_path, nats) as system:
        # when that is taken
        over = threading.Event()
        taken = asyncio.create_task(asyncio.to_thread(over.wait, 60))

        # then queries are answered
        try:
            assert await system.bus.query("people", {}, module="cli")
        finally:
            over.set()
            await taken


async def test_a_position_beyond_the_log_is_refused_at_once(tmp_path: Path, nats: EmbeddedServer) -> None:
    async with served(tmp_path, nats) as system:
        with pytest.raises(Refused, match=r"The log ends at position 1; 1000000000 isn't there yet"):
            await system.bus.query("people", {}, module="cli", after=1_000_000_000, timeout=30)


async def test_who_may_not_ask_is_refused_without_waiting(tmp_path: Path, nats: EmbeddedServer) -> None:
    async with served(tmp_path, nats) as system:
        crm = await Bus.connect(nats.logins["crm"], name="crm")
        try:
            with nothing_more_is_projected(tmp_path):
                await system.company.report("PersonAdded", "ann", name="Ann", roles=["trainer"])
                with pytest.raises(Refused) as refused:
                    await crm.query("sign_in", {"login": "ann"}, module="crm", timeout=30)
        finally:
            await crm.close()
        assert refused.value.refusal.code == "role_needed"
