"""Answers while they grow, over a real bus: what their readers are shown of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from contracts.queries import AnswerChunk, Models, People, Query
from contracts.subjects import answer_chunks
from services.bus.client import Bus
from services.settings import Login
from services.web.directory import Directory
from services.web.live.rooms import Reader, Room
from services.web.live.streaming import Streaming
from tests.web.served import served


@dataclass
class Scene:
    """A page in a group where the assistant of Sales answers the question q; `known` lets the names be told."""

    room: Room
    reader: Reader
    directory: Directory
    chat: Bus
    asked: asyncio.Event
    known: asyncio.Event

    async def tell(self, index: int, text: str, *, assistant: str = "sales", done: bool = False) -> None:
        """A piece of an answer, as a chat service tells it that gives this answer for the first time."""
        piece = AnswerChunk(question="q", virtual_user=assistant, attempt=1, index=index, text=text, done=done)
        await self.chat.nc.publish(answer_chunks("team", "q"), piece.model_dump_json().encode())

    async def shown(self, words: str) -> str:
        """The first frame with these words."""
        while True:
            frame = await self.reader.frames.get()
            assert frame is not None
            if words in (text := frame.drawn(self.reader.look).decode()):
                return text


@asynccontextmanager
async def a_page(folder: Path, login: Callable[[str], Login]) -> AsyncIterator[Scene]:
    asked, known = asyncio.Event(), asyncio.Event()
    known.set()

    async def people(module: str, query: Query) -> tuple[int, People]:
        asked.set()
        await known.wait()
        return 1, People(people=[])

    async def models(module: str, query: Query) -> tuple[int, Models]:
        return 1, Models(models=[])

    async with served(folder, login, people=people, models=models) as web, asyncio.timeout(30.0):
        house, reader = web.house, Reader("person:ada", "session", ("en", ZoneInfo("UTC"), False))
        room = house.rooms.enter("group:team", reader)
        await Streaming(house.bus, house.rooms, house.directory).open()
        await house.bus.nc.flush()
        chat = await Bus.connect(login("chat"), name="chat")
        try:
            yield Scene(room, reader, house.directory, chat, asked, known)
        finally:
            known.set()
            await chat.close()


async def test_an_answer_that_was_cut_off_and_is_given_anew_grows_from_its_beginning(
    tmp_path: Path, bus_login: Callable[[str], Login]
) -> None:
    async with a_page(tmp_path, bus_login) as scene:
        # given a chat service that dies in the midst of an answer
        await scene.tell(0, "Every Tues")
        await scene.shown("Every Tues")

        # when the next one gives it
        await scene.tell(0, "Every Tuesday")

        # then nothing is left of the first
        assert "TuesEvery" not in await scene.shown("Tuesday")


async def test_without_its_beginning_an_answer_is_shown_when_it_is_whole(
    tmp_path: Path, bus_login: Callable[[str], Login]
) -> None:
    async with a_page(tmp_path, bus_login) as scene:
        # given an answer whose first piece was told before anybody here looked
        await scene.tell(1, "on holidays.", assistant="support")

        # when another answer begins
        await scene.tell(0, "Every Tues")

        # then only that one grows
        assert "Every Tues" in await scene.shown("")


async def test_nothing_grows_any_more_once_the_answer_is_whole(
    tmp_path: Path, bus_login: Callable[[str], Login]
) -> None:
    async with a_page(tmp_path, bus_login) as scene:
        # given an answer that grows, and names that have to be asked for before more of it can be shown
        await scene.tell(0, "Every ")
        await scene.shown("Every")
        scene.asked.clear()
        scene.known.clear()
        scene.directory.forget()
        await scene.tell(1, "Tuesday")
        await scene.asked.wait()

        # when it becomes whole meanwhile
        await scene.tell(2, "", done=True)
        while scene.room.growing:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        scene.known.set()
        await scene.directory.everybody()

        # then no piece of it follows
        assert not scene.room.growing
        assert scene.reader.frames.empty()
