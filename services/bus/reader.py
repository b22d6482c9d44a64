"""One ephemeral consumer's life: it reads ahead without acknowledgements, and ends at the first odd thing.

Odd is a gap, silence, a lost connection, or a status that nobody asked for. Where to go on is the tail's matter.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.errors import APIError

from services.bus.client import Bus, NoReply
from services.bus.jetstream import Stored, ask

AHEAD: Final = 200
"""Messages that are requested beyond the one in hand; half as many at a time."""
HEARTBEAT: Final = 1.0
SILENCE: Final = 2.5 * HEARTBEAT
REQUEST_SECONDS: Final = 30.0
INACTIVE_SECONDS: Final = 30.0
_NANO: Final = 1_000_000_000


class Odd(Exception):
    """The consumer can't be relied on any more."""


@dataclass(frozen=True, slots=True)
class Followed(Stored):
    """A message that a reader hands out. `pending`: how many were behind it when it was sent."""

    pending: int


class Reader:
    """`async with Reader(...) as reader: async for message in reader`; raises `Odd`, and what `ask` raises."""

    def __init__(self, bus: Bus, stream: str, filters: Sequence[str], start: dict[str, Any]) -> None:
        self.created_at = 0
        """The stream's sequence behind which it reads."""
        self._bus, self._stream, self._filters, self._start = bus, stream, filters, start
        self._name = secrets.token_hex(12)  # whoever knows it may read from it
        self._taken: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._subscription: Subscription | None = None
        self._expected = 1
        self._requested = 0

    async def __aenter__(self) -> Self:
        nc = self._bus.nc
        self._subscription = await nc.subscribe(nc.new_inbox(), cb=self._take)
        self._bus.interrupted.append(self._lose)
        try:
            created = await ask(
                self._bus, self._create_subject(), {"stream_name": self._stream, "config": self._config()}
            )
        except BaseException:
            await self._end()
            raise
        self.created_at = created["delivered"]["stream_seq"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Followed:
        while True:
            await self._request()
            message = await self._next()
            status = (message.headers or {}).get("Status") if not message.data else None
            if status is None:
                return self._in_order(message)
            if status == "408":
                self._requested -= int((message.headers or {}).get("Nats-Pending-Messages", self._requested))
            elif status != "100":
                raise Odd(f"status {status} {(message.headers or {}).get('Description', '')}")

    async def _request(self) -> None:
        if self._requested > AHEAD // 2:
            return
        assert self._subscription is not None
        wanted = {
            "batch": AHEAD // 2,
            "expires": int(REQUEST_SECONDS * _NANO),
            "idle_heartbeat": int(HEARTBEAT * _NANO),
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
        await self._bus.nc.publish(subject, json.dumps(wanted).encode(), self._subscription.subject)
        self._requested += AHEAD // 2

    async def _next(self) -> Msg:
        try:
            message = await asyncio.wait_for(self._taken.get(), SILENCE)
        except TimeoutError as problem:
            raise Odd(f"no heartbeat for {SILENCE:g} s") from problem
        if message is None:
            raise Odd("the connection was lost in between")
        return message

    def _in_order(self, message: Msg) -> Followed:
        meta = message.metadata
        if meta.sequence.consumer != self._expected:
            raise Odd(f"message {self._expected} of the consumer is missing")
        self._expected += 1
        self._requested -= 1
        return Followed(
            sequence=meta.sequence.stream,
            subject=message.subject,
            headers=message.headers or {},
            data=message.data,
            pending=meta.num_pending,
        )

    def _create_subject(self) -> str:
        subject = f"CONSUMER.CREATE.{self._stream}.{self._name}"
        return f"{subject}.{self._filters[0]}" if len(self._filters) == 1 else subject

    def _config(self) -> dict[str, Any]:
        one = len(self._filters) == 1
        filters = {"filter_subject": self._filters[0]} if one else {"filter_subjects": list(self._filters)}
        return {
            "name": self._name,
            "ack_policy": "none",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": int(INACTIVE_SECONDS * _NANO),
            **self._start,
            **filters,
        }

    async def _take(self, message: Msg) -> None:
        self._taken.put_nowait(message)

    def _lose(self) -> None:
        self._taken.put_nowait(None)

    async def _end(self) -> None:
        self._bus.interrupted.remove(self._lose)
        try:
            if self._subscription is not None:
                await self._subscription.unsubscribe()
            if self._bus.nc.is_connected:
                await ask(self._bus, f"CONSUMER.DELETE.{self._stream}.{self._name}", timeout=1.0)
        except (nats.errors.Error, NoReply, APIError):
            return  # the server removes the consumer when it has been idle
