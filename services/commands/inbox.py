"""The reader of durable facts: `inbox.<module>.<Fact>` in order, in batches, acknowledged after the commit."""

import asyncio
import json
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from contracts import subjects
from contracts.replies import Outcome
from services.commands.door import Bury, dry_run, expected_revision, refuse_on_demand, undecidable
from services.commands.receive import readable, receive
from services.commands.writer import InOrder, Writer
from services.eventlog.log import LogUnavailable
from services.refusals import Refused

CONSUMER = "inbox"
LARGEST_FETCH = 500
RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


class InboxReader:
    """One reader takes everything in order; what the log can't take now, and all behind it, is held until it can.

    When the reader stops, what it holds comes first at the next start. Only after a crash, or when nats-server was
    restarted meanwhile, may newer facts be decided before what had been fetched: that comes again after 30 seconds.
    """

    def __init__(self, js: JetStreamContext, writer: Writer, bury: Bury, sandbox: bool = False) -> None:
        self._js = js
        self._writer = writer
        self._bury = bury
        self._sandbox = sandbox

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set; a lost server or consumer is looked for again."""
        while not stop.is_set():
            try:
                await self._read(stop)
            except (NatsError, OSError, TimeoutError) as problem:
                logger.warning("the inbox can't be read now and is tried again: %s", problem)
                await _pause(stop, RETRY_SECONDS)

    async def _read(self, stop: asyncio.Event) -> None:
        pull = await self._js.pull_subscribe_bind(CONSUMER, stream=subjects.INBOX)
        try:
            while not stop.is_set():
                try:
                    messages = await pull.fetch(LARGEST_FETCH, timeout=1.0)
                except TimeoutError:
                    continue
                await self._take(messages, stop)
        finally:
            await pull.unsubscribe()

    async def _take(self, messages: list[Msg], stop: asyncio.Event) -> None:
        waiting = deque(messages)
        try:
            while waiting and (problem := await self._take_what_can_be_taken(waiting)) is not None:
                logger.warning("the log can't take facts now: %s", problem)
                await _pause(stop, RETRY_SECONDS)
                if stop.is_set():
                    return
                for message in waiting:
                    await message.in_progress()
        finally:
            for message in waiting:
                with suppress(NatsError):
                    await message.nak()

    async def _take_what_can_be_taken(self, waiting: deque[Msg]) -> LogUnavailable | None:
        order = InOrder()
        decided = await asyncio.gather(*(self._decide(message, order) for message in waiting))
        for one in decided:
            if isinstance(one, LogUnavailable):
                return one
            await self._tell(waiting[0], one)
            waiting.popleft()
        return None

    async def _decide(self, message: Msg, order: InOrder) -> "_Decided | LogUnavailable":
        _, module, fact = message.subject.split(".", 2)
        try:
            return await self._decide_unless_broken(message, module, fact, order)
        except LogUnavailable as problem:
            return problem
        except Exception:
            # Delivered again it would fail again, and nothing behind it would ever be decided.
            logger.exception("a %s of %s could not be decided", fact, module)
            return _Decided(Outcome(id=_id(message), type=fact, refused=undecidable(fact).refusal), True)

    async def _decide_unless_broken(self, message: Msg, module: str, fact: str, order: InOrder) -> "_Decided":
        try:
            envelope = receive(message.data, module, fact)
        except Refused as refused:
            return _Decided(Outcome(id=_id(message), type=fact, refused=refused.refusal), True)
        try:
            if self._sandbox:
                refuse_on_demand(message)
            revision, dry = expected_revision(message), dry_run(message)
            accepted = await self._writer.write(envelope, revision, dry=dry, order=order)
        except Refused as refused:
            outcome = Outcome(id=envelope.id, type=fact, refused=refused.refusal)
            return _Decided(outcome, refused.code == "internal_error")
        return _Decided(Outcome(id=envelope.id, type=fact, accepted=accepted), False)

    async def _tell(self, message: Msg, decided: "_Decided") -> None:
        _, module, fact = message.subject.split(".", 2)
        outcome = decided.outcome
        if decided.unusable and outcome.refused is not None and not dry_run(message):
            await self._bury(module, fact, message.data, outcome.refused.message)
        body = outcome.model_dump_json(exclude_none=True).encode()
        await self._js.publish(subjects.out(module, fact), body, timeout=5.0)
        await message.ack()


@dataclass(frozen=True, slots=True)
class _Decided:
    """What became of a message; `unusable`: it belongs to the dead letters."""

    outcome: Outcome
    unusable: bool


def _id(message: Msg) -> str:
    """By which the sender knows a fact that couldn't be read: its id as far as that can be read, else its message's."""
    with suppress(ValueError, RecursionError):
        raw = json.loads(message.data)
        if isinstance(raw, dict) and isinstance(raw.get("id"), str):
            return readable(raw["id"])
    return (message.headers or {}).get("Nats-Msg-Id") or f"inbox-{message.metadata.sequence.stream}"


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
