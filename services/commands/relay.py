"""The relay: publishes to EV what the log holds beyond EV's last message, in order, in atomic batches.

EV is its own checkpoint. A lost acknowledgement, a restart or a second relay can neither lose nor repeat an event,
because every batch says after which sequence it belongs, and after any error the end of EV is read again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import nats.errors
import orjson
from nats.js.errors import APIError, NotFoundError

from contracts import subjects
from services.bus.client import Bus, NoReply
from services.bus.jetstream import Stored, look_up
from services.eventlog.log import EventLog, LogUnavailable, Recorded

BATCH_EVENTS: Final = 1_000
"""As many as nats-server takes in one atomic batch."""
BATCH_BYTES: Final = 4 * 1024 * 1024
FEW: Final = 5
"""Up to so many are stored one by one, 0.5 ms each, because an atomic batch takes 3 ms at least."""
POLL_SECONDS: Final = 1.0
"""The net under the hints: how often the log is looked at when nobody says that it has grown."""
RETRY_SECONDS: Final = 0.1
ANSWER_SECONDS: Final = 6.0
"""For which an acknowledgement is waited; then the end of EV tells what was stored."""
LAST_SECONDS: Final = 5.0
"""For which a stopping relay tries to publish the rest before it leaves it to the next start."""

_EXPECTED: Final = "Nats-Expected-Last-Sequence"
_NO_MESSAGE: Final = 10037
"""JetStream's number for "there is no such message", as against "there is no such stream"."""

_ANEW: Final = (
    "stop everything, move EV away (embedded: the folder nats/jetstream/$G/streams/EV in the home) and start, "
    "so that EV is published anew"
)

logger = logging.getLogger(__name__)


class RelayRefused(Exception):
    """EV and the log don't belong together; publishing on would mix two histories. The sentence says what to do."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of EV: the JetStream sequence of its last message, and the log position of the event in it."""

    sequence: int
    position: int


