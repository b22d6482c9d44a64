"""Follows EV for all pages of this process: hints for what changed, and each group's messages as they look now."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from contracts.queries import MessageRow, Messages, MessageWanted
from services.bus.client import Bus, NoReply
from services.bus.tail import Followed, last_sequence, tail
from services.refusals import Refused
from services.web.asking import ACTOR, MODULE
from services.web.directory import Directory, Named
from services.web.live import frames
from services.web.live.rooms import Frame, Room, Rooms
from services.web.views.quoting import Quote, quotes
from services.web.views.thread import drawn_message

HINTED: Final = frozenset(
    {"model", "provider", "qa", "conversation", "proposal", "compilation", "group", "person", "module"}
)
"""Kinds of which pages wait to hear; what a change of a message means for a page is told to its group's room."""
LESSONS: Final = frozenset({"qa", "conversation", "proposal"})
"""What may have been made of messages, which then say so."""
NAMING: Final = frozenset({"model", "person"})

logger = logging.getLogger(__name__)


class Following:
    """One reader of EV per process, not per browser."""

    def __init__(self, bus: Bus, rooms: Rooms, directory: Directory) -> None:
        self._bus, self._rooms, self._directory = bus, rooms, directory

    async def run(self, began: Callable[[], None]) -> None:
        """Follow without end; `began` is called once nothing can be missed any more."""
        sequence = await last_sequence(self._bus)
        _, head = await self._bus.query("state", {}, module=MODULE, actor=ACTOR)
        self._rooms.begin(head.head)
        began()
        async for message in tail(self._bus, subjects=["ev.>"], after_sequence=sequence):
            await self._take(message)

    async def _take(self, message: Followed) -> None:
        event: dict[str, Any] = json.loads(message.data)
        kind = message.subject.split(".")[2]
        if kind in NAMING:
            self._directory.forget()
        if kind in HINTED:
            self._rooms.hall.publish(frames.hint(kind, message.position, str(event["subject"])))
        if kind == "message":
            await self._message(message.position, event)
        if kind == "group":
            await self._group(message.position, event)
        if kind in LESSONS:
            taught = event["data"].get("conversation") or event["data"]  # a proposal holds what it would teach
            await self._taught(message.position, taught.get("origin_reference") or {})
        self._rooms.position = max(self._rooms.position, message.position)

    async def _message(self, position: int, event: dict[str, Any]) -> None:
        group = event["data"].get("group")
        self._rooms.hall.publish(frames.hint("message", position, str(group)))
        room = self._rooms.room(f"group:{group}")
        if room is None:
            return
        for id in dict.fromkeys((event["subject"], event["data"].get("question"))):
            if id is not None:
                await self._show(room, position, id)

    async def _show(self, room: Room, position: int, id: str) -> None:
        try:
            row = await self._message_row(id, position)
            quoted = await quotes([row], self._message_row)
            everybody = await self._directory.everybody()
        except (Refused, NoReply) as problem:
            logger.warning("the message %s can't be shown now: %s", id, problem)
            room.publish(frames.hint(frames.RESYNC, position))
            return
        room.growing.pop(id, None)
        room.publish(_framed(position, row, quoted, everybody))

    async def _message_row(self, id: str, after: int | None = None) -> MessageRow:
        wanted = MessageWanted(message=id)
        row: MessageRow = (await self._bus.query("message", wanted, module=MODULE, actor=ACTOR, after=after))[1]
        return row

    async def _taught(self, position: int, origin: dict[str, Any]) -> None:
        room = self._rooms.room(f"group:{origin.get('group')}")
        if room is not None:
            for id in origin.get("messages", ()):
                await self._show(room, position, id)

    async def _group(self, position: int, event: dict[str, Any]) -> None:
        self._check_members(event)
        room = self._rooms.room(f"group:{event['subject']}")
        if room is None:
            return
        wanted = {"group": event["subject"], "after": position - 1, "limit": 1}
        try:
            found: Messages = (await self._bus.query("messages", wanted, module=MODULE, actor=ACTOR, after=position))[1]
            everybody = await self._directory.everybody()
        except (Refused, NoReply) as problem:
            logger.warning("what happened to the group %s can't be shown now: %s", event["subject"], problem)
            room.publish(frames.hint(frames.RESYNC, position))
            return
        for row in found.messages:
            room.publish(_framed(position, row, {}, everybody))

    def _check_members(self, event: dict[str, Any]) -> None:
        gone = event["data"].get("member") if event["type"] == "MemberLeft" else None
        self._rooms.departures += gone is not None
        room = self._rooms.room(f"group:{event['subject']}")
        for reader in list(room.readers) if room is not None and gone else ():
            if reader.actor == gone:
                reader.end()


def _framed(position: int, row: MessageRow, quoted: Mapping[str, Quote], everybody: Mapping[str, Named]) -> Frame:
    return Frame(position, lambda look: frames.html(drawn_message(row, quoted, everybody, look), position))
