"""Facts and queries as plain JSON, for those who pass on what they were given: judged where it arrives, not here."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from nats.errors import MaxPayloadError

from contracts import subjects
from services.bus.client import DRY_RUN, EXPECTED_REVISION, JSON, Bus
from services.refusals import Refused

PATIENCE: Final = 30.0


class Plain:
    """Speaks as `module` for `actor`. Replies are JSON objects as contracts/ describes them."""

    def __init__(self, bus: Bus, module: str, actor: str) -> None:
        self.bus = bus
        self.module = module
        self.actor = actor

    async def report(
        self,
        fact: str,
        data: Mapping[str, Any],
        *,
        subject: str | None = None,
        id: str | None = None,
        expected_revision: int | None = None,
        correlation: str | None = None,
        dry: bool = False,
    ) -> dict[str, Any]:
        """Report a fact as it was given; `Accepted` as JSON. `dry`: decide, record nothing. Raises `Refused`, `NoReply`."""
        envelope = {
            "specversion": "1.0",
            "id": id or str(uuid.uuid4()),
            "source": f"/{self.module}",
            "type": fact,
            "time": datetime.now(UTC).isoformat(),
            "actor": self.actor,
            "data": data,
        }
        envelope |= {
            name: one for name, one in (("subject", subject), ("correlationid", correlation)) if one is not None
        }
        headers = JSON if expected_revision is None else JSON | {EXPECTED_REVISION: str(expected_revision)}
        headers = headers | {DRY_RUN: "1"} if dry else headers
        return await self._ask(subjects.cmd(self.module, fact), envelope, headers, PATIENCE, attempts=2)

    async def query(
        self, name: str, data: Mapping[str, Any], *, at: int | str | None = None, timeout: float = PATIENCE
    ) -> dict[str, Any]:
        """The data of the answer. Raises `Refused`, `NoReply`."""
        return (await self.query_at(name, data, at=at, timeout=timeout))[1]

    async def query_at(
        self, name: str, data: Mapping[str, Any], *, at: int | str | None = None, timeout: float = PATIENCE
    ) -> tuple[int, dict[str, Any]]:
        """The position that the answer stands for, and its data. Raises `Refused`, `NoReply`."""
        body = {"actor": self.actor, "data": data} | ({} if at is None else {"at": at})
        reply = await self._ask(subjects.qry(self.module, name), body, JSON, timeout)
        return reply["position"], reply["data"]

    async def _ask(
        self, subject: str, body: Mapping[str, Any], headers: Mapping[str, str], timeout: float, attempts: int = 1
    ) -> dict[str, Any]:
        sent = json.dumps(body).encode()  # ASCII: half characters, too, come to reception, which says what is wrong
        try:
            message = await self.bus.request(subject, sent, headers=headers, timeout=timeout, attempts=attempts)
        except MaxPayloadError as problem:
            raise Refused("too_large", f"A fact may have 900,000 bytes; this one has {len(sent):,}.") from problem
        reply: dict[str, Any] = json.loads(message.data)
        if refused := reply.get("refused"):
            raise Refused(refused["code"], refused["message"], refused.get("fields"))
        return reply
