"""Where in EV somebody goes on who has seen the log up to a position."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from contracts.queries import Query, Sequence
from contracts.subjects import POSITION
from services.bus.client import Bus
from services.bus.jetstream import stored
from services.commands import places
from services.commands.places import sequence
from services.eventlog.log import Head
from services.refusals import Refused
from services.settings import Login


@pytest.fixture
async def bus(bus_login: Callable[[str], Login]) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("commands"), name="commands")
    yield bus
    await bus.close()


async def publish(bus: Bus, position: int) -> None:
    await stored(bus, "ev.shared.qa.m1.QAAdded", b"{}", {POSITION: str(position)})


def place(bus: Bus, position: int, *, head: int, after: int | None = None) -> "asyncio.Task[tuple[int, Sequence]]":
    query = Query(actor="module:crm", after=after, data={"position": position})
    return asyncio.create_task(sequence(bus, lambda: Head(head, 0, b""), "crm", query))


async def test_one_goes_on_behind_the_position(bus: Bus) -> None:
    await publish(bus, 3)
    await publish(bus, 5)

    _, found = await place(bus, 4, head=5)

    assert (found.position, found.start, found.last) == (4, 2, 2)


@pytest.mark.parametrize(("position", "after"), [(5, None), (3, 5)])
async def test_what_is_recorded_and_not_published_yet_is_waited_for(bus: Bus, position: int, after: int | None) -> None:
    await publish(bus, 3)
    placing = place(bus, position, head=5, after=after)
    await asyncio.wait([placing], timeout=0.1)

    await publish(bus, 5)

    _, found = await placing
    assert (found.start, found.last) == (3 if position == 5 else 2, 2)


async def test_who_waits_in_vain_is_told(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LOOKS", 2)

    with pytest.raises(Refused, match="The events up to position 4 aren't published yet; try again") as refused:
        await place(bus, 9, head=4)

    assert refused.value.code == "behind"


async def test_a_position_that_the_log_has_not_reached_is_where_what_comes_next_begins(bus: Bus) -> None:
    await publish(bus, 3)

    _, found = await place(bus, 9, head=3)

    assert (found.start, found.last) == (2, 1)
