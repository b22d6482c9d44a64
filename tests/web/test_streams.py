"""The live stream over plain HTTP: readers that are slow or many, and two web services on one database."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from contracts.facts.message import MessagePosted
from services.bus.client import Bus
from services.bus.endpoint import read_endpoint
from services.bus.reporting import new_fact
from services.web.live.frames import BEAT
from services.web.live.rooms import WAITING
from services.web.live.route import HEARTBEAT
from tests.fixtures.apart import Apart
from tests.fixtures.system import System
from tests.web.streams import GROUP, figure, post, send, signed_in, stream, until, until_told

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("streams") / "home").start()
    yield system
    assert system.stop() == 0, system.said


async def test_a_reader_that_is_too_slow_is_let_go_and_the_others_go_on(system: System) -> None:
    # given a stream of which nobody reads
    cookie = signed_in(system.ask_json("link", "mara")["url"])
    reader, writer = await stream(system.endpoint["http"], cookie, buffer=65_536)
    quick, other = await stream(system.endpoint["http"], cookie)
    all_told = asyncio.create_task(until_told(quick, f"{WAITING - 1} The shelf"))

    # when much more happens than may wait for it: each message is a hint and a frame
    bus = await Bus.connect(read_endpoint(system.home).users["owner"], name="test")
    long = "The shelf of the kiln was full of plates. " * 300
    for start in range(0, WAITING, 100):
        posted = (MessagePosted(group=GROUP, text=f"{start + one} {long}") for one in range(100))
        await asyncio.gather(*(bus.report(new_fact(one, module="cli", actor="person:mara")) for one in posted))
    await bus.close()

    # then who reads has heard it all, and the other's stream ends as soon as it reads
    async with asyncio.timeout(100):
        await all_told
        while await reader.read(65_536):
            pass
    for one in (writer, other):
        one.close()


async def test_a_thousand_streams_that_come_and_go_leave_nothing_behind(system: System) -> None:
    cookie = signed_in(system.ask_json("link", "mara")["url"])
    before = figure(system, "apprentice_web_readers")

    for _ in range(20):
        several = await asyncio.gather(*(stream(system.endpoint["http"], cookie) for _ in range(50)))
        for _, writer in several:
            writer.close()

    await asyncio.to_thread(until, lambda: figure(system, "apprentice_web_readers") <= before)
    assert figure(system, "apprentice_web_rooms") <= 3


async def test_two_web_services_serve_one_session_and_end_it_within_a_heartbeat(
    tmp_path: Path, postgres_server: str
) -> None:
    # given a second web service on the same database
    system = Apart(tmp_path, postgres_server)
    try:
        system.start()
        first = f"http://127.0.0.1:{system.port('web', 8760)}"
        second = f"http://127.0.0.1:{system.start_another('web')}"
        link = urlsplit(system.ask_json("link")["url"])
        cookie = signed_in(first + link.path)

        # then the session is good at both, and the stream of the one tells what was said at the other
        system.ask_json("send", "GroupCreated", json.dumps({"id": "g", "name": "G", "members": ["person:owner"]}))
        reader, writer = await stream(second, cookie, group="g")
        await post(first, cookie, "Said at the first", group="g")
        async with asyncio.timeout(30):
            await until_told(reader, "Said at the first")

        # and when it ends at the one, the other lets it go within a heartbeat, though much is told
        await send(first, cookie, "/sign-out", "", expected=303)
        other = signed_in(first + urlsplit(system.ask_json("link")["url"]).path)
        told = b""
        async with asyncio.timeout(4 * HEARTBEAT):
            while read := await reader.read(2**20):
                told += read
                await post(first, other, "And on it goes", group="g")
        assert told.count(BEAT) <= 1  # that of the session while it was good may still have been on its way
        writer.close()
    finally:
        system.stop()
