"""Reporting facts and asking queries over the bus."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from nats.aio.msg import Msg

from contracts.envelope import Envelope
from contracts.facts.provider import ProviderRetired
from contracts.queries import Answer, Query, SystemState
from contracts.replies import Accepted, Refusal
from contracts.replies import Refused as RefusedReply
from services.bus.client import Bus, BusUnreachable, NoReply
from services.bus.nats_py import settled
from services.bus.reporting import new_fact
from services.bus.server import EmbeddedServer
from services.refusals import Refused
from services.settings import Login

BusLogin = Callable[[str], Login]
ACCEPTED = Accepted(position=7, id="f1", subject="p1")


@pytest.fixture
async def cli(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("cli"), name="cli")
    yield bus
    await bus.close()


@pytest.fixture
async def commands(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("commands"), name="commands")
    yield bus
    await bus.close()


@pytest.fixture
async def projections(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("projections"), name="projections")
    yield bus
    await bus.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is to answer may come back to a restarted server long after the one who asks."""
    monkeypatch.setattr("services.bus.client.LOOKS", 400)


def _fact() -> Envelope:
    return new_fact(ProviderRetired(), module="cli", actor="person:owner", subject="p1")


async def _serve(bus: Bus, subject: str, answer: Callable[[Msg], bytes | None]) -> list[Msg]:
    taken: list[Msg] = []

    async def take(message: Msg) -> None:
        taken.append(message)
        reply = answer(message)
        if reply is not None:
            await message.respond(reply)

    await bus.nc.subscribe(subject, cb=take)
    await settled(bus.nc)
    return taken


async def test_a_reported_fact_is_answered_with_its_position(cli: Bus, commands: Bus) -> None:
    # given
    taken = await _serve(commands, "cmd.*.*", lambda _: ACCEPTED.model_dump_json().encode())
    fact = _fact()

    # when
    accepted = await cli.report(fact, expected_revision=3)

    # then
    assert accepted == ACCEPTED
    assert taken[0].subject == "cmd.cli.ProviderRetired"
    assert taken[0].headers == {"content-type": "application/json", "Expected-Revision": "3"}
    assert Envelope.model_validate_json(taken[0].data) == fact


async def test_a_refused_fact_raises_its_refusal(cli: Bus, commands: Bus) -> None:
    refusal = Refusal(code="nothing_changes", message="It is retired already.", fields={"subject": "retired"})
    await _serve(commands, "cmd.*.*", lambda _: RefusedReply(refused=refusal).model_dump_json().encode())

    with pytest.raises(Refused) as caught:
        await cli.report(_fact())

    assert caught.value.refusal == refusal


async def test_a_fact_is_sent_again_when_the_reply_was_lost(cli: Bus, commands: Bus) -> None:
    answers = iter([None, ACCEPTED.model_dump_json().encode()])
    taken = await _serve(commands, "cmd.*.*", lambda _: next(answers))

    accepted = await cli.report(_fact(), timeout=6.0)

    assert accepted == ACCEPTED
    assert taken[0].data == taken[1].data


async def test_a_fact_that_nobody_decides_in_time_has_no_reply(cli: Bus, commands: Bus) -> None:
    await _serve(commands, "cmd.*.*", lambda _: None)

    with pytest.raises(NoReply, match=r"was not answered within 0.2 s; it may have counted"):
        await cli.report(_fact(), timeout=0.2)


