"""Who writes just now: told on the bus by the web process of the writer, shown by each to the others in the room."""

import time
from collections.abc import Callable
from typing import Final

from nats.aio.msg import Msg

from contracts.subjects import typing
from services.bus.client import Bus
from services.web.directory import Directory, named
from services.web.live import frames
from services.web.live.rooms import Frame, Rooms
from services.web.rendering import render

EVERY: Final = 3.0
"""Seconds between two tellings that the same person writes in the same group."""
_REMEMBERED: Final = 1_000


class Typing:
    """Unstored: whoever opens the group a moment later misses nothing."""

    def __init__(self, bus: Bus, rooms: Rooms, directory: Directory, now: Callable[[], float] = time.monotonic) -> None:
        self._bus, self._rooms, self._directory, self._now = bus, rooms, directory, now
        self._told: dict[tuple[str, str], float] = {}

    async def open(self) -> None:
        """Begin to listen."""
        await self._bus.nc.subscribe(typing("*"), cb=self._take)

    async def tell(self, group: str, member: str) -> bool:
        """The member, who is in the group, writes there now. Whether it was told or is known well enough."""
        now = self._now()
        if now - self._told.get((group, member), -EVERY) < EVERY:
            return False
        if len(self._told) >= _REMEMBERED:
            self._told = {key: told for key, told in self._told.items() if now - told < EVERY}
        self._told[group, member] = now
        await self._bus.nc.publish(typing(group), member.encode())
        return True

    async def _take(self, message: Msg) -> None:
        group, member = message.subject.removeprefix("typing."), message.data.decode()
        room = self._rooms.room(f"group:{group}")
        if room is None or not room.readers:
            return
        who = named(await self._directory.everybody(), member)
        room.publish(
            Frame(0, lambda look: frames.html(render("parts/typing_frame.html", look[0], {"who": who}), 0)), but=member
        )
