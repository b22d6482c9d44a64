"""Streams of pages that begin while something else is under way, over HTTP and a real bus."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from contracts.queries import GroupRow, PersonRow, Query, SystemState
from contracts.subjects import POSITION
from services.bus.client import Bus
from services.bus.jetstream import stored
from services.cancelling import end
from services.settings import Login
from services.web.live.following import Following
from services.web.live.rooms import Rooms
from tests.web.served import Served, served


@dataclass
class Door:
    """Ada's page has asked for the stream of her group: it was found that she is in it, which is not yet told."""

    web: Served
    stream: asyncio.Task[httpx2.Response]
    told: asyncio.Event

    @property
    def rooms(self) -> Rooms:
        return self.web.house.rooms

    async def enter(self) -> httpx2.Response:
        """It is told; what came through the stream until it ended."""
        self.told.set()
        return await self.stream


@asynccontextmanager
async def a_door(folder: Path, login: Callable[[str], Login]) -> AsyncIterator[Door]:
    asked, told = asyncio.Event(), asyncio.Event()

    async def person(module: str, query: Query) -> tuple[int, PersonRow]:
        row = PersonRow(id="ada", name="Ada", language="en", roles=[], assistant=None, erased=False, revision=1)
        return 1, row

    async def group(module: str, query: Query) -> tuple[int, GroupRow]:
        asked.set()
        await told.wait()
        members = ["person:ada", "person:ben"]
        return 1, GroupRow(
            id="team", name="Team", names={}, use="group", members=members, answers="every", archived=False
        )

    async def state(module: str, query: Query) -> tuple[int, SystemState]:
        return 1, SystemState(log_id="log", head=1, recorded_at=None, read_models=[], counts={})

    async with served(folder, login, person=person, group=group, state=state) as web, asyncio.timeout(30.0):
        web.browser.cookies.set("apprentice", web.house.sessions.begin("ada", "a browser"))
        stream = asyncio.create_task(web.browser.get("/live?group=team&after=1"))
        await asked.wait()
        try:
            yield Door(web, stream, told)
        finally:
            told.set()
            await end((stream,))


async def test_who_is_removed_from_a_group_while_its_stream_begins_hears_nothing_of_it(
    tmp_path: Path, bus_login: Callable[[str], Login]
) -> None:
    async with a_door(tmp_path, bus_login) as door:
        # given that she is removed meanwhile, which is known here
        house, began = door.web.house, asyncio.Event()
        following = asyncio.create_task(Following(house.bus, door.rooms, house.directory).run(began.set))
        await began.wait()
        await _tell(
            bus_login("commands"), 7, {"type": "MemberLeft", "subject": "team", "data": {"member": "person:ada"}}
        )
        while door.rooms.position < 7:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        await end((following,))

        # when the stream begins
        came = await door.enter()

        # then it has ended at once
        assert (came.status_code, came.content) == (200, b"")


async def _tell(login: Login, position: int, event: dict[str, Any]) -> None:
    commands = await Bus.connect(login, name="commands")
    subject = f"ev.private.group.team.{event['type']}"
    await stored(commands, subject, json.dumps(event).encode(), {POSITION: str(position)})
    await commands.close()


async def test_no_stream_begins_once_all_have_been_ended(tmp_path: Path, bus_login: Callable[[str], Login]) -> None:
    async with a_door(tmp_path, bus_login) as door:
        door.rooms.close()

        came = await door.enter()

        assert (came.status_code, came.content) == (200, b"")
