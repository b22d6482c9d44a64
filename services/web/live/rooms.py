"""Rooms: everyone who looks at one group right now, what they are sent, and what can be sent again.

A frame is rendered once per look (language, time zone, studio or not), not once per reader, so it holds only what all of its
readers may see. What is personal comes from the page itself or is fetched by each.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

Look = tuple[str, ZoneInfo, bool]
"""Language, time zone, and whether the studio is seen: to others no message has links that lead there."""
KEPT: Final = 500
"""Frames that a room can send again."""
WAITING: Final = 1_000
"""Frames that may wait for one reader; one who is further behind begins anew."""
EMPTY_SECONDS: Final = 300.0
"""How long a room without readers goes on keeping frames: tabs that are hidden come back."""


@dataclass(slots=True)
class Frame:
    """Something to be sent. `position`: of the event that it shows; 0 for what isn't sent again."""

    position: int
    draw: Callable[[Look], bytes] = field(repr=False)
    _drawn: dict[Look, bytes] = field(default_factory=dict, repr=False)

    def drawn(self, look: Look) -> bytes:
        """As this look shows it."""
        if look not in self._drawn:
            self._drawn[look] = self.draw(look)
        return self._drawn[look]


class Reader:
    """One open page."""

    def __init__(self, actor: str, session: str, look: Look) -> None:
        self.actor, self.session, self.look = actor, session, look
        self.frames: asyncio.Queue[Frame | None] = asyncio.Queue(WAITING)

    def send(self, frame: Frame | None) -> bool:
        """Queue it; None ends the stream. Whether there was room."""
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True

    def end(self) -> None:
        """The stream ends after nothing more."""
        while not self.frames.empty():
            self.frames.get_nowait()
        self.frames.put_nowait(None)


class Room:
    """`since`: the position from which on every frame is kept."""

    def __init__(self, since: int) -> None:
        self.readers: set[Reader] = set()
        self.growing: dict[str, Frame] = {}
        self.left_at: float | None = None
        self._since = since
        self._frames: deque[Frame] = deque(maxlen=KEPT)

    def publish(self, frame: Frame, but: str = "") -> None:
        """Send it to all, `but` one person; keep it when it has a position."""
        if frame.position:
            if len(self._frames) == KEPT:
                self._since = self._frames[0].position
            self._frames.append(frame)
        for reader in list(self.readers):
            if reader.actor != but and not reader.send(frame):
                reader.end()

    def after(self, position: int) -> list[Frame] | None:
        """What came after the position; None when that can't be told any more."""
        if position < self._since:
            return None
        return [frame for frame in self._frames if frame.position > position]


class Rooms:
    """All rooms by name, and the hall in which every open page is."""

    def __init__(self) -> None:
        self.position = 0
        """Of the last event that was taken from EV."""
        self.hall = Room(0)
        self.departures = 0
        """How often somebody has left a group: whoever was found in one before may not be in it any more."""
        self.closed = False
        self._rooms: dict[str, Room] = {}

    def begin(self, position: int) -> None:
        """Events behind this position will be taken."""
        self.position = position
        self.hall = Room(position)

    def room(self, name: str) -> Room | None:
        """The room, if somebody is or was lately in it."""
        return self._rooms.get(name)

    def open(self, name: str) -> Room:
        """The room; from now on it keeps what happens there. A page opens it before it asks what stands there."""
        self._sweep()
        if name not in self._rooms:
            self._rooms[name] = Room(self.position)
            self._rooms[name].left_at = asyncio.get_running_loop().time()
        return self._rooms[name]

    def enter(self, name: str, reader: Reader) -> Room:
        """The reader sees the room from now on."""
        room = self.open(name)
        room.readers.add(reader)
        room.left_at = None
        return room

    def leave(self, name: str, reader: Reader) -> None:
        """The reader is gone."""
        room = self._rooms.get(name)
        if room is not None:
            room.readers.discard(reader)
            room.left_at = None if room.readers else asyncio.get_running_loop().time()
        self._sweep()

    def everyone(self) -> Iterator[Reader]:
        """Every open page."""
        yield from list(self.hall.readers)

    def figures(self) -> dict[str, int]:
        """For Prometheus."""
        return {
            "apprentice_web_position": self.position,
            "apprentice_web_readers": len(self.hall.readers),
            "apprentice_web_rooms": len(self._rooms),
        }

    def close(self) -> None:
        """End every stream, and let none begin; the browsers come back by themselves."""
        self.closed = True
        for reader in self.everyone():
            reader.end()

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for name, room in list(self._rooms.items()):
            if room.left_at is not None and now - room.left_at > EMPTY_SECONDS:
                del self._rooms[name]
