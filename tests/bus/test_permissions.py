"""Who may do what on the bus, asked of a real server."""

import asyncio
from collections.abc import Callable

import pytest
from nats.aio.msg import Msg
from nats.js.errors import APIError

from contracts.subjects import typing
from services.bus.client import Bus, BusUnreachable, Forbidden, NoReply
from services.bus.jetstream import ask, stored
from services.bus.nats_py import settled
from services.bus.permissions import USERS
from services.bus.server import EmbeddedServer
from services.settings import Login

BusLogin = Callable[[str], Login]


async def _forbidden(bus: Bus, subject: str) -> bool:
    """Whether the bus says so; otherwise something answers, or nobody is there to."""
    try:
        await bus.request(subject, b"{}", timeout=10)
    except Forbidden:
        return True
    except NoReply as problem:
        assert "Nobody answers" in str(problem)
    return False


@pytest.mark.parametrize("user", sorted(set(USERS) - {"commands"} | {"crm"}))
async def test_only_commands_may_publish_events(bus_login: BusLogin, user: str) -> None:
    bus = await Bus.connect(bus_login(user), name=user)
    try:
        assert await _forbidden(bus, "ev.shared.model.sales.ModelDefined")
    finally:
        await bus.close()


async def test_web_tells_web_who_is_typing(bus_login: BusLogin) -> None:
    told: asyncio.Queue[bytes] = asyncio.Queue()

    async def keep(message: Msg) -> None:
        told.put_nowait(message.data)

    one, other = [await Bus.connect(bus_login("web"), name="web") for _ in range(2)]
    try:
        await other.nc.subscribe("typing.*", cb=keep)
        await settled(other.nc)
        await one.nc.publish(typing("g"), b"{}")
        async with asyncio.timeout(20):
            assert await told.get() == b"{}"
    finally:
        await one.close()
        await other.close()


@pytest.mark.parametrize(
    "subject",
    [
        "cmd.erp.QAAdded",
        "cmd.cli.QAAdded",
        "inbox.erp.QAAdded",
        "qry.erp.models",
        "out.crm.QAAdded",
        "dlq.crm.QAAdded",
        "chunk.group.question",
        "typing.group",
        "hint.log",
        "$JS.API.STREAM.DELETE.EV",
        "$JS.API.STREAM.PURGE.EV",
        "$JS.API.STREAM.UPDATE.EV",
        "$JS.API.STREAM.INFO.EV",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.MSG.GET.EV",
        "$JS.API.DIRECT.GET.EV",
        "$JS.API.DIRECT.GET.EV.ev.private.message.g1.MessagePosted",
        "$JS.API.CONSUMER.LIST.EV",
        "$JS.API.CONSUMER.NAMES.EV",
        "$JS.API.CONSUMER.CREATE.EV",
        "$JS.API.CONSUMER.CREATE.EV.spy",
        "$JS.API.CONSUMER.CREATE.EV.spy.ev.>",
        "$JS.API.CONSUMER.CREATE.EV.spy.ev.private.>",
        "$JS.API.CONSUMER.DURABLE.CREATE.EV.spy",
        "$JS.API.CONSUMER.CREATE.OUT.spy.out.erp.>",
        "$JS.API.CONSUMER.MSG.NEXT.INBOX.inbox",
        "$JS.ACK.INBOX.inbox.1.1.1.1.0",
    ],
)
async def test_a_module_speaks_for_itself_only(bus_login: BusLogin, subject: str) -> None:
    bus = await Bus.connect(bus_login("crm"), name="crm")
    try:
        assert await _forbidden(bus, subject)
    finally:
        await bus.close()


@pytest.mark.parametrize(
    "subject",
    [
        "ev.shared.>",
        "ev.>",
        "_INBOX_erp.>",
        "_INBOX.>",
        "cmd.>",
        "qry.>",
        "out.>",
        "chunk.>",
        "typing.>",
        "$JS.EVENT.>",
        ">",
    ],
)
async def test_a_module_hears_only_its_own_replies(
    bus_login: BusLogin, subject: str, caplog: pytest.LogCaptureFixture
) -> None:
    bus = await Bus.connect(bus_login("crm"), name="crm")
    try:
        await bus.nc.subscribe(subject)
        async with asyncio.timeout(20):
            while "permissions violation for subscription" not in caplog.text:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
    finally:
        await bus.close()


@pytest.mark.parametrize(
    "filters",
    [
        {"filter_subject": "ev.private.>"},
        {"filter_subject": "ev.>"},
        {"filter_subjects": ["ev.private.>"]},
        {"filter_subjects": ["ev.shared.>", "ev.private.>"]},
        {},
    ],
)
async def test_a_modules_consumer_takes_in_only_what_its_subject_says(
    bus_login: BusLogin, filters: dict[str, object]
) -> None:
    bus = await Bus.connect(bus_login("crm"), name="crm")
    config = {"name": "spy", "ack_policy": "none", "mem_storage": True, **filters}
    try:
        with pytest.raises(APIError):
            await ask(bus, "CONSUMER.CREATE.EV.spy.ev.shared.>", {"stream_name": "EV", "config": config})
    finally:
        await bus.close()


async def test_a_private_event_does_not_reach_a_module(bus_login: BusLogin) -> None:
    # given
    commands = await Bus.connect(bus_login("commands"), name="commands")
    crm = await Bus.connect(bus_login("crm"), name="crm")
    for subject in ("ev.private.message.g1.MessagePosted", "ev.shared.model.m1.ModelDefined"):
        await stored(commands, subject, b"{}", {})
    config = {"name": "mine", "ack_policy": "none", "mem_storage": True, "filter_subject": "ev.shared.>"}

    # when
    created = await ask(crm, "CONSUMER.CREATE.EV.mine.ev.shared.>", {"stream_name": "EV", "config": config})
    replies = await crm.nc.subscribe(crm.nc.new_inbox())
    await crm.nc.publish("$JS.API.CONSUMER.MSG.NEXT.EV.mine", b'{"batch": 2}', replies.subject)
    message = await replies.next_msg(timeout=20)

    # then
    assert created["num_pending"] == 1
    assert message.subject == "ev.shared.model.m1.ModelDefined"
    await crm.close()
    await commands.close()


async def test_the_owner_speaks_for_every_module(bus_login: BusLogin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.bus.client.LOOKS", 0)  # nobody is there, and nobody will come
    owner = await Bus.connect(bus_login("owner"), name="owner")
    try:
        assert not await _forbidden(owner, "cmd.crm.QAAdded")
        assert not await _forbidden(owner, "qry.erp.models")
        assert not await _forbidden(owner, "inbox.crm.QAAdded")
    finally:
        await owner.close()


async def test_a_service_answers_only_those_who_asked(bus_login: BusLogin) -> None:
    # given
    projections = await Bus.connect(bus_login("projections"), name="projections")
    crm = await Bus.connect(bus_login("crm"), name="crm")

    async def answer_it(message: Msg) -> None:
        await message.respond(b"an answer")

    await projections.nc.subscribe("qry.*.models", cb=answer_it)
    await settled(projections.nc)

    # when
    answer = await crm.request("qry.crm.models", b"{}")

    # then
    assert answer.data == b"an answer"
    assert await _forbidden(projections, "_INBOX_crm.uninvited")
    await crm.close()
    await projections.close()


async def test_nobody_connects_without_a_password(nats: EmbeddedServer) -> None:
    for login in (Login(nats.url), Login(nats.url, "owner", "guessed")):
        with pytest.raises(BusUnreachable, match="password is wrong"):
            await Bus.connect(login, name="stranger")
