"""Where facts and events go that could not be read: `dlq.<module>.<Fact>`, kept 30 days, with the reason."""

from __future__ import annotations

import re

from contracts import subjects
from services.bus.client import Bus
from services.bus.jetstream import stored

REASON = "Dead-Letter-Reason"
_ROOM_FOR_HEADERS = 8_192
_TOKEN = re.compile(r"[^A-Za-z0-9_-]")


async def bury(bus: Bus, *, module: str, fact: str, body: bytes, reason: str) -> None:
    """Keep a body that nobody could read, as it came. `module` and `fact` are the subject's tokens it came under.

    A body that fills the whole message leaves no room for the reason; its end is cut off, and the reason says so.

    Raises:
        services.bus.client.NoReply, nats.js.errors.APIError: it was not stored.
    """
    room = bus.nc.max_payload - _ROOM_FOR_HEADERS
    if len(body) > room:
        reason = f"{reason} Kept are its first {room:,} bytes."
    headers = {REASON: " ".join(reason.split())[:1_000]}
    await stored(bus, subjects.dlq(_token(module), _token(fact)), body[:room], headers)


def _token(text: str) -> str:
    return _TOKEN.sub("_", text)[:64] or "_"
