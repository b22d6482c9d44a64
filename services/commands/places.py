"""The query `sequence`: where in EV somebody begins who has seen the log up to a position."""

import asyncio
from collections.abc import Callable
from typing import Final

from nats.js.errors import NotFoundError

from contracts.queries import Query, Sequence, SequenceWanted
from contracts.subjects import EV
from services.asking import wanted_of
from services.bus.client import Bus
from services.bus.jetstream import look_up
from services.bus.tail import last_sequence, sequence_of
from services.eventlog.log import Head
from services.refusals import Refused

LOOKS: Final = 100
"""How often it is looked, every 50 ms, for events that are in the log and not in EV yet."""


async def sequence(bus: Bus, head: Callable[[], Head], _: str, query: Query) -> tuple[int, Sequence]:
    """The `opt_start_seq` of a consumer that is to get what comes after the position. `head`: the log's.

    Raises:
        Refused: `behind`, when EV hasn't got what the log has, up to the position and to the query's `after`.
        NoReply: JetStream doesn't answer.
    """
    wanted = wanted_of(SequenceWanted, "sequence", query)
    await _published(bus, min(max(wanted.position, query.after or 0), (await asyncio.to_thread(head)).position))
    last = await last_sequence(bus)
    start = await sequence_of(bus, wanted.position) + 1
    return wanted.position, Sequence(position=wanted.position, start=start, last=last)


async def _published(bus: Bus, position: int) -> None:
    for _ in range(LOOKS):
        if await _end(bus) >= position:
            return
        await asyncio.sleep(0.05)
    raise Refused("behind", f"The events up to position {position} aren't published yet; try again in a moment.")


async def _end(bus: Bus) -> int:
    try:
        return (await look_up(bus, EV, {"last_by_subj": ">"})).position
    except NotFoundError:
        return 0
