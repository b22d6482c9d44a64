"""`/live`: the one stream of an open page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from services.web.live import frames
from services.web.live.rooms import Reader, Room
from services.web.visitor import Signed, Visitor

HEARTBEAT: Final = 15.0

router = APIRouter()


@router.get("/live")
async def live(request: Request, visitor: Signed, after: int = 0, group: str | None = None) -> StreamingResponse:
    """Hints for every page and, with `group`, the messages of that group after a position.

    `Last-Event-ID`, which the browser sends when it comes back, counts instead of `after`.
    """
    departures = visitor.house.rooms.departures
    if group is not None:
        await visitor.ask("group", group=group)  # refused to whoever isn't in it
    given = request.headers.get("last-event-id", "")
    seen = int(given) if given.isdecimal() else after
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    told = _stream(visitor, seen, f"group:{group}" if group else None, departures)
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


async def _stream(visitor: Visitor, seen: int, name: str | None, departures: int) -> AsyncIterator[bytes]:
    rooms = visitor.house.rooms
    if rooms.closed or (name is not None and rooms.departures != departures):
        return  # perhaps it is they who have left meanwhile: the browser comes back and they are asked for anew
    reader = Reader(visitor.actor, visitor.session.digest, visitor.look)
    async with AsyncExitStack() as leaving:
        hall = rooms.hall
        hall.readers.add(reader)
        leaving.callback(hall.readers.discard, reader)
        _catch_up(reader, hall, seen)
        if name is not None:
            room = rooms.enter(name, reader)
            leaving.callback(rooms.leave, name, reader)
            _catch_up(reader, room, seen)
        yield b"retry: 500\n\n"
        async for sent in _told(visitor, reader):
            yield sent


async def _told(visitor: Visitor, reader: Reader) -> AsyncIterator[bytes]:
    """Frames as they come; every heartbeat, however much is told, whether the person is still signed in."""
    now, sessions = asyncio.get_running_loop().time, visitor.house.sessions
    beat = now() + HEARTBEAT
    while True:
        if now() >= beat:
            if not await asyncio.to_thread(sessions.still, visitor.session.digest):
                return
            yield frames.BEAT
            beat = now() + HEARTBEAT
        try:
            frame = await asyncio.wait_for(reader.frames.get(), beat - now())
        except TimeoutError:
            continue
        if frame is None:
            return
        yield frame.drawn(reader.look)


def _catch_up(reader: Reader, room: Room, seen: int) -> None:
    missed = room.after(seen) if seen else []
    for frame in [frames.hint(frames.RESYNC, 0)] if missed is None else missed:
        reader.send(frame)
    for frame in room.growing.values():
        reader.send(frame)
