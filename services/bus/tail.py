"""Following a JetStream stream from a place of the follower's own: in order, without gaps or repeats, for ever."""

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from contracts import subjects
from services.bus.client import Bus

HEARTBEAT: Final = 1.0
SILENCE: Final = 2.5 * HEARTBEAT
"""Seconds without message or heartbeat after which the consumer is made anew."""
RETRY: Final = 0.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Followed:
    """One message: its place in the JetStream stream, its subject, headers and body."""

    sequence: int
    subject: str
    headers: dict[str, str]
    data: bytes
    pending: int
    """How many more were waiting when this one was sent; 0 means that the follower is up to date."""


async def tail(
    bus: Bus,
    filter_subject: str,
    *,
    stream: str = subjects.EV,
    after: int | None = None,
    last_per_subject: bool = False,
) -> AsyncIterator[Followed]:
    """Messages under the filter: beyond sequence `after`, or (None) from now on, or first the last of each subject.

    The consumer is ephemeral and made anew whenever anything is odd: a gap, silence, a reconnection.
    """
    place = _Place(after, last_per_subject)
    while True:
        try:
            async for message in _consume(bus, stream, filter_subject, place):
                place.reached(message.sequence)
                yield message
        except (NatsError, OSError, TimeoutError, _Odd) as problem:
            logger.info("following %s anew: %s", filter_subject, problem or type(problem).__name__)
        if bus.nc.is_closed:
            return
        await asyncio.sleep(RETRY)


class _Odd(Exception):
    """Something that can't be trusted."""


@dataclass
class _Place:
    after: int | None
    last_per_subject: bool

    def reached(self, sequence: int) -> None:
        # Last-per-subject may deliver what changed meanwhile a second time after a break: the newest value wins anyway.
        if not self.last_per_subject:
            self.after = sequence

    def policy(self) -> dict[str, Any]:
        if self.last_per_subject:
            return {"deliver_policy": "last_per_subject"}
        if self.after is None:
            return {"deliver_policy": "new"}
        return {"deliver_policy": "by_start_sequence", "opt_start_seq": self.after + 1}


async def _consume(bus: Bus, stream: str, filter_subject: str, place: _Place) -> AsyncIterator[Followed]:
    deliver = bus.nc.new_inbox()
    subscription = await bus.nc.subscribe(deliver, pending_msgs_limit=-1, pending_bytes_limit=-1)
    reconnects = bus.nc.stats["reconnects"]
    name = f"tail-{uuid.uuid4().hex[:16]}"
    try:
        info = await _create(bus, stream, name, filter_subject, deliver, place)
        if place.after is None and not place.last_per_subject:
            place.after = info["delivered"]["stream_seq"]
        expected = 1
        while True:
            message = await subscription.next_msg(SILENCE)
            if bus.nc.stats["reconnects"] != reconnects:
                raise _Odd("the connection was made anew")
            if message.headers and (status := message.headers.get("Status")):
                _check_status(status)
                continue
            expected = _check_sequence(message, expected)
            yield _followed(message)
    finally:
        await subscription.unsubscribe()
        if bus.nc.is_connected:
            await bus.nc.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{name}", b"")


async def _create(bus: Bus, stream: str, name: str, filter_subject: str, deliver: str, place: _Place) -> dict[str, Any]:
    config = {
        "name": name,
        "deliver_subject": deliver,
        "ack_policy": "none",
        "filter_subject": filter_subject,
        "idle_heartbeat": int(HEARTBEAT * 1_000_000_000),
        "inactive_threshold": 30_000_000_000,
        "mem_storage": True,
        "num_replicas": 1,
        **place.policy(),
    }
    body = json.dumps({"stream_name": stream, "config": config, "action": "create"}).encode()
    reply = await bus.nc.request(f"$JS.API.CONSUMER.CREATE.{stream}.{name}.{filter_subject}", body, timeout=5)
    info: dict[str, Any] = json.loads(reply.data)
    if "error" in info:
        raise _Odd(info["error"].get("description", "the consumer was refused"))
    return info


def _check_status(status: str) -> None:
    if status != "100":
        raise _Odd(f"the server answered {status}")


def _check_sequence(message: Msg, expected: int) -> int:
    if message.metadata.sequence.consumer != expected:
        raise _Odd(f"message {expected} is missing")
    return expected + 1


def _followed(message: Msg) -> Followed:
    metadata = message.metadata
    return Followed(
        metadata.sequence.stream, message.subject, dict(message.headers or {}), message.data, metadata.num_pending
    )
