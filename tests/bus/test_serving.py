"""A query is answered, whatever its answer is: what the bus can't carry is refused in words."""

from collections.abc import AsyncIterator, Callable

import pytest

from contracts.queries import Asked, AskWanted, Query
from services.bus.client import Bus
from services.bus.nats_py import settled
from services.bus.serving import Serving
from services.refusals import Refused
from services.settings import Login

BusLogin = Callable[[str], Login]
MiB = 1024 * 1024


@pytest.fixture
async def cli(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("cli"), name="cli")
    yield bus
    await bus.close()


@pytest.fixture
async def chat(bus_login: BusLogin) -> AsyncIterator[Bus]:
    """Answers every question with as many letters as the question says."""

    async def answer(_: str, query: Query) -> tuple[int, Asked]:
        wanted = AskWanted.model_validate(query.data)
        return 7, Asked(answer="a" * int(wanted.question), known=True, model="sales", version=1, lessons=[])

    bus = await Bus.connect(bus_login("chat"), name="chat")
    serving = Serving(bus, "ask", answer)
    await serving.open("chat")
    await settled(bus.nc)
    yield bus
    await serving.close()
    await bus.close()


async def test_an_answer_that_the_bus_can_not_carry_is_refused_in_words(cli: Bus, chat: Bus) -> None:
    for size in (2 * MiB, MiB, MiB - 1_000):
        with pytest.raises(Refused, match=r"The answer to ask has .* bytes, and the bus carries") as refused:
            await cli.query("ask", AskWanted(model="sales", question=str(size)), module="cli")

        assert refused.value.code == "too_large"


async def test_an_answer_that_just_fits_is_given(cli: Bus, chat: Bus) -> None:
    position, answer = await cli.query("ask", AskWanted(model="sales", question=str(MiB - 2_000)), module="cli")

    assert position == 7
    assert len(answer.answer) == MiB - 2_000
