"""The tail reader: a JetStream stream's messages in order, each once, from a place that the caller keeps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import nats.errors
from nats.js.errors import APIError

from contracts.subjects import EV
from services.bus.client import Bus, Forbidden, NoReply
from services.bus.jetstream import ask, look_up
from services.bus.reader import Followed, Odd, Reader

RETRY_SECONDS = 0.2

logger = logging.getLogger(__name__)

__all__ = ["Followed", "last_sequence", "sequence_of", "tail"]


async def tail(
    bus: Bus,
    *,
    subjects: Sequence[str],
    stream: str = EV,
    after_sequence: int | None = None,
    after_position: int | None = None,
) -> AsyncGenerator[Followed, None]:
    """Messages of `stream` under `subjects` behind a sequence or a log position, then live ones, without end.

    Without either, only messages that are stored from now on. An event is handed out once, even when EV lost its end
    and it was published again. Modules may name one subject within `ev.shared.>`, and no log position.

    Raises:
        Forbidden: this user may not follow these subjects.
        nats.js.errors.BadRequestError: the subjects overlap or aren't subjects.
        NoReply: the connection was closed. Whatever else goes wrong is waited out.
    """
    if after_position is not None:
        after_sequence = await sequence_of(bus, after_position, stream)
    start: dict[str, Any] = {"deliver_policy": "new"} if after_sequence is None else _behind(after_sequence)
    position = after_position or 0
    while True:
        try:
            async with Reader(bus, stream, subjects, start) as reader:
                if start["deliver_policy"] == "new":
                    start = _behind(reader.created_at)
                async for message in reader:
                    start = _behind(message.sequence)
                    if message.position > position or not message.position:
                        position = message.position or position
                        yield message
        except _WAITED_OUT as problem:
            await _wait_out(bus, stream, problem)


async def sequence_of(bus: Bus, position: int, stream: str = EV) -> int:
    """The sequence of the last message whose event stands at `position` or before it in the log; 0 for none.

    Raises:
        nats.js.errors.APIError, NoReply: the stream can't be asked.
    """
    state: dict[str, int] = (await ask(bus, f"STREAM.INFO.{stream}"))["state"]
    low, high = max(state["first_seq"] - 1, 0), state["last_seq"]
    likely = [position, position + 1]  # in a stream that began with the log, sequences are positions
    while low < high:
        middle = likely.pop(0) if likely and low < likely[0] <= high else (low + high + 1) // 2
        if (await look_up(bus, stream, {"seq": middle})).position <= position:
            low = middle
        else:
            high = middle - 1
    return low


async def last_sequence(bus: Bus, stream: str = EV) -> int:
    """The sequence of the stream's last message; 0 when it is empty. Raises as `sequence_of`."""
    last: int = (await ask(bus, f"STREAM.INFO.{stream}"))["state"]["last_seq"]
    return last


_WAITED_OUT = (Odd, APIError, NoReply, nats.errors.Error, OSError)


async def _wait_out(bus: Bus, stream: str, problem: Exception) -> None:
    forever = isinstance(problem, Forbidden) or (isinstance(problem, APIError) and problem.code == 400)
    if forever:
        raise problem
    if bus.nc.is_closed:
        raise NoReply(f"The connection to the bus is closed; {stream} can't be followed any more.") from problem
    logger.info("the reader of %s begins again: %s", stream, problem)
    await asyncio.sleep(RETRY_SECONDS)


def _behind(sequence: int) -> dict[str, Any]:
    return {"deliver_policy": "by_start_sequence", "opt_start_seq": sequence + 1}
