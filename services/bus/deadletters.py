"""Dead letters: what could not be read, kept for 30 days with the reason beside it."""

import logging

from nats.errors import Error as NatsError

from contracts import subjects
from services.bus.client import Bus

REASON = "Dead-Letter-Reason"

logger = logging.getLogger(__name__)


async def bury(bus: Bus, *, module: str, fact: str, body: bytes, reason: str) -> None:
    """Keep it under `dlq.<module>.<Fact>`; a bus that can't is told to the log only, since nothing was accepted."""
    headers = {REASON: reason.replace("\r", " ").replace("\n", " ")[:1_000]}
    try:
        await bus.js.publish(subjects.dlq(module, fact), body[:900_000], timeout=5, headers=headers)
    except (NatsError, TimeoutError, OSError) as problem:
        logger.warning("a dead letter of %s could not be kept: %s", module, problem)
