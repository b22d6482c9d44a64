"""The service ends when it is told to, however far it is."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from services.bus.server import EmbeddedServer
from services.projections import project
from services.projections.following import Following
from services.projections.service import run
from services.running import Running
from tests.projections.company import Company
from tests.projections.served import served, settings_of


async def test_a_service_that_can_not_catch_up_ends_when_it_is_told_to(tmp_path: Path, nats: EmbeddedServer) -> None:
    # given a read model that takes nobody more
    async with served(tmp_path, nats):
        pass
    (path,) = (tmp_path / "served").glob("rm_chat_*.db")
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON person BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    connection.close()
    company = Company(tmp_path)
    await company.report("PersonAdded", "ann", name="Ann", roles=["trainer"])
    await company.close()

    # when the service is started, and stopped
    service = Running.begin("projections", run, settings_of(tmp_path, nats))

    # then it has ended in time
    assert await service.drain()


async def test_catching_up_ends_between_two_pages(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    await company.report("PersonAdded", "ann", name="Ann", roles=["trainer"])
    monkeypatch.setattr(project, "PAGE", 1)
    stopped = threading.Event()

    reached = company.sources.chat.advance(lambda _: stopped.set(), stopped)

    assert reached == 1 < company.log.head().position


async def test_who_is_cancelled_projects_no_more(company: Company) -> None:
    # given
    following = Following(company.sources, "")
    running = asyncio.create_task(following.run(asyncio.Event()))
    await following.caught_up.wait()
    threads = [each for each in threading.enumerate() if each.name.startswith("following")]

    # when
    running.cancel()
    await asyncio.wait((running,))

    # then
    assert len(threads) == 2
    for each in threads:
        await asyncio.to_thread(each.join, 30)
    assert not any(each.is_alive() for each in threads)
