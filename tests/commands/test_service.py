"""The commands service on a real bus: the door, the inbox with its outcomes, dead letters, the relay."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts import subjects
from contracts.facts import FACTS
from contracts.replies import Outcome
from services.bus.client import Bus
from services.bus.reporting import new_fact
from services.bus.server import EmbeddedServer
from services.bus.tail import tail
from services.commands.service import run
from services.eventlog import open_log
from services.refusals import Refused
from services.settings import Settings
from tests.commands.written import failing_disk

pytestmark = pytest.mark.usefixtures("patient_relay")


@asynccontextmanager
async def commands(nats: EmbeddedServer, folder: Path) -> AsyncIterator[None]:
    """The service, until the block ends."""
    settings = Settings(
        home=folder, log_url=f"sqlite:///{folder}/log.db", keys_url=f"sqlite:///{folder}/keys.db",
        read_models_url=f"sqlite:///{folder}", web_url=f"sqlite:///{folder}/web.db", master_key=b"m" * 32, login=nats.logins["commands"],
        embedded_provider_url="",
    )  # fmt: skip
    ready, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(run(settings, ready=ready.set, stop=stop))
    await asyncio.wait([serving, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        stop.set()
        await serving


@asynccontextmanager
async def connected(nats: EmbeddedServer, user: str) -> AsyncIterator[Bus]:
    bus = await Bus.connect(nats.logins[user], name=user)
    try:
        yield bus
    finally:
        await bus.close()


def fact(type_: str, *, module: str = "cli", actor: str = "person:owner", **more: Any) -> Any:
    subject, id = more.pop("subject", None), more.pop("id", None)
    return new_fact(FACTS[type_].model_validate(more), module=module, actor=actor, subject=subject, id=id)


async def outcomes(bus: Bus, count: int) -> list[Outcome]:
    found: list[Outcome] = []
    async with asyncio.timeout(30):
        async for message in tail(bus, stream=subjects.OUT, subjects=["out.crm.>"], after_sequence=0):
            found.append(Outcome.model_validate_json(message.data))
            if len(found) == count:
                break
    return found


async def test_what_is_left_in_the_inbox_is_decided_in_order_and_its_outcome_kept(
    nats: EmbeddedServer, tmp_path: Path
) -> None:
    # given facts that a module left while nothing ran
    async with connected(nats, "crm") as crm:
        for id in ("one", "two"):
            await crm.leave(
                fact(
                    "QAAdded", module="crm", actor="module:crm", id=id, model="sales", question=f"{id}?", answer="Yes."
                )
            )
        await crm.leave(
            fact("ModelDefined", module="crm", actor="module:crm", id="define", subject="sales", name="Sales")
        )
        await crm.leave(
            fact("QAAdded", module="crm", actor="module:crm", id="three", model="sales", question="?", answer="Yes.")
        )

        # when the service runs
        async with commands(nats, tmp_path):
            found = await outcomes(crm, 4)

    # then each was decided as it came
    assert [(one.id, one.accepted is not None) for one in found] == [
        ("one", False), ("two", False), ("define", True), ("three", True),
    ]  # fmt: skip
    assert found[0].refused is not None
    assert found[0].refused.code == "unknown_model"


class Told(logging.Handler):
    """Notices the first sentence of a log that begins so."""

    def __init__(self, beginning: str) -> None:
        super().__init__()
        self._beginning = beginning
        self.came = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one sentence."""
        if record.getMessage().startswith(self._beginning):
            self.came.set()


@contextmanager
def told(beginning: str) -> Iterator[asyncio.Event]:
    """Set when the inbox reader has said something that begins so."""
    handler, inbox = Told(beginning), logging.getLogger("services.commands.inbox")
    inbox.addHandler(handler)
    try:
        yield handler.came
    finally:
        inbox.removeHandler(handler)


def left(id: str, type_: str, **more: Any) -> Any:
    return fact(type_, module="crm", actor="module:crm", id=id, **more)


