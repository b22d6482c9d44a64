"""The query `sequence`: where in EV somebody begins who has seen the log up to a position."""

from contracts.queries import Query, Sequence, SequenceWanted
from services.asking import wanted_of
from services.bus.client import Bus
from services.bus.tail import last_sequence, sequence_of


async def sequence(bus: Bus, _: str, query: Query) -> tuple[int, Sequence]:
    """The `opt_start_seq` of a consumer that is to get what comes after the position. Raises `NoReply`."""
    wanted = wanted_of(SequenceWanted, "sequence", query)
    last = await last_sequence(bus)
    start = await sequence_of(bus, wanted.position) + 1
    return wanted.position, Sequence(position=wanted.position, start=start, last=last)
