"""Where facts and events go that could not be read: `dlq.<module>.<Fact>`, kept 30 days, with the reason."""

from __future__ import annotations

import re

from contracts import subjects
from services.bus.client import Bus
from services.bus.jetstream import stored

REASON = "Dead-Letter-Reason"
_TOKEN = re.compile(r"[^A-Za-z0-9_-]")


async def bury(bus: Bus, *, module: str, fact: str, body: bytes, reason: str) -> None:
    """Keep a body that nobody could read, as it came. `module` and `fact` are the subject's tokens it came under.

    Raises:
        services.bus.client.NoReply, nats.js.errors.APIError: it was not stored.
    """
    headers = {REASON: " ".join(reason.split())[:1_000]}
    await stored(bus, subjects.dlq(_token(module), _token(fact)), body, headers)


def _token(text: str) -> str:
    return _TOKEN.sub("_", text)[:64] or "_"
