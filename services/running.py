"""A service while it runs inside a process: begun, ready, drained; and one sentence about why it ended."""

import asyncio
import gc
import importlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from services.settings import Settings

logger = logging.getLogger(__name__)

DRAIN_SECONDS: Final = 25.0
MODULES: Final = {
    "commands": "services.commands.service",
    "projections": "services.projections.service",
    "compiler": "services.compiler.service",
    "chat": "services.chat.service",
    "web": "services.web.service",
    "embedded-provider": "services.running_provider",
}
"""Every service by its name, and the module whose `run` it is."""


Run = Callable[..., Awaitable[None]]
"""`run(settings, *, ready, stop)`: connects, calls `ready`, serves until `stop` is set, drains, returns."""


class ServiceEnded(Exception):
    """A service ended before it was told to; the sentence says why."""


def collect_seldom() -> None:
    """Let Python look for cycles after 10,000 new objects instead of 700: read models are built a seventh faster."""
    gc.set_threshold(10_000, 10, 10)


def run_of(name: str) -> Run:
    """The service's `run`; imported only now, for some take long to import."""
    run: Run = importlib.import_module(MODULES[name]).run
    return run


@dataclass(frozen=True, slots=True)
class Running:
    """A service in its task."""

    name: str
    task: asyncio.Task[None]
    ready: asyncio.Event
    stop: asyncio.Event

    @classmethod
    def begin(cls, name: str, run: Run, settings: Settings) -> "Running":
        """Start it in a task of its own."""
        ready, stop = asyncio.Event(), asyncio.Event()

        async def serve() -> None:
            await run(settings, ready=ready.set, stop=stop)

        return cls(name, asyncio.create_task(serve(), name=name), ready, stop)

    async def until_ready(self) -> None:
        """Wait until it serves. Raises `ServiceEnded` when it ends instead."""
        waiting = asyncio.create_task(self.ready.wait())
        try:
            await asyncio.wait((waiting, self.task), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not self.ready.is_set():
            raise self.ended()

    def ended(self) -> ServiceEnded:
        """Why it ended, when nobody had told it to."""
        problem = None if self.task.cancelled() else self.task.exception()
        if problem is None:
            return ServiceEnded(f"The {self.name} service ended by itself.")
        logger.error("%s ended", self.name, exc_info=problem)
        return ServiceEnded(f"The {self.name} service ended: {sentence(problem)}")

    async def drain(self) -> bool:
        """Let it finish what it has begun; whether it ended in time and without a problem."""
        self.stop.set()
        done, _ = await asyncio.wait((self.task,), timeout=DRAIN_SECONDS)
        if not done:
            logger.error("%s didn't finish within %g s", self.name, DRAIN_SECONDS)
            self.task.cancel()
            await asyncio.wait((self.task,), timeout=1.0)
            return False
        if not self.task.cancelled() and (problem := self.task.exception()) is not None:
            logger.error("%s could not finish", self.name, exc_info=problem)
            return False
        return True


async def first_to_end(services: list[Running], stop: asyncio.Event) -> Running | None:
    """The first service that ends, or None when `stop` was set before."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((stopping, *(each.task for each in services)), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    return None if stop.is_set() else next(each for each in services if each.task.done())


def sentence(problem: BaseException) -> str:
    """The innermost first problem in words."""
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    text = str(problem) or "it is not said why"
    known = type(problem).__module__.startswith("services.")
    return (text if known else f"{type(problem).__name__}: {text}").rstrip(".") + "."
