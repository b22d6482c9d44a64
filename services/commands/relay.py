"""The relay: publishes to EV what the log holds beyond EV's last message, in order, in atomic batches.

EV is its own checkpoint: the last message's headers name the log, the position and the chain hash.
"""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from typing import Final

import orjson
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from contracts import subjects
from services.bus.client import Bus
from services.eventlog.log import EventLog, LogUnavailable, Recorded

LARGEST_BATCH: Final = 500
LARGEST_BYTES: Final = 8_000_000
POLL: Final = 1.0
RETRY: Final = 0.5

logger = logging.getLogger(__name__)


class RelayRefused(Exception):
    """EV and the log don't belong together; publishing would mix two histories."""


async def relay(log: EventLog, bus: Bus, *, stop: asyncio.Event, grown: asyncio.Event) -> None:
    """Publish until `stop` is set and everything is published. `grown` wakes it up; it looks every second anyway.

    Raises:
        RelayRefused: EV's last message isn't in the log with the same hash.
    """
    checkpoint: tuple[int, int] | None = None
    while True:
        grown.clear()
        try:
            if checkpoint is None:
                checkpoint = await _checkpoint(log, bus)
            sequence, position = checkpoint
            events = await asyncio.to_thread(log.read, position, LARGEST_BATCH)
            if events:
                batch = _within(events)
                checkpoint = (await _publish(bus, log.log_id, batch, sequence), batch[-1].position)
                continue
        except (NatsError, TimeoutError, OSError, LogUnavailable) as problem:
            logger.info("the relay reads EV again: %s", problem or type(problem).__name__)
            checkpoint = None
            if stop.is_set():
                return  # what is in the log is published at the next start
            await asyncio.sleep(RETRY)
            continue
        if stop.is_set():
            return
        await _wait(grown, POLL)


async def _checkpoint(log: EventLog, bus: Bus) -> tuple[int, int]:
    """EV's last sequence and the position that it holds."""
    info = await bus.js.stream_info(subjects.EV)
    last = info.state.last_seq
    if info.state.messages == 0:
        return last, 0
    try:
        message = await bus.js.get_msg(subjects.EV, last)
    except NotFoundError as problem:
        raise RelayRefused("EV's last message is gone; make the JetStream stream EV anew and start again.") from problem
    headers = message.headers or {}
    position = int(headers.get(subjects.POSITION, 0))
    found = await asyncio.to_thread(log.at, [position])
    same_log = headers.get(subjects.LOG_ID) == log.log_id
    if not same_log or not found or found[0].chain.hex() != headers.get(subjects.CHAIN):
        raise RelayRefused(
            f"EV ends with position {position} of another history than this log's"
            f"{' (the log was restored behind EV, or restored twice)' if same_log else ''}. Nothing was published. "
            "Restore the newer log; or, if this log is the truth, delete the JetStream stream EV and start again: it is "
            "published anew, and followers begin from the start."
        )
    return last, position


def _within(events: Sequence[Recorded]) -> Sequence[Recorded]:
    size = 0
    for index, event in enumerate(events):
        size += len(event.state) + 1_000
        if size > LARGEST_BYTES and index:
            return events[:index]
    return events


async def _publish(bus: Bus, log_id: str, events: Sequence[Recorded], last: int) -> int:
    if len(events) == 1:
        headers = _headers(events[0], log_id) | {"Nats-Expected-Last-Sequence": str(last)}
        return (await bus.js.publish(_subject(events[0]), events[0].state, timeout=10, headers=headers)).seq
    batch = uuid.uuid4().hex
    for number, event in enumerate(events[:-1], start=1):
        headers = _headers(event, log_id) | {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
        if number == 1:
            headers["Nats-Expected-Last-Sequence"] = str(last)
            await bus.nc.request(_subject(event), event.state, timeout=10, headers=headers)
        else:
            await bus.nc.publish(_subject(event), event.state, headers=headers)
    end = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(events)), "Nats-Batch-Commit": "1"}
    done = await bus.js.publish(
        _subject(events[-1]), events[-1].state, timeout=30, headers=_headers(events[-1], log_id) | end
    )
    return done.seq


def _subject(event: Recorded) -> str:
    return subjects.event(orjson.loads(event.state)["channel"], event.topic)


def _headers(event: Recorded, log_id: str) -> dict[str, str]:
    return {
        "content-type": "application/cloudevents+json",
        subjects.POSITION: str(event.position),
        subjects.REVISION: str(event.revision),
        subjects.LOG_STREAM: event.stream,
        subjects.RECORDED_AT: str(event.recorded_at),
        subjects.FACT_END: str(event.fact_end),
        subjects.LOG_ID: log_id,
        subjects.CHAIN: event.chain.hex(),
    }


async def _wait(grown: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(grown.wait(), seconds)
    except TimeoutError:
        return
