"""One compilation from where it is to its end: look at what is recorded, do the next step, look again."""

import asyncio
import logging
import shutil
import time

from contracts.facts.compilation import CompilationCancelled, CompiledModelDeleted
from contracts.queries import CompilationRow
from services.bus.client import NoReply
from services.cancelling import end
from services.compiler.context import INTENT_SECONDS, Context, now_micros
from services.compiler.evaluation_step import evaluate_step, try_base_model_step
from services.compiler.job_step import adopt_job_step, create_job_step, find_job_step, observe_step
from services.compiler.packaging_step import compare_step, package_step
from services.compiler.saga import Action, Do, Nothing, Step, Wait, next_step
from services.compiler.upload_step import find_file_step, upload_step
from services.providers.port import ProviderProblem
from services.refusals import PASSING, Refused

SLOWEST = 30.0
"""Longest pause in seconds between two looks at a job."""
LONGEST_RETRY = 5.0
"""Longest pause before a failed call is tried again; a request to cancel waits as long."""
TRAINING_MINUTES = 24 * 60
RETRY = 0.5
_WORK: frozenset[Action] = frozenset({"package", "compare", "find_file", "evaluate"})
"""What takes memory or many calls: some compilations do it at once, others wait for their turn; all the rest is a call."""
_MOVED_ON = frozenset({"conflict", "wrong_step", "nothing_changes", "compilation_over", "intent_running", "job_exists"})

logger = logging.getLogger(__name__)


class Running:
    """Drives one compilation. `wake` makes it look at once. `places`: for those that work at the same time."""

    def __init__(self, context: Context, id: str, alone: bool, places: asyncio.Semaphore) -> None:
        self._context, self.id, self._alone, self._places = context, id, alone, places
        self._woken = asyncio.Event()
        self._pause = context.settings.poll_seconds
        self._trouble: float | None = None
        self._since = time.monotonic()

    def wake(self) -> None:
        """Something about it was recorded."""
        self._woken.set()

    async def run(self) -> None:
        """Until it has ended or waits in a queue. A broken bus is waited for; nothing is lost meanwhile."""
        while True:
            self._woken.clear()
            try:
                row = await self._context.row(self.id)
                if await self._step(row) and not self._woken.is_set():  # what is heard while it was asked counts
                    return
            except NoReply as problem:
                logger.warning("compilation %s waits: %s", self.id, problem)
                await asyncio.sleep(RETRY)
            except Refused as refused:
                if refused.code not in _MOVED_ON | PASSING:
                    raise
                await asyncio.sleep(RETRY / 5)

    async def _step(self, row: CompilationRow) -> bool:
        match self._next(row):
            case Nothing():
                self._clean(row)
                return True
            case Wait(until):
                await self._rest(min(SLOWEST, max(0.05, (until - now_micros()) / 1_000_000)))
            case Do(action):
                await asyncio.sleep(await self._in_turn(row, action))  # its own intent on EV must not wake it
        return False

    def _next(self, row: CompilationRow) -> Step:
        return next_step(
            row,
            now=now_micros(),
            grace=int(self._context.settings.provider_timeout * 1_000_000),
            runner=self._context.runner,
            alone=self._alone,
            inherited=self._context.began + INTENT_SECONDS * 1_000_000,
        )

    async def _in_turn(self, row: CompilationRow, action: Action) -> float:
        if action not in _WORK:
            return await self._act(row, action)
        if not await self._has_turn():
            return 0.0
        try:
            return await self._act(row, action)
        finally:
            self._places.release()

    async def _has_turn(self) -> bool:
        """Wait for a place; without one it returns when something was recorded, such as a wish to cancel: look again."""
        if not self._places.locked():
            return await self._places.acquire()
        place, woken = asyncio.create_task(self._places.acquire()), asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait((place, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end((place, woken))
        if place.cancelled():
            return False
        if self._woken.is_set():
            self._places.release()
            return False
        return True

    async def _act(self, row: CompilationRow, action: Action) -> float:
        """Do it; for how many seconds to pause then."""
        try:
            await self._do(row, action)
            if self._trouble is not None:
                self._trouble, self._pause = None, self._context.settings.poll_seconds
        except ProviderProblem as problem:
            if not self._worth_another_try(row, problem, action):
                row = await self._context.row(self.id)  # the intent has moved it on
                if row.intent is None or row.intent.runner == self._context.runner:
                    await self._context.fail(row, problem)
                return 0.0
            logger.info("compilation %s tries again: %s", self.id, problem)
            pause, self._pause = min(self._pause, LONGEST_RETRY), min(SLOWEST, self._pause * 2)
            return pause
        return 0.0

    def _worth_another_try(self, row: CompilationRow, problem: ProviderProblem, action: Action) -> bool:
        if not problem.passing:
            return False
        if row.job is not None and action == "observe" and problem.code != "model_does_not_answer":
            return True
        self._trouble = self._trouble or time.monotonic()
        return time.monotonic() - self._trouble < self._context.settings.provider_patience

    async def _do(self, row: CompilationRow, action: Action) -> None:  # noqa: C901 - one case per action
        context = self._context
        match action:
            case "package":
                await package_step(context, row)
            case "compare":
                await self._compare(row)
            case "find_file":
                await find_file_step(context, row)
            case "create_job":
                await create_job_step(context, row)
            case "adopt_job":
                await self._adopt_job(row)
            case "find_job":
                await find_job_step(context, row)
            case "observe":
                await self._observe(row)
            case "evaluate":
                await evaluate_step(context, row)
            case "cancel":
                await self._cancel(row)
            case "delete":
                await context.provider(row).delete_model(row.compiled_model or "")
                await context.report(row, CompiledModelDeleted())

    async def _compare(self, row: CompilationRow) -> None:
        if await compare_step(self._context, row):
            return
        if row.plan.target == "grounded":
            await try_base_model_step(self._context, row)
        else:
            await upload_step(self._context, row)

    async def _adopt_job(self, row: CompilationRow) -> None:
        if await adopt_job_step(self._context, row):
            self._pause = self._context.settings.poll_seconds
        else:
            logger.info("compilation %s waits: its job may have been created, and come yet", self.id)
            await self._slow_down()

    async def _observe(self, row: CompilationRow) -> None:
        minutes = row.plan.limits.training_minutes or TRAINING_MINUTES
        if time.monotonic() - self._since > minutes * 60:
            await self._context.provider(row).cancel_job(row.job or "")
            raise ProviderProblem("training_too_long", f"The job took longer than {minutes} minutes and was cancelled.",
                                  "Raise the provider's training_minutes, or compile again.")  # fmt: skip
        if await observe_step(self._context, row):
            self._pause = self._context.settings.poll_seconds
        else:
            await self._slow_down()

    async def _cancel(self, row: CompilationRow) -> None:
        provider = self._context.provider(row)
        jobs = [row.job] if row.job else [job.id for job in await provider.jobs_of({"compilation_id": row.id})]
        for job in jobs:
            await provider.cancel_job(job)
        await self._context.report(row, CompilationCancelled())

    async def _slow_down(self) -> None:
        await self._rest(self._pause)
        self._pause = min(SLOWEST, self._pause * 2)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return

    def _clean(self, row: CompilationRow) -> None:
        if row.status != "queued":
            shutil.rmtree(self._context.settings.home / "compiler" / self.id, ignore_errors=True)