async def relay(log: EventLog, bus: Bus, *, stop: asyncio.Event, grown: asyncio.Event) -> None:
    """Publish until `stop` is set, then what was appended before. `grown` is to be set when the log has grown.

    Raises:
        RelayRefused: EV's last message isn't in this log.
    """
    publishing, stopping = asyncio.create_task(_keep_on(log, bus, stop, grown)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((publishing, stopping), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((publishing,), timeout=LAST_SECONDS)
        if not publishing.done():
            logger.warning("the bus doesn't answer; the next start publishes the rest of the log")
            return
        publishing.result()
    finally:
        publishing.cancel()
        stopping.cancel()


async def _keep_on(log: EventLog, bus: Bus, stop: asyncio.Event, grown: asyncio.Event) -> None:
    while True:
        try:
            return await _follow(log, bus, stop, grown)
        except (APIError, NoReply, nats.errors.Error, OSError, LogUnavailable) as problem:
            logger.warning("events can't be published now and stay in the log: %s", problem)
        await asyncio.sleep(RETRY_SECONDS)


async def _follow(log: EventLog, bus: Bus, stop: asyncio.Event, grown: asyncio.Event) -> None:
    end = await end_of_ev(log, bus)
    while True:
        stopping = stop.is_set()  # seen before the log is read: what was appended until then is published
        grown.clear()
        end = await _catch_up(log, bus, end)
        if stopping:
            return
        await _either(stop, grown)


async def _catch_up(log: EventLog, bus: Bus, end: End) -> End:
    # While one batch waits for its acknowledgement, the next is read and sent; it is committed only after that.
    before: asyncio.Task[None] | None = None
    sending: list[asyncio.Task[None]] = []
    try:
        while page := await asyncio.to_thread(log.read, end.position, BATCH_EVENTS):
            for batch in batches(page):
                sending = [*sending[-1:], asyncio.create_task(_publish(log.log_id, bus, end, batch, before))]
                end = End(end.sequence + len(batch), batch[-1].position)
                if before is not None:
                    await before
                before = sending[-1]
        if before is not None:
            await before
    except BaseException:
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        raise
    return end


async def end_of_ev(log: EventLog, bus: Bus) -> End:
    """Where EV ends, after making sure that this log has that very event there.

    Raises:
        RelayRefused: it has another one, or none.
    """
    try:
        last = await look_up(bus, subjects.EV, {"last_by_subj": ">"})
    except NotFoundError as problem:
        if problem.err_code != _NO_MESSAGE:
            raise
        return End(0, 0)
    return await asyncio.to_thread(_checked, log, last)


def _checked(log: EventLog, last: Stored) -> End:
    headers = last.headers
    log_id, position = headers.get(subjects.LOG_ID, "none"), int(headers.get(subjects.POSITION, "0"))
    if log_id != log.log_id:
        raise RelayRefused(
            f"EV holds the events of another log ({log_id}); this one is {log.log_id}. Connect this log to its own "
            f"NATS or, if the other log is given up, {_ANEW}."
        )
    found = log.at([position])
    if not found or found[0].chain.hex() != headers.get(subjects.CHAIN):
        state = "isn't in the log" if not found else "is another event in the log"
        raise RelayRefused(
            f"EV goes on to position {position}, which {state} (it ends at {log.head().position}): the log was "
            f"restored from a backup that is older than EV. Restore a newer one. Only if the rest is lost for good, "
            f"{_ANEW}; every module that follows EV must then start from the beginning."
        )
    return End(last.sequence, position)


def batches(page: Sequence[Recorded]) -> list[Sequence[Recorded]]:
    """The page in pieces of at most `BATCH_BYTES`; an event larger than that goes alone."""
    pieces: list[Sequence[Recorded]] = []
    start = size = 0
    for index, event in enumerate(page):
        if index > start and size + len(event.state) > BATCH_BYTES:
            pieces.append(page[start:index])
            start, size = index, 0
        size += len(event.state)
    pieces.append(page[start:])
    return pieces


async def _publish(
    log_id: str, bus: Bus, end: End, events: Sequence[Recorded], before: asyncio.Task[None] | None
) -> None:
    if len(events) > FEW:
        await _publish_batch(log_id, bus, end, events, before)
        return
    if before is not None:
        await before
    for number, event in enumerate(events):
        await _commit(bus, event, _headers(log_id, event) | {_EXPECTED: str(end.sequence + number)})


async def _publish_batch(
    log_id: str, bus: Bus, end: End, events: Sequence[Recorded], before: asyncio.Task[None] | None
) -> None:
    batch = uuid.uuid4().hex
    for number, event in enumerate(events, 1):
        headers = _headers(log_id, event)
        headers["Nats-Batch-Id"] = batch
        headers["Nats-Batch-Sequence"] = str(number)
        if number == 1:
            headers[_EXPECTED] = str(end.sequence)
        if number < len(events):
            await bus.nc.publish(subject_of(event), event.state, headers=headers)
            continue
        if before is not None:
            await before
        await _commit(bus, event, headers | {"Nats-Batch-Commit": "1"})


async def _commit(bus: Bus, event: Recorded, headers: dict[str, str]) -> None:
    # Sent again when the connection comes back; the expected sequence makes the second one an error, or the first.
    subject = subject_of(event)
    message = await bus.request(subject, event.state, headers=headers, timeout=ANSWER_SECONDS, attempts=2)
    reply = json.loads(message.data)
    if "error" in reply:
        raise APIError.from_error(reply["error"])


def subject_of(event: Recorded) -> str:
    """Where an event is published; its channel was judged when it was decided."""
    return subjects.event(orjson.loads(event.state)["channel"], event.topic)


def _headers(log_id: str, event: Recorded) -> dict[str, str]:
    return {
        "content-type": "application/json",
        subjects.POSITION: str(event.position),
        subjects.REVISION: str(event.revision),
        subjects.LOG_STREAM: event.stream,
        subjects.RECORDED_AT: str(event.recorded_at),
        subjects.FACT_END: str(event.fact_end),
        subjects.LOG_ID: log_id,
        subjects.CHAIN: event.chain.hex(),
    }


async def _either(stop: asyncio.Event, grown: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in (stop, grown)]
    try:
        await asyncio.wait(waiting, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
