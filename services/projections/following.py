"""Following the log: two read models in step with it, waiting for positions, and rebuilding beside the serving ones."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from services.eventlog.log import LogUnavailable
from services.projections.answering import Sources
from services.projections.project import Projector, open_chat, open_training
from services.refusals import Refused

POLL = 1.0
RETRY = 1.0

logger = logging.getLogger(__name__)


class Following:
    """One thread per read model projects; queries wait here until their position is reached."""

    def __init__(self, sources: Sources, url: str) -> None:
        self._sources, self._url = sources, url
        self.caught_up = asyncio.Event()
        self._begun: set[str] = set()
        self._grown = {"training": threading.Event(), "chat": threading.Event()}
        self._moved = asyncio.Condition()
        self._rebuilding: set[asyncio.Future[None]] = set()
        self._telling: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        # Threads of its own: they are held as long as the service runs. The third one is for building anew.
        self._threads = ThreadPoolExecutor(len(self._grown) + 1, "following")
        self._stopped = threading.Event()
        self._fresh: dict[str, tuple[Projector, Future[None]]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Project until `stop` is set. A database that fails is tried again; a bug ends the service."""
        jobs = [self._loop.run_in_executor(self._threads, self._project, name) for name in self._grown]
        waiting: asyncio.Future[Any] = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([*jobs, waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopped.set()
            self.wake(0)
            self._threads.shutdown(wait=False)
            waiting.cancel()
        await asyncio.gather(*jobs)
        if self._rebuilding:
            await asyncio.wait(self._rebuilding)

    def wake(self, _: int) -> None:
        """The log has grown."""
        for grown in self._grown.values():
            grown.set()

    async def reached(self, position: int, seconds: float) -> None:
        """Wait until both read models have the position. Raises `Refused`: `behind`."""
        if self._at() >= position:
            return
        self.wake(position)
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self._at() >= position)
        except TimeoutError:
            raise Refused(
                "behind", f"The read models are at position {self._at()}, not yet at {position}; try again in a moment."
            ) from None

    @property
    def rebuilding(self) -> bool:
        """Whether read models are being built anew."""
        return bool(self._rebuilding)

    def rebuild(self) -> None:
        """Begin to build both read models anew, unless that is going on."""
        if not self.rebuilding and not self._stopped.is_set():
            self._sources.building.update(dict.fromkeys(self._grown, 0))
            task = self._loop.run_in_executor(self._threads, self._rebuild)
            self._rebuilding.add(task)
            task.add_done_callback(self._rebuilt)

    def _rebuilt(self, task: asyncio.Future[None]) -> None:
        self._rebuilding.discard(task)
        self._sources.building.clear()
        if not task.cancelled() and (problem := task.exception()) is not None:
            logger.error("the read models could not be built anew; those before go on serving", exc_info=problem)

    def _at(self) -> int:
        return min(self._sources.training.position, self._sources.chat.position)

    def _projector(self, name: str) -> Projector:
        return self._sources.training if name == "training" else self._sources.chat

    def _project(self, name: str) -> None:
        # The hint on the bus wakes this thread, and who waits for a position; the poll is the net for both.
        first = True
        while not self._stopped.is_set():
            self._grown[name].clear()
            try:
                before = self._projector(name).position
                self._take_over(name)
                if self._projector(name).advance(stopped=self._stopped) != before or first:
                    self._loop.call_soon_threadsafe(self._notify)
                if first and not self._stopped.is_set():
                    self._projector(name).store.caught_up()
                    self._projector(name).store.drop_others()
                    first = False
                    self._loop.call_soon_threadsafe(self._has_begun, name)
                self._grown[name].wait(POLL)
            except (SQLAlchemyError, LogUnavailable):
                logger.exception("the read model %s can't be written now and is tried again", name)
                self._stopped.wait(RETRY)

    def _has_begun(self, name: str) -> None:
        self._begun.add(name)
        if self._begun == self._grown.keys():
            self.caught_up.set()

    def _notify(self) -> None:
        task = asyncio.create_task(self._tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    def _rebuild(self) -> None:
        openers: dict[str, Callable[..., Projector]] = {"training": open_training, "chat": open_chat}
        for name, opener in openers.items():
            serving = self._projector(name)
            fresh = opener(self._url, self._sources.log, self._sources.keys, serving.store.generation + 1)
            fresh.advance(partial(self._sources.building.__setitem__, name), self._stopped)
            if not self._handed_over(name, fresh):
                return
            fresh.store.drop_others()
            serving.store.close()

    def _handed_over(self, name: str, fresh: Projector) -> bool:
        """Whether it serves now; it doesn't when the service was stopped before. Raises what the taking over has met."""
        taken: Future[None] = Future()
        self._fresh[name] = fresh, taken
        self.wake(0)
        while not taken.done() and not self._stopped.is_set():
            wait((taken,), POLL)
        return taken.done() and taken.result() is None

    def _take_over(self, name: str) -> None:
        """Serve from what was built anew. The projecting thread does it: so the serving one doesn't move meanwhile, and
        whoever waited for a position finds it in either."""
        if name not in self._fresh:
            return
        fresh, taken = self._fresh.pop(name)
        try:
            fresh.advance(stopped=self._stopped)
            if self._stopped.is_set():
                return
            fresh.store.caught_up()
        except (SQLAlchemyError, LogUnavailable) as problem:
            taken.set_exception(problem)
            return
        if name == "training":
            self._sources.training = fresh
        else:
            self._sources.chat = fresh
        self._sources.forget()
        self._sources.building.pop(name, None)
        taken.set_result(None)
