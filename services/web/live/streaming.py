"""Answers while they grow: pieces from the bus become frames for everyone in the group's room."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from nats.aio.msg import Msg

from contracts.identifiers import answer_id
from contracts.queries import AnswerChunk
from contracts.subjects import answer_chunks
from services.bus.client import Bus, NoReply
from services.refusals import Refused
from services.web.directory import Directory, Named
from services.web.live import frames
from services.web.live.rooms import Frame, Room, Rooms
from services.web.views.thread import drawn_growth

EVERY: Final = 0.08
"""Seconds between two looks at the same growing answer."""

logger = logging.getLogger(__name__)


class Streaming:
    """Keeps the text of every answer that is being written in a room that somebody is in."""

    def __init__(self, bus: Bus, rooms: Rooms, directory: Directory) -> None:
        self._bus, self._rooms, self._directory = bus, rooms, directory
        self._answers: dict[str, _Growing] = {}
        self._drawing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to listen."""
        await self._bus.nc.subscribe(answer_chunks("*", "*"), cb=self._take)

    async def _take(self, message: Msg) -> None:
        chunk = AnswerChunk.model_validate_json(message.data)
        id = answer_id(chunk.question, chunk.virtual_user)
        room = self._rooms.room(f"group:{message.subject.split('.')[1]}")
        if room is None or chunk.done:
            self._answers.pop(id, None)
            if room is not None:
                room.growing.pop(id, None)
            return
        if chunk.index == 0:
            self._answers[id] = _Growing(chunk.attempt)
        growing = self._answers.get(id)
        if growing is not None and growing.take(chunk) and not growing.waiting:
            growing.waiting = True
            task = asyncio.create_task(self._draw(room, id, chunk.virtual_user, growing))
            self._drawing.add(task)
            task.add_done_callback(self._drawing.discard)

    async def _draw(self, room: Room, id: str, virtual_user: str, growing: "_Growing") -> None:
        """Show the text, pause, and again while it has grown meanwhile."""
        member, shown = f"virtual_user:{virtual_user}", None
        try:
            while growing.text != shown:
                everybody = await self._directory.everybody()
                if self._answers.get(id) is not growing:
                    return  # it is whole, or grows anew, since the names were asked for
                shown = growing.text
                room.growing[id] = frame = _frame(id, member, shown, everybody)
                room.publish(frame)
                await asyncio.sleep(EVERY)
        except (Refused, NoReply) as problem:
            logger.warning("an answer can't be shown while it grows: %s", problem)
        finally:
            growing.waiting = False


def _frame(id: str, member: str, text: str, everybody: Mapping[str, Named]) -> Frame:
    return Frame(0, lambda look: frames.html(drawn_growth(id, member, text, everybody, look), 0))


class _Growing:
    def __init__(self, attempt: int) -> None:
        self.attempt, self.pieces, self.text, self.waiting = attempt, 0, "", False

    def take(self, chunk: AnswerChunk) -> bool:
        """Add the piece; whether it is the next one. Behind one that was lost, the whole answer is waited for."""
        if (chunk.attempt, chunk.index) != (self.attempt, self.pieces):
            return False
        self.text, self.pieces = self.text + chunk.text, self.pieces + 1
        return True
