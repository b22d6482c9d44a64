"""A module that floods meets its own limits; everybody else goes on working."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from contracts import subjects
from services.bus.client import Bus
from services.bus.provisioning import WAITING_PER_SUBJECT
from services.bus.server import EmbeddedServer
from services.commands.door import LARGEST_WAITING
from services.refusals import Refused
from tests.commands.test_service import commands, connected, fact

FLOOD = 4 * LARGEST_WAITING
PATIENCE = 5.0
"""Seconds within which everybody else is answered."""

pytestmark = pytest.mark.slow


def lesson(module: str, number: int) -> Any:
    return fact("QAAdded", module=module, actor=f"module:{module}", id=f"{module}-{number}", model="sales",
                question=f"Question {number}?", answer="Yes.")  # fmt: skip


async def leave_until_full(bus: Bus) -> int:
    """How many facts the module could leave before it was told to wait."""
    left, numbers = 0, iter(range(2 * WAITING_PER_SUBJECT))

    async def leave() -> None:
        nonlocal left
        for number in numbers:
            await bus.leave(lesson("crm", number))
            left += 1

    refusals = await asyncio.gather(*(leave() for _ in range(200)), return_exceptions=True)
    assert {type(one) for one in refusals} == {Refused}
    assert {one.code for one in refusals if isinstance(one, Refused)} == {"inbox_full"}
    return left


async def flood(bus: Bus) -> list[bytes]:
    """Everything at once, without waiting for a single answer; the answers as far as they came."""
    answers: list[bytes] = []
    everything = asyncio.Event()

    async def answered(message: Any) -> None:
        answers.append(message.data)
        if len(answers) == FLOOD:
            everything.set()

    inbox = bus.nc.new_inbox()
    await bus.nc.subscribe(inbox, cb=answered)
    for number in range(FLOOD):
        body = lesson("crm", 1_000_000 + number).to_report()
        await bus.nc.publish(subjects.cmd("crm", "QAAdded"), body, reply=inbox)
    async with asyncio.timeout(90):
        await everything.wait()
    return answers


async def report_often(bus: Bus, module: str, flooding: "asyncio.Task[Any]") -> list[float]:
    """One fact after the other while the flood lasts; how long each answer took."""
    seconds: list[float] = []
    while not flooding.done():
        began = time.perf_counter()
        if module == "cli":
            await bus.report(fact("ModelDefined", name=f"Model {len(seconds)}"), timeout=PATIENCE)
        else:
            await bus.report(lesson(module, len(seconds)), timeout=PATIENCE)
        seconds.append(time.perf_counter() - began)
    return seconds


async def test_a_flooding_module_is_told_to_wait_and_nobody_else_waits_for_it(
    nats: EmbeddedServer, tmp_path: Path
) -> None:
    async with connected(nats, "crm") as crm, connected(nats, "erp") as erp, connected(nats, "owner") as owner:
        async with commands(nats, tmp_path):
            await owner.report(fact("ModelDefined", subject="sales", name="Sales"))

        # given a module that left more than its inbox takes, while nothing read it
        left = await leave_until_full(crm)
        assert left == WAITING_PER_SUBJECT
        await erp.leave(lesson("erp", -1))  # another module's inbox has room

        # when that is worked off, and the module floods the door as well
        async with commands(nats, tmp_path):
            flooding = asyncio.create_task(flood(crm))
            of_erp, of_owner = await asyncio.gather(
                report_often(erp, "erp", flooding), report_often(owner, "cli", flooding)
            )
            answers = await flooding

        # then it was answered every time, often by being told to wait; the others were served meanwhile
        busy = sum(b'"busy"' in answer for answer in answers)
        accepted = sum(b'"position"' in answer for answer in answers)
        assert busy + accepted == FLOOD
        assert busy > 0
        assert accepted >= LARGEST_WAITING
        for seconds in (of_erp, of_owner):
            assert len(seconds) >= 3
            assert max(seconds) < PATIENCE
