"""Assistants in groups, on a whole system: mentioned, streamed, answered once, retried."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts.facts import FACTS
from contracts.identifiers import answer_id
from contracts.queries import AnswerChunk, Messages
from services.bus.client import Bus
from services.bus.endpoint import read_endpoint
from services.bus.nats_py import settled
from services.bus.reporting import new_fact
from services.refusals import Refused
from tests.fixtures.system import System

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system with a model that was taught and compiled."""
    system = System(tmp_path_factory.mktemp("chat") / "home", "--no-demo").start()
    system.send("ModelDefined", "--subject", "sales", name="AI Sales", virtual_user="sally", system_message="Be brief.")
    system.send("QAAdded", model="sales", question="How often should we call?", answer="Once a week, on Mondays.")
    system.ask_json("compile", "sales", "--wait")
    system.send("GroupCreated", "--subject", "g", name="G", members=["virtual_user:sally"])
    yield system
    assert system.stop() == 0


class Chatter:
    """Somebody at the keyboard, on the bus."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    async def report(self, type_: str, subject: str | None = None, **data: Any) -> str:
        fact = new_fact(FACTS[type_].model_validate(data), module="cli", actor="person:owner", subject=subject)
        return (await self.bus.report(fact)).subject

    async def messages(self, group: str = "g") -> list[Any]:
        _, found = await self.bus.query("messages", {"group": group, "limit": 500}, module="cli")
        page: Messages = found
        return page.messages

    async def until(self, id: str, so: Callable[[Any], bool] = bool, *, group: str = "g", seconds: float = 60.0) -> Any:
        """The message with this id, as soon as it is there and so."""
        async with asyncio.timeout(seconds):
            while True:
                for one in await self.messages(group):
                    if one.id == id and so(one):
                        return one
                await asyncio.sleep(0.05)


async def until_met(system: System) -> None:
    """Wait until some request has met the fault."""
    async with asyncio.timeout(60):
        while True:
            if not await asyncio.to_thread(system.waiting_faults):
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def chatter(home: Path) -> AsyncIterator[Chatter]:
    bus = await Bus.connect(read_endpoint(home).users["cli"], name="chatter")
    try:
        yield Chatter(bus)
    finally:
        await bus.close()


async def test_a_mentioned_assistant_answers_from_its_version_and_streams_what_it_posts(system: System) -> None:
    async with chatter(system.home) as ann:
        chunks: list[AnswerChunk] = []

        async def keep(message: Any) -> None:
            chunks.append(AnswerChunk.model_validate_json(message.data))

        await ann.bus.nc.subscribe("chunk.g.*", cb=keep)
        await settled(ann.bus.nc)

        question = await ann.report("MessagePosted", group="g", text="@AI Sales how often do we call?")
        answer = await ann.until(answer_id(question, "sally"))

        [sales] = [one for one in await asyncio.to_thread(system.ask_json, "models") if one["id"] == "sales"]
        assert (answer.text, answer.known) == ("Once a week, on Mondays.", True)
        assert answer.version == sales["active"]["version"]
        assert (answer.author, answer.question) == ("virtual_user:sally", question)
        assert answer.prompt_tokens > 0 < answer.completion_tokens
        mine = [chunk for chunk in chunks if chunk.question == question]
        assert "".join(chunk.text for chunk in mine) == answer.text
        assert [chunk.index for chunk in mine] == list(range(len(mine)))
        assert mine[-1].done


async def test_who_is_not_addressed_stays_silent(system: System) -> None:
    async with chatter(system.home) as ann:
        await ann.report("MessagePosted", group="g", text="How often do we call?")
        question = await ann.report("MessagePosted", group="g", text="@sally how often do we call?")
        await ann.until(answer_id(question, "sally"))

        messages = await ann.messages()
        assert [one.question for one in messages if one.question].count(question) == 1
        silent = next(one for one in messages if one.text == "How often do we call?")
        assert all(one.question != silent.id for one in messages)


async def test_a_question_right_after_a_new_version_is_answered_by_it(system: System) -> None:
    system.send("QAAdded", model="sales", question="Where is the fair?", answer="In Aldermoor.")
    done = system.ask_json("compile", "sales", "--wait")

    asked = system.ask_json("ask", "AI Sales", "Where is the fair?")

    assert asked == {"answer": "In Aldermoor.", "known": True, "model": "sales", "version": done["version"]}


async def test_a_provider_that_is_down_is_told_and_a_retry_answers(system: System) -> None:
    async with chatter(system.home) as ann:
        system.fault(path="/v1/chat/completions", status=503, body="<html>away</html>")
        question = await ann.report("MessagePosted", group="g", text="@sally how often do we call?")

        async with asyncio.timeout(60):
            while True:
                failed = next(one for one in await ann.messages() if one.id == question)
                if failed.failure:
                    break
                await asyncio.sleep(0.05)
        assert failed.failure.startswith("The provider failed with status 503")

        await ann.report("RetryRequested", question, virtual_user="sally")
        answer = await ann.until(answer_id(question, "sally"))
        assert answer.text == "Once a week, on Mondays."


async def test_an_answer_is_stopped_at_once_and_comes_only_after_a_retry(system: System) -> None:
    async with chatter(system.home) as ann:
        system.fault(path="/v1/chat/completions", status=None, delay=60)
        question = await ann.report("MessagePosted", group="g", text="@sally how often do we call?")
        await until_met(system)

        began = time.monotonic()
        await ann.report("AnswerStopRequested", question, virtual_user="sally")
        stopped = await ann.until(question, lambda row: "sally" in row.failures)
        assert time.monotonic() - began < 10
        assert stopped.failures["sally"].code == "stopped"
        assert [one.state for one in stopped.answering] == ["failed"]
        assert all(one.question != question for one in await ann.messages())

        await ann.report("RetryRequested", question, virtual_user="sally")
        answer = await ann.until(answer_id(question, "sally"))
        assert answer.text == "Once a week, on Mondays."
        with pytest.raises(Refused, match="has its answer already"):
            await ann.report("AnswerStopRequested", question, virtual_user="sally")


async def test_a_stop_right_before_a_crash_is_kept(system: System) -> None:
    async with chatter(system.home) as ann:
        system.fault(path="/v1/chat/completions", status=None, delay=60)
        question = await ann.report("MessagePosted", group="g", text="@sally how often do we call?")
        await ann.report("AnswerStopRequested", question, virtual_user="sally")
    system.kill()
    system.start()

    async with chatter(system.home) as ann:
        stopped = await ann.until(question, lambda row: "sally" in row.failures)
        assert stopped.failures["sally"].code == "stopped"
        assert all(one.question != question for one in await ann.messages())


async def test_a_question_that_was_asked_while_nothing_ran_is_answered_once_after_the_start(system: System) -> None:
    async with chatter(system.home) as ann:
        questions = [
            await ann.report("MessagePosted", group="g", text=f"@sally how often do we call? {n}") for n in range(10)
        ]
    system.kill()
    system.start()

    async with chatter(system.home) as ann:
        for question in questions:
            await ann.until(answer_id(question, "sally"))
        messages = await ann.messages()
    assert sorted(one.question for one in messages if one.question in questions) == sorted(questions)


async def test_a_conversation_with_the_own_assistant_needs_no_mention_and_brings_its_instructions(
    system: System,
) -> None:
    system.send("DefaultModelChosen", "--subject", "sales")
    async with chatter(system.home) as ann:
        mine = {"name": "Calls", "use": "assistant", "members": ["virtual_user:sally"]}
        group = await ann.report("GroupCreated", **mine, instructions="Answer in one sentence.")
        question = await ann.report("MessagePosted", group=group, text="How often should we call?")

        answer = await ann.until(answer_id(question, "sally"), group=group)

        assert (answer.text, answer.version is not None) == ("Once a week, on Mondays.", True)
        _, row = await ann.bus.query("question", {"message": question}, module="cli")
        assert row.instructions == "Answer in one sentence."
        _, why = await ann.bus.query("why", {"message": answer.id}, module="cli")
        assert why.lessons[0].answer == "Once a week, on Mondays."


def test_asking_leaves_no_trace(system: System) -> None:
    before = at_rest(system)

    system.ask_json("ask", "sales", "How often do we call?")

    assert json.dumps(at_rest(system)) == json.dumps(before)


def at_rest(system: System) -> dict[str, Any]:
    """The status, once the read models have taken in everything."""
    while True:
        found: dict[str, Any] = system.ask_json("status")
        if {one["position"] for one in found["read_models"]} == {found["head"]}:
            return found


def test_a_model_without_a_provider_can_not_be_asked(system: System) -> None:
    system.send("ModelDefined", "--subject", "mute", name="Mute")
    system.send("ModelRevised", "--subject", "mute", provider=None)

    assert system.cli("ask", "Mute", "Hello?", "--json").refused == "no_provider"
    assert system.cli("ask", "Nobody", "Hello?", "--json").refused == "unknown_model"
