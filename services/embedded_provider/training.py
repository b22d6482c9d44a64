"""Jobs at work: validated, queued and trained in threads of their own, and gone on with after a restart."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Final, TypeVar

from services.embedded_provider.artifact import write_artifact
from services.embedded_provider.chat_request import BYTES_PER_TOKEN
from services.embedded_provider.database import Row
from services.embedded_provider.jobs import STEPS, Jobs
from services.embedded_provider.models import Models
from services.embedded_provider.training_data import BadFile, read_pairs
from services.embedded_provider.turns import Pair

AT_ONCE: Final = 2
"""So many files are read or learnt at the same time; chats have threads of their own."""

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Stopped(Exception):
    """The work isn't wanted any more."""


class Unusable(Exception):
    """A file of the job can't be used."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


class Training:
    """Runs what `Jobs` records."""

    def __init__(self, jobs: Jobs, models: Models, files: Path, step_seconds: float) -> None:
        self._jobs, self._models, self._files, self._pause = jobs, models, files, step_seconds
        self._threads = ThreadPoolExecutor(AT_ONCE, "training")
        self._places = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, tuple[asyncio.Task[None], Event]] = {}

    def resume(self) -> None:
        """Go on with what a stop or a crash interrupted."""
        self._models.clean()
        for id in self._jobs.open():
            self._jobs.note(id, "The job goes on after a restart")
            self.start(id)

    def start(self, id: str) -> None:
        """Begin a job, or go on with it at its status."""
        stopped = Event()
        task = asyncio.create_task(self._work(id, stopped), name=id)
        self._running[id] = task, stopped
        task.add_done_callback(lambda done: self._ended(id, done))

    def cancel(self, id: str) -> Row:
        """Stop a job for good. Raises `ApiProblem`: 404, 400 when it has ended."""
        row = self._jobs.cancel(id)
        self._interrupt(id)
        return row

    async def stop(self) -> None:
        """Interrupt what runs; it goes on at the next start."""
        tasks = [task for task, _ in self._running.values()]
        for id in list(self._running):
            self._interrupt(id)
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown)

    def _interrupt(self, id: str) -> None:
        if id in self._running:
            task, stopped = self._running[id]
            stopped.set()
            task.cancel()

    def _ended(self, id: str, task: "asyncio.Task[None]") -> None:
        self._running.pop(id, None)
        problem = None if task.cancelled() else task.exception()
        if problem is not None:
            logger.error("Job %s broke.", id, exc_info=problem)
            self._jobs.fail(id, f"The provider broke: {problem}. Create the job again.", "server_error")

    async def _work(self, id: str, stopped: Event) -> None:
        row = self._jobs.get(id)
        try:
            for status in STEPS[STEPS.index(row["status"]) :]:
                await self._step(row, status, stopped)
        except Unusable as problem:
            self._jobs.fail(id, str(problem), param=problem.param)

    async def _step(self, row: Row, status: str, stopped: Event) -> None:
        if status == "running":
            async with self._places:
                await self._begin(row["id"], status)
                await self._learn(row, stopped)
            return
        await self._begin(row["id"], status)
        if status == "validating_files":
            for param, file in (("training_file", row["file"]), ("validation_file", row["validation"])):
                if file is not None:
                    await self._thread(param, partial(_validate, self._files / file, stopped))

    async def _begin(self, id: str, status: str) -> None:
        self._jobs.step(id, status)
        await asyncio.sleep(self._pause)

    async def _learn(self, row: Row, stopped: Event) -> None:
        source, target = self._files / row["file"], self._models.path(row["id"])
        learnt = await self._thread("training_file", partial(_learn, source, target, stopped))
        self._jobs.succeed(row["id"], *learnt)

    async def _thread(self, param: str, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except BadFile as problem:
            raise Unusable(param, str(problem)) from problem
        except FileNotFoundError as problem:
            raise Unusable(param, "The file was deleted. Upload it again.") from problem


def _validate(path: Path, stopped: Event) -> None:
    for _ in _unless(stopped, read_pairs(path)):
        pass


def _learn(source: Path, target: Path, stopped: Event) -> tuple[int, int, list[str]]:
    count, warnings = write_artifact(target, _unless(stopped, read_pairs(source)))
    return max(1, source.stat().st_size // BYTES_PER_TOKEN), count, warnings


def _unless(stopped: Event, pairs: Iterable[Pair]) -> Iterator[Pair]:
    for pair in pairs:
        if stopped.is_set():
            raise Stopped
        yield pair