@pytest.mark.parametrize("restarted", [False, True], ids=["the reader goes on", "the reader is started anew"])
async def test_what_is_left_in_the_inbox_waits_behind_a_fact_that_can_not_be_stored(
    nats: EmbeddedServer, tmp_path: Path, restarted: bool
) -> None:
    open_log(f"sqlite:///{tmp_path}/log.db").close()
    lessons = [left(id, "QAAdded", model="sales", question=f"{id}?", answer="Yes.") for id in ("one", "two")]
    async with connected(nats, "crm") as crm, AsyncExitStack() as serving:
        # given a first fact that the disk doesn't take, and one behind it
        await crm.leave(left("define", "ModelDefined", subject="sales", name="Sales"))
        await crm.leave(lessons[0])
        with failing_disk(tmp_path, "define"), told("the log can't take facts now") as held:
            await serving.enter_async_context(commands(nats, tmp_path))
            await asyncio.wait_for(held.wait(), 30)

            # when another one comes, and the disk is well again
            await crm.leave(lessons[1])
            if restarted:
                await serving.aclose()
        if restarted:
            await serving.enter_async_context(commands(nats, tmp_path))
        found = await outcomes(crm, 3)

    # then all were decided as they came
    assert [(one.id, one.accepted is not None) for one in found] == [("define", True), ("one", True), ("two", True)]


async def test_rubbish_is_kept_in_the_dead_letters_with_the_reason_unless_it_was_only_tried(
    nats: EmbeddedServer, tmp_path: Path
) -> None:
    async with connected(nats, "crm") as crm, connected(nats, "owner") as owner, commands(nats, tmp_path):
        tried = await crm.request("cmd.crm.QAAdded", b'{"tried": 1}', headers={"Dry-Run": "1"})
        await crm.request("inbox.crm.QAAdded", b"rubbish")
        reply = json.loads((await crm.request("cmd.crm.QAAdded", b'{"data": {}}')).data)
        [outcome] = await outcomes(crm, 1)
        letters = []
        async with asyncio.timeout(30):
            async for letter in tail(owner, stream=subjects.DLQ, subjects=["dlq.crm.>"], after_sequence=0):
                letters.append((letter.data, letter.headers["Dead-Letter-Reason"]))
                if len(letters) == 2:
                    break

    assert json.loads(tried.data)["refused"]["code"] == reply["refused"]["code"] == "malformed"
    assert outcome.refused is not None
    assert outcome.refused.code == "malformed"
    assert sorted(data for data, _ in letters) == [b"rubbish", b'{"data": {}}']
    assert any("isn't JSON" in reason for _, reason in letters)


async def test_a_module_can_not_speak_as_another_or_for_a_person(nats: EmbeddedServer, tmp_path: Path) -> None:
    async with connected(nats, "crm") as crm, commands(nats, tmp_path):
        forged = fact("ModelDefined", name="X").model_copy(update={"source": "/crm"})

        with pytest.raises(Refused) as refusal:
            await crm.report(forged)

        assert refusal.value.code == "forged_actor"


async def test_accepted_facts_come_to_ev_and_the_owner_is_there_from_the_first_start(
    nats: EmbeddedServer, tmp_path: Path
) -> None:
    async with connected(nats, "owner") as owner:
        for name in ("First", "Second"):
            async with commands(nats, tmp_path):
                await owner.report(fact("ModelDefined", name=name))

        seen = []
        async with asyncio.timeout(30):
            async for message in tail(owner, subjects=["ev.>"], after_sequence=0):
                seen.append((message.position, message.subject.rpartition(".")[2], json.loads(message.data)["subject"]))
                if message.pending == 0:
                    break

    assert [(position, name) for position, name, _ in seen] == [
        (1, "PersonAdded"),
        (2, "ModelDefined"),
        (3, "ModelDefined"),
    ]
    assert seen[0][2] == "owner"