async def test_a_fact_that_nobody_takes_has_no_reply(cli: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.bus.client.LOOKS", 3)

    with pytest.raises(NoReply, match=r"Nobody answers cmd\.cli\.ProviderRetired now"):
        await cli.report(_fact())


async def test_a_service_that_is_just_starting_is_waited_for(cli: Bus, commands: Bus) -> None:
    reporting = asyncio.create_task(cli.report(_fact()))
    await asyncio.sleep(0.15)

    await _serve(commands, "cmd.*.*", lambda _: ACCEPTED.model_dump_json().encode())

    assert await reporting == ACCEPTED


async def test_speaking_for_another_module_is_refused_with_a_sentence(cli: Bus, commands: Bus) -> None:
    taken = await _serve(commands, "cmd.*.*", lambda _: ACCEPTED.model_dump_json().encode())
    forged = new_fact(ProviderRetired(), module="erp", actor="module:erp", subject="p1")

    with pytest.raises(NoReply, match=r"doesn't allow this user to publish to cmd\.erp\.ProviderRetired"):
        await cli.report(forged)

    assert taken == []


async def test_a_fact_that_is_too_large_for_the_bus_is_refused(cli: Bus) -> None:
    fact = _fact().model_copy(update={"correlationid": "x" * 2_000_000})

    with pytest.raises(Refused) as caught:
        await cli.report(fact)

    assert caught.value.code == "too_large"


async def test_a_query_is_answered_in_its_shape_with_a_position(cli: Bus, projections: Bus) -> None:
    # given
    state = SystemState(log_id="ab", head=9, recorded_at=None, read_models=[], counts={"models": 2})
    reply = Answer(position=9, data=state.model_dump()).model_dump_json().encode()
    taken = await _serve(projections, "qry.*.state", lambda _: reply)

    # when
    position, answer = await cli.query("state", {}, module="cli", after=9)

    # then
    assert position == 9
    assert answer == state
    assert Query.model_validate_json(taken[0].data) == Query(actor="person:owner", after=9)


async def test_a_query_is_asked_once_because_an_answer_may_be_dear(cli: Bus, projections: Bus) -> None:
    came = asyncio.Event()
    taken = await _serve(projections, "qry.*.ask", lambda _: came.set())

    asking = asyncio.create_task(cli.query("ask", {"model": "m", "question": "?"}, module="cli", timeout=2.0))
    await came.wait()

    with pytest.raises(NoReply, match="was not answered within 2 s"):
        await asking
    assert len(taken) == 1


async def test_a_refused_query_raises_its_refusal(cli: Bus, projections: Bus) -> None:
    refusal = Refusal(code="not_found", message="There is no model called x.")
    await _serve(projections, "qry.*.model", lambda _: RefusedReply(refused=refusal).model_dump_json().encode())

    with pytest.raises(Refused, match="no model called x"):
        await cli.query("model", {"model": "x"}, module="cli")


async def test_a_thousand_requests_at_once_get_their_own_answers(cli: Bus, commands: Bus) -> None:
    await _serve(commands, "cmd.*.*", lambda message: message.data)

    replies = await asyncio.gather(*(cli.request("cmd.cli.X", str(n).encode()) for n in range(1_000)))

    assert [int(reply.data) for reply in replies] == list(range(1_000))


@pytest.mark.usefixtures("patient")
async def test_a_connection_comes_back_after_the_server_was_away(nats: EmbeddedServer, cli: Bus, commands: Bus) -> None:
    # given
    await _serve(commands, "cmd.*.*", lambda _: ACCEPTED.model_dump_json().encode())
    await cli.report(_fact())

    # when
    nats.restart()

    # then
    assert await cli.report(_fact()) == ACCEPTED
    assert not cli.lost.is_set()


@pytest.mark.usefixtures("patient")
async def test_what_counts_once_is_sent_again_after_every_loss_of_the_connection(
    nats: EmbeddedServer, cli: Bus, commands: Bus
) -> None:
    # given a service that decides nothing before it came the fourth time
    came = asyncio.Semaphore(0)

    def answer(_: Msg) -> bytes | None:
        came.release()
        return ACCEPTED.model_dump_json().encode() if len(taken) >= 4 else None

    taken = await _serve(commands, "cmd.*.*", answer)

    # when the server is restarted three times before it answers
    async with asyncio.timeout(40.0):
        reporting = asyncio.create_task(cli.report(_fact(), timeout=120.0))
        for _ in range(3):
            await came.acquire()
            nats.restart()

        # then it was sent again each time, long before its own timeout asked for that
        assert await reporting == ACCEPTED
    assert len({message.data for message in taken}) == 1


async def test_what_may_cost_something_is_not_sent_again_when_the_connection_was_lost(
    nats: EmbeddedServer, cli: Bus, projections: Bus
) -> None:
    came, back = asyncio.Event(), asyncio.Event()
    taken = await _serve(projections, "qry.*.*", lambda _: came.set())
    cli.interrupted.append(back.set)
    asking = asyncio.create_task(cli.request("qry.cli.ask", b"{}", timeout=5.0))
    await came.wait()

    nats.restart()
    await back.wait()

    with pytest.raises(NoReply, match="was not answered within 5 s"):
        await asking
    assert len(taken) == 1


async def test_an_unreachable_bus_is_a_sentence() -> None:
    with pytest.raises(BusUnreachable, match=r"The bus at nats://127\.0\.0\.1:1 can't be reached"):
        await Bus.connect(Login("nats://127.0.0.1:1"), name="cli", timeout=0.3)


async def test_that_nothing_listens_is_said_before_a_slow_bus_is_given_up() -> None:
    async with asyncio.timeout(30):
        with pytest.raises(BusUnreachable, match=r"can't be reached: .*Connect call failed"):
            await Bus.connect(Login("nats://127.0.0.1:1"), name="cli", timeout=60.0, refused=0.3)


async def test_a_closed_connection_sends_nothing(bus_login: BusLogin) -> None:
    bus = await Bus.connect(bus_login("cli"), name="cli")
    await bus.close()

    with pytest.raises(NoReply, match="is closed"):
        await bus.report(_fact())
    assert not bus.lost.is_set()


async def test_a_fact_can_be_left_durably_and_counts_once(cli: Bus, bus_login: BusLogin, commands: Bus) -> None:
    # given
    fact = _fact()

    # when
    await cli.leave(fact)
    await cli.leave(fact)

    # then
    pull = await commands.js.pull_subscribe_bind("inbox", stream="INBOX")
    [message] = await pull.fetch(1, timeout=10)
    assert json.loads(message.data)["id"] == fact.id
    await message.ack_sync(timeout=10)
    assert (await pull.consumer_info()).num_pending == 0
    await pull.unsubscribe()
