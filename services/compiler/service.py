"""The compiler service: takes compilations from EV, and goes on with those that a predecessor left."""

import asyncio
import json
import logging
import os
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from contracts.facts import FACTS
from contracts.queries import Compilations, Nothing
from services.bus.client import Bus, NoReply
from services.bus.nats_py import settled
from services.bus.serving import Serving
from services.bus.tail import tail
from services.cancelling import end
from services.compiler import by_itself, retirement
from services.compiler.context import Context
from services.compiler.preflight import preflight
from services.compiler.running import Running
from services.providers.choosing import Providers
from services.refusals import Refused
from services.settings import Settings

POLL = 15.0
"""Seconds between two looks at what is open, should an event be missed."""
AT_ONCE = 4
"""Compilations that package, upload or evaluate at the same time."""

logger = logging.getLogger(__name__)


class SchemaTooNew(Exception):
    """EV holds compilation facts of a newer Apprentice."""


async def run(settings: Settings, *, ready: Callable[[], None], stop: asyncio.Event, alone: bool = False) -> None:
    """Serve until `stop` is set; what runs then is gone on with by the next compiler.

    `alone`: the caller proves that no other compiler runs on this log.
    """
    bus = await Bus.connect(settings.login, name="compiler")
    # Alone it goes on under the same name: what its predecessor announced is its own and needn't be waited for.
    runner = "alone" if alone else f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    context = Context(bus, settings, Providers(settings), runner)
    compiler = _Compiler(context, alone)
    async with asyncio.TaskGroup() as tasks:
        working = [
            tasks.create_task(compiler.follow()),
            tasks.create_task(compiler.look(stop)),
            tasks.create_task(by_itself.watch(context, stop)),
            tasks.create_task(retirement.watch(context, stop)),
        ]
        asked = Serving(bus, "preflight", partial(preflight, context))
        await asked.open("compiler")
        await settled(bus.nc)
        ready()
        await stop.wait()
        await end((*working, *compiler.tasks()))
        await asked.close()
    await context.providers.close()
    await bus.close()


class _Compiler:
    def __init__(self, context: Context, alone: bool) -> None:
        self._context, self._alone = context, alone
        self._running: dict[str, tuple[Running, asyncio.Task[None]]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._looking = asyncio.Event()

    def tasks(self) -> list["asyncio.Task[None]"]:
        return [task for _, task in self._running.values()]

    async def follow(self) -> None:
        async for message in tail(self._context.bus, subjects=["ev.*.compilation.>"]):
            event = json.loads(message.data)
            _check_schema(event)
            self._wake(event["subject"])

    async def look(self, stop: asyncio.Event) -> None:
        """Start with what is open, then look now and then; the predecessor's intents matter at the first look only."""
        while not stop.is_set():
            try:
                found: Compilations = await self._context.ask("open_compilations", Nothing())
                for row in found.compilations:
                    if row.status != "queued":
                        self._wake(row.id)
                self._alone = False
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), POLL)
            except (NoReply, Refused) as problem:
                logger.warning("open compilations can't be listed now: %s", problem)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 0.5)

    def _wake(self, id: str) -> None:
        if id in self._running:
            self._running[id][0].wake()
            return
        running = Running(self._context, id, self._alone, self._places)
        task = asyncio.create_task(self._drive(running), name=f"compilation {id}")
        self._running[id] = (running, task)

    async def _drive(self, running: Running) -> None:
        try:
            await running.run()
        except Exception:
            logger.exception("compilation %s stands still and is looked at again", running.id)
        finally:
            self._running.pop(running.id, None)


def _check_schema(event: dict[str, object]) -> None:
    known = FACTS.get(str(event["type"]))
    schema = event.get("schema", 1)
    if known is None or not isinstance(schema, int) or schema > known.schema_number:
        raise SchemaTooNew(
            f"EV holds {event['type']} with schema {schema}, which this compiler doesn't know; install the newer one."
        )
