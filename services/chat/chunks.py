"""Sending the pieces of a growing answer, a few milliseconds' worth at a time."""

import asyncio
import time

from contracts.queries import AnswerChunk
from contracts.subjects import answer_chunks
from services.bus.client import Bus

EVERY = 0.03
"""Seconds between two pieces on the bus."""


class Chunks:
    """Core NATS, unstored; whoever joins late gets the finished answer as a message."""

    def __init__(self, bus: Bus, group: str, question: str, virtual_user: str, attempt: int) -> None:
        self._bus = bus
        self._subject = answer_chunks(group, question)
        self._head = {"question": question, "virtual_user": virtual_user, "attempt": attempt}
        self._index = 0
        self._waiting = ""
        self._sent = 0.0

    async def send(self, text: str) -> None:
        """Take a piece; it goes out at once or with the next."""
        self._waiting += text
        if self._waiting and time.monotonic() - self._sent >= EVERY:
            await self._publish()

    async def end(self) -> None:
        """Send the rest, and that it is done."""
        await self._publish(done=True)

    async def _publish(self, *, done: bool = False) -> None:
        chunk = AnswerChunk.model_validate(self._head | {"index": self._index, "text": self._waiting, "done": done})
        self._waiting, self._sent, self._index = "", time.monotonic(), self._index + 1
        await self._bus.nc.publish(self._subject, chunk.model_dump_json().encode())
        await asyncio.sleep(0)
