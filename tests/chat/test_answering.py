"""What the chat service makes of what it is told; the test answers in place of projections, and takes in for commands."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from pydantic import BaseModel

from contracts.facts.model import ActiveVersion, LineageRule, SelfCompilation
from contracts.facts.provider import Limits
from contracts.queries import (
    Answer,
    AnswererRow,
    LessonCounts,
    MessageRow,
    ModelRow,
    ProviderRow,
    QuestionRow,
)
from contracts.queries import Providers as ProviderRows
from contracts.replies import Refused as RefusedReply
from services.bus.client import Bus
from services.bus.nats_py import settled
from services.chat.answering import Answering
from services.chat.speaking import Speaking
from services.providers.choosing import Providers
from services.refusals import Refused
from services.settings import Login, Settings

BusLogin = Callable[[str], Login]
QUESTION = MessageRow(
    id="m", group="g", position=7, time="2999-01-01T00:00:00+00:00", author="person:ann", text="@Sales how often?",
    reply_to=None, deleted=False, edited=False,
)  # fmt: skip
ACTIVE = ActiveVersion(
    version=2, compilation="c2", target="fine_tune", provider="old", base_model="base", compiled_model="sales-2",
    position=9, training_set="0" * 64,
)  # fmt: skip
MODEL = ModelRow(
    id="sales", name="Sales", names={}, system_message=None, provider="new", parent=None, virtual_user="sally",
    use="arbiter", default=False, activate_automatically=True, lineage=LineageRule(), acceptance=None,
    uncompiled_lessons=False, held_back_sections=[], compiles_itself=SelfCompilation(), notes="", archived=False,
    revision=1, active=ACTIVE, versions=2, compiling=None,
    lessons=LessonCounts(own=1, inherited=0, waiting=0, untried=0, validation=0),
)  # fmt: skip


def provider(id: str) -> ProviderRow:
    return ProviderRow(
        id=id, name=id, names={}, provider_kind="openai_compatible", base_url="http://127.0.0.1:1/v1", base_model="base",
        target="fine_tune", secret=None, limits=Limits(), prices=None, retires_on=None, retirement_margin=30,
        retired=False, notes="", revision=1,
    )  # fmt: skip


@pytest.fixture
async def chat(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("chat"), name="chat")
    yield bus
    await bus.close()


@pytest.fixture
async def projections(bus_login: BusLogin) -> AsyncIterator[Bus]:
    bus = await Bus.connect(bus_login("projections"), name="projections")
    yield bus
    await bus.close()


@pytest.fixture
async def reported(bus_login: BusLogin) -> AsyncIterator[list[str]]:
    """The facts that chat reports, by name; each is refused."""
    bus, names = await Bus.connect(bus_login("commands"), name="commands"), list[str]()

    async def take(message: Msg) -> None:
        names.append(message.subject.rpartition(".")[2])
        await message.respond(refusal("nothing_changes"))

    await bus.nc.subscribe("cmd.*.*", cb=take)
    await settled(bus.nc)
    yield names
    await bus.close()


@pytest.fixture
async def speaking(chat: Bus, bus_login: BusLogin, tmp_path: Path) -> AsyncIterator[Speaking]:
    settings = Settings(
        home=tmp_path, log_url="", keys_url="", read_models_url="", web_url="", master_key=b"m" * 32,
        login=bus_login("chat"), embedded_provider_url="",
    )  # fmt: skip
    providers = Providers(settings)
    yield Speaking(chat, providers)
    await providers.close()


def refusal(code: str) -> bytes:
    return RefusedReply(refused=Refused(code, "It is refused.").refusal).model_dump_json().encode()


async def answer(bus: Bus, name: str, reply: BaseModel | bytes) -> None:
    """Answer every query of this name so."""
    body = reply if isinstance(reply, bytes) else Answer(position=9, data=reply.model_dump()).model_dump_json().encode()

    async def take(message: Msg) -> None:
        await message.respond(body)

    await bus.nc.subscribe(f"qry.*.{name}", cb=take)
    await settled(bus.nc)


async def test_the_version_that_answers_is_the_models_active_one_although_no_event_has_told_of_it(
    projections: Bus, speaking: Speaking
) -> None:
    await answer(projections, "providers", ProviderRows(providers=[provider("old"), provider("new")]))

    voice = await speaking.voice(MODEL, "How often?")

    assert (voice.version, voice.provider_id, voice.speaks) == (ACTIVE, "old", "sales-2")


@pytest.mark.parametrize("code", ["behind", "busy", "unavailable"])
async def test_a_question_that_cannot_be_answered_just_now_stays_open(
    code: str, chat: Bus, projections: Bus, speaking: Speaking, reported: list[str]
) -> None:
    asked = AnswererRow(virtual_user="sally", model="sales", answered=False, failed=False, retry=False)
    await answer(projections, "question", QuestionRow(message=QUESTION, answerers=[asked], context=[]))
    await answer(projections, "model", refusal(code))

    with pytest.raises(Refused):
        await Answering(chat, speaking).question("m")

    assert reported == []


async def test_a_question_that_nobody_can_answer_is_said_to_have_failed(
    chat: Bus, projections: Bus, speaking: Speaking, reported: list[str]
) -> None:
    asked = AnswererRow(virtual_user="sally", model="sales", answered=False, failed=False, retry=False)
    await answer(projections, "question", QuestionRow(message=QUESTION, answerers=[asked], context=[]))
    await answer(projections, "model", MODEL.model_copy(update={"archived": True}))

    await Answering(chat, speaking).question("m")

    assert reported == ["AnswerFailed"]
