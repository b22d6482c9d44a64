"""A compilation's job at its provider: one is kept, however the compiler and the provider fail."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.envelope import Envelope
from contracts.facts.compilation import ExtraJobCancelled, JobCreated, JobCreationIntended
from contracts.queries import CompilationRow, Intent, Query
from services.compiler.context import now_micros
from services.compiler.running import Running
from services.refusals import Refused
from services.settings import Login
from tests.compiler.paid_provider import paid_provider
from tests.compiler.peers import compiling
from tests.compiler.test_saga import PLAN, row

OVER = Intent(fact="JobCreationIntended", runner="alone", deadline=0)


class Recorded:
    """What is recorded of a compilation whose job was announced; it is over when its job is known."""

    def __init__(self, address: str, intent: Intent | None) -> None:
        plan = PLAN.model_copy(update={"provider_kind": "openai_compatible", "base_url": address})
        self.row = row("training", file="f", intent=intent, plan=plan)
        self.reported: list[Any] = []

    async def asked(self, _: Query) -> CompilationRow:
        return self.row

    def decide(self, fact: Envelope) -> None:
        if fact.data in self.reported:
            raise Refused("nothing_changes", "It was recorded before.")
        self.reported.append(fact.data)
        if isinstance(fact.data, JobCreated):
            self.row = self.row.model_copy(update={"status": "cancelled", "job": fact.data.job, "intent": None})


@pytest.mark.parametrize("status", [429, 500])
async def test_jobs_that_are_too_many_are_cancelled_also_when_the_provider_fails_at_first(
    bus_login: Callable[[str], Login], tmp_path: Path, status: int
) -> None:
    # given three jobs of one compilation, and a provider that fails when the last is cancelled
    async with paid_provider() as provider:
        for _ in range(3):
            provider.create({"compilation_id": "c"})
        provider.cancelling.extend((200, status))
        one = Recorded(provider.address, OVER)

        # when the compiler looks for its job
        async with compiling(bus_login, tmp_path, {"compilation": one.asked}, one.decide) as context:
            await asyncio.wait_for(Running(context, "c", alone=True, places=asyncio.Semaphore(1)).run(), 20)

    # then the first is kept, and the others are cancelled before it is recorded
    assert provider.statuses() == ["running", "cancelled", "cancelled"]
    assert one.reported == [
        ExtraJobCancelled(job="job-2"), ExtraJobCancelled(job="job-3"), JobCreated(job="job-1", adopted=True),
    ]  # fmt: skip


async def test_a_job_that_a_provider_creates_late_is_the_only_one(
    bus_login: Callable[[str], Login], tmp_path: Path
) -> None:
    # given a compiler that was ended while it created a job, of which the provider shows nothing
    async with paid_provider() as provider:
        one = Recorded(provider.address, Intent(fact="JobCreationIntended", runner="alone", deadline=now_micros()))
        asked = 0

        async def compilation(query: Query) -> CompilationRow:
            # when its successor has looked once, and the provider carries out what it was told
            nonlocal asked
            asked += 1
            if asked == 2:
                provider.create({"compilation_id": "c"})
            return await one.asked(query)

        async with compiling(bus_login, tmp_path, {"compilation": compilation}, one.decide) as context:
            await asyncio.wait_for(Running(context, "c", alone=True, places=asyncio.Semaphore(1)).run(), 20)

    # then that job is taken, and no other was created
    assert one.reported == [JobCreated(job="job-1", adopted=True)]
    assert provider.statuses() == ["running"]


async def test_a_job_that_is_being_created_when_the_compiler_is_stopped_is_recorded_first(
    bus_login: Callable[[str], Login], tmp_path: Path
) -> None:
    # given a compiler that creates a job, and a provider that takes its time
    async with paid_provider() as provider:
        provider.slow = True
        one = Recorded(provider.address, None)
        async with compiling(bus_login, tmp_path, {"compilation": one.asked}, one.decide) as context:
            running = asyncio.create_task(Running(context, "c", alone=True, places=asyncio.Semaphore(1)).run())
            await asyncio.wait_for(provider.creating.wait(), 10)

            # when it is stopped, and stopped again
            for _ in range(3):
                running.cancel()
                await asyncio.wait((running,), timeout=0.01)
            assert not running.done()
            provider.go_on.set()

            # then it ends when the job is recorded
            await asyncio.wait((running,), timeout=10)
            assert running.cancelled()

    assert [type(fact) for fact in one.reported] == [JobCreationIntended, JobCreated]
    assert provider.statuses() == ["running"]
