"""The door for facts that wait for their answer: `cmd.<module>.<Fact>`, request and reply on core NATS."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from contracts.replies import Accepted
from contracts.replies import Refused as RefusedReply
from services.commands.receive import receive
from services.commands.writer import Writer
from services.eventlog.log import LogUnavailable
from services.refusals import Refused

EXPECTED_REVISION = "Expected-Revision"
DRY_RUN = "Dry-Run"
"""A header: the fact is decided as it would be now, and not recorded, whatever the header says."""
SANDBOX_REFUSE = "Sandbox-Refuse"
"""In a sandbox: the fact is refused with this code, so that a module's developer sees how it copes."""
LARGEST_WAITING = 5_000
"""Facts of one module that may wait for their answers; beyond that it is told to wait, and nobody else is."""
Bury = Callable[[str, str, bytes, str], Awaitable[None]]
"""Keeps what could not be read: module, fact, body, reason."""

logger = logging.getLogger(__name__)


class Door:
    """Answers every request once it is decided and committed; refusals too, because one may rest on a neighbour."""

    def __init__(self, nc: Client, writer: Writer, bury: Bury, sandbox: bool = False) -> None:
        self._nc = nc
        self._writer = writer
        self._bury = bury
        self._sandbox = sandbox
        self._waiting: Counter[str] = Counter()
        self._open: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None

    async def open(self) -> None:
        """Begin to take requests; two doors share them."""
        self._subscription = await self._nc.subscribe(
            "cmd.*.*",
            queue="commands",
            cb=self._take,
            pending_msgs_limit=100_000,
            pending_bytes_limit=256 * 1024 * 1024,
        )

    async def close(self) -> None:
        """Take no more requests, answer those that were taken."""
        if self._subscription is not None:
            await self._subscription.drain()  # type: ignore[no-untyped-call]  # nats-py has no types here
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _take(self, message: Msg) -> None:
        # Submitting here, before the first await, keeps the order in which facts arrived.
        _, module, fact = message.subject.split(".", 2)
        self._waiting[module] += 1
        full = self._waiting[module] > LARGEST_WAITING  # now: those that come after it don't count against it
        task = asyncio.create_task(self._reply(message, module, fact, full))
        self._open.add(task)
        task.add_done_callback(partial(self._done, module))

    def _done(self, module: str, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        self._waiting[module] -= 1
        if not task.cancelled() and (problem := task.exception()) is not None:
            logger.error("a request could not be answered", exc_info=problem)

    async def _reply(self, message: Msg, module: str, fact: str, full: bool) -> None:
        reply = await self._decide(message, module, fact, full)
        if message.reply:
            await self._nc.publish(message.reply, reply.model_dump_json(exclude_none=True).encode())
        if isinstance(reply, RefusedReply) and reply.refused.code == "malformed" and not dry_run(message):
            await self._bury(module, fact, message.data, reply.refused.message)

    async def _decide(self, message: Msg, module: str, fact: str, full: bool) -> Accepted | RefusedReply:
        try:
            if full:
                raise Refused(
                    "busy", f"{module} has {LARGEST_WAITING:,} facts waiting; send on when they are answered."
                )
            if self._sandbox:
                refuse_on_demand(message)
            envelope = receive(message.data, module, fact)
            return await self._writer.write(envelope, expected_revision(message), dry=dry_run(message))
        except Refused as refused:
            return RefusedReply(refused=refused.refusal)
        except LogUnavailable as problem:
            return RefusedReply(refused=Refused("unavailable", str(problem)).refusal)
        except Exception:
            logger.exception("a %s of %s could not be decided", fact, module)
            return RefusedReply(refused=undecidable(fact).refusal)


def undecidable(fact: str) -> Refused:
    """The refusal of one fact on which something of ours fails, so that nobody waits for it."""
    return Refused(
        "internal_error",
        f"This {fact[:80]} can't be decided because of an error in Apprentice; tell whoever runs the server.",
    )


def dry_run(message: Msg) -> bool:
    """Whether the fact is only to be tried."""
    return DRY_RUN in (message.headers or {})


def refuse_on_demand(message: Msg) -> None:
    """In a sandbox: raises `Refused` with the code that the header `Sandbox-Refuse` names."""
    code = (message.headers or {}).get(SANDBOX_REFUSE)
    if code is not None:
        raise Refused(code if re.fullmatch(r"[a-z0-9_]{1,64}", code) else "malformed",
                      f"The sandbox refuses this, because its header {SANDBOX_REFUSE} says so.")  # fmt: skip


def expected_revision(message: Msg) -> int | None:
    """The revision that the sender saw, from the header `Expected-Revision`.

    Raises:
        Refused: `malformed` when it isn't a number.
    """
    given = (message.headers or {}).get(EXPECTED_REVISION)
    if given is None:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", given):
        raise Refused("malformed", f"The header {EXPECTED_REVISION} must be a number, not {given[:40]!r}.")
    return int(given)
