"""A module that floods meets its own limits; everybody else goes on working."""

import asyncio
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from services.bus.client import Bus
from services.bus.provisioning import WAITING_PER_SUBJECT
from services.bus.server import EmbeddedServer
from services.refusals import Refused
from services.settings import Login
from tests.commands.test_service import commands, connected, fact

FLOOD, WAITING = 20_000, 500
"""So few may wait here that the flood is more than that on any machine, however it keeps up."""
PATIENCE = 10.0
"""Seconds within which everybody else is answered, on a machine that the flood itself keeps busy."""
AT_LAST = 90.0
"""Seconds after which an answer comes no more, on a machine that does much else."""

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


async def flood(login: Login) -> dict[str, int]:
    """A process of its own reports everything at once; what became of it."""
    flooding = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.commands.flooding", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await flooding.communicate(json.dumps({"login": asdict(login), "facts": FLOOD}).encode())
    assert flooding.returncode == 0
    counts: dict[str, int] = json.loads(said)
    return counts


async def report_often(bus: Bus, module: str, flooding: "asyncio.Task[Any]") -> list[float]:
    """One fact after the other while the flood lasts; how long each answer took."""
    seconds: list[float] = []
    while not flooding.done():
        began = time.perf_counter()
        if module == "cli":
            await bus.report(fact("ModelDefined", name=f"Model {len(seconds)}"), timeout=AT_LAST)
        else:
            await bus.report(lesson(module, len(seconds)), timeout=AT_LAST)
        seconds.append(time.perf_counter() - began)
    return seconds


async def test_a_flooding_module_is_told_to_wait_and_everybody_else_is_answered(
    nats: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.commands.door.LARGEST_WAITING", WAITING)
    async with connected(nats, "crm") as crm, connected(nats, "erp") as erp, connected(nats, "owner") as owner:
        async with commands(nats, tmp_path):
            await owner.report(fact("ModelDefined", subject="sales", name="Sales"))

        # given a module that left more than its inbox takes while nothing read it; another's inbox still has room
        assert await leave_until_full(crm) == WAITING_PER_SUBJECT
        await erp.leave(lesson("erp", -1))

        # when that is worked off, and the module floods the door as well
        async with commands(nats, tmp_path):
            flooding = asyncio.create_task(flood(nats.logins["crm"]))
            of_erp, of_owner = await asyncio.gather(
                report_often(erp, "erp", flooding), report_often(owner, "cli", flooding)
            )
            counts = await flooding

    # then every fact of the flood was answered, much of it by being told to wait, and the others were served meanwhile
    assert counts["accepted"] + counts["busy"] == FLOOD
    assert counts["busy"] > 0
    assert counts["accepted"] >= WAITING
    assert max(of_erp + of_owner) < PATIENCE
