"""The reader of durable facts: `inbox.<module>.<Fact>` in order, in batches, acknowledged after the commit."""

import asyncio
import json
import logging
from contextlib import suppress

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from contracts import subjects
from contracts.replies import Accepted, Outcome
from services.commands.door import Bury, dry_run, expected_revision, refuse_on_demand, undecidable
from services.commands.receive import readable, receive
from services.commands.writer import Writer
from services.eventlog.log import LogUnavailable
from services.refusals import Refused

CONSUMER = "inbox"
LARGEST_FETCH = 500
RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


class InboxReader:
    """One reader takes everything in order; what the log can't take now is taken again later, in order."""

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
        outcomes = await asyncio.gather(*(self._decide(message) for message in messages), return_exceptions=True)
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, LogUnavailable):
                logger.warning("the log can't take facts now: %s", outcome)
                await message.nak(delay=RETRY_SECONDS)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                await self._tell(message, outcome)
        if any(isinstance(outcome, LogUnavailable) for outcome in outcomes):
            await _pause(stop, RETRY_SECONDS)

    async def _decide(self, message: Msg) -> Outcome:
        _, module, fact = message.subject.split(".", 2)
        try:
            return await self._decide_unless_broken(message, module, fact)
        except LogUnavailable:
            raise
        except Exception:
            # Delivered again it would fail again, and nothing behind it would ever be decided.
            logger.exception("a %s of %s could not be decided", fact, module)
            return Outcome(id=_id(message), type=fact, refused=undecidable(fact).refusal)

    async def _decide_unless_broken(self, message: Msg, module: str, fact: str) -> Outcome:
        try:
            envelope = receive(message.data, module, fact)
        except Refused as refused:
            if not dry_run(message):
                await self._bury(module, fact, message.data, refused.message)
            return Outcome(id=_id(message), type=fact, refused=refused.refusal)
        try:
            if self._sandbox:
                refuse_on_demand(message)
            accepted: Accepted = await self._writer.write(envelope, expected_revision(message), dry=dry_run(message))
        except Refused as refused:
            return Outcome(id=envelope.id, type=fact, refused=refused.refusal)
        return Outcome(id=envelope.id, type=fact, accepted=accepted)

    async def _tell(self, message: Msg, outcome: Outcome) -> None:
        _, module, fact = message.subject.split(".", 2)
        if outcome.refused is not None and outcome.refused.code == "internal_error" and not dry_run(message):
            await self._bury(module, fact, message.data, outcome.refused.message)
        body = outcome.model_dump_json(exclude_none=True).encode()
        await self._js.publish(subjects.out(module, fact), body, timeout=5.0)
        await message.ack()


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
