"""JetStream's own API, in its own words: requests that nats-py has no method or no field for."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nats.js.errors import APIError

from contracts.subjects import POSITION

if TYPE_CHECKING:
    from services.bus.client import Bus


async def ask(bus: Bus, subject: str, body: dict[str, Any] | None = None, timeout: float = 5.0) -> dict[str, Any]:
    """The reply to `$JS.API.<subject>`.

    Raises:
        nats.js.errors.APIError: JetStream refuses; `NotFoundError` when there is no such thing.
        services.bus.client.NoReply: nobody answers, or the user may not ask this.
    """
    payload = json.dumps(body).encode() if body else b""
    message = await bus.request(f"$JS.API.{subject}", payload, timeout=timeout, attempts=2)
    reply: dict[str, Any] = json.loads(message.data)
    if "error" in reply:
        raise APIError.from_error(reply["error"])
    return reply


async def stored(bus: Bus, subject: str, body: bytes, headers: Mapping[str, str], timeout: float = 5.0) -> int:
    """Publish into a JetStream stream and wait until it is stored; its sequence there.

    Raises:
        nats.js.errors.APIError: JetStream refuses it.
        services.bus.client.NoReply: no stream takes the subject, or the user may not publish there.
    """
    message = await bus.request(subject, body, headers=headers, timeout=timeout, attempts=2)
    reply: dict[str, Any] = json.loads(message.data)
    if "error" in reply:
        raise APIError.from_error(reply["error"])
    sequence: int = reply["seq"]
    return sequence


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it stands in a JetStream stream."""

    sequence: int
    subject: str
    headers: Mapping[str, str]
    data: bytes

    @property
    def position(self) -> int:
        """The event's place in the log; 0 for what isn't an event."""
        return int(self.headers.get(POSITION, "0"))


async def look_up(bus: Bus, stream: str, which: dict[str, Any]) -> Stored:
    """One message, asked of the stream's leader. `which`: `{"seq": 7}`, or `{"last_by_subj": ">"}` for the last.

    Raises:
        nats.js.errors.NotFoundError: there is none.
        services.bus.client.NoReply: nobody answers, or the user may not look.
    """
    found = (await ask(bus, f"STREAM.MSG.GET.{stream}", which))["message"]
    headers = base64.b64decode(found.get("hdrs", "")).decode()
    lines = (line.partition(":") for line in headers.split("\r\n")[1:] if line)
    return Stored(
        sequence=found["seq"],
        subject=found["subject"],
        headers={name: value.strip() for name, _, value in lines},
        data=base64.b64decode(found.get("data", "")),
    )
