"""Embedded mode: the bus, every service and the embedded provider in one process, from one home folder."""

import asyncio
import dataclasses
import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from services.bus.client import BusUnreachable, NoReply
from services.bus.endpoint import Endpoint, remove_endpoint, write_endpoint
from services.bus.provisioning import ProvisioningRefused, provision
from services.bus.server import EmbeddedServer, ServerFailed
from services.first_start import prepare, sign_in_link
from services.home import HomeFailed, locked, master_key, opened, write_log
from services.http_server import PortTaken
from services.refusals import Refused
from services.running import Running, ServiceEnded, collect_seldom, first_to_end, run_of
from services.settings import Settings, SettingWrong, default_home

logger = logging.getLogger(__name__)

FIRST_START: Final = "first-start"
"""Stands in the home folder until its first start is over."""
DEMO: Final = "demo"
"""Stands in the home folder of a demo company, whose people anybody here may be."""
LOOK_SECONDS: Final = 1.0
TRY: Final = ("models", "status", "history")
TRY_DEMO: Final = ("models", 'ask "AI Marketing Assistant" "How often do we post on Instagram?"')
SHARED: Final = dict.fromkeys(
    ("APPRENTICE_LOG_URL", "APPRENTICE_KEYS_URL", "APPRENTICE_READ_MODELS_URL", "APPRENTICE_WEB_URL"), ""
)
"""The databases of a system that runs apart aren't ours, though their addresses may stand in the environment."""
Failures: Final = (
    HomeFailed, ServerFailed, ServiceEnded, SettingWrong, PortTaken, ProvisioningRefused, BusUnreachable, NoReply, Refused,
)  # fmt: skip


def start(home: Path, *, port: int, demo: bool, sandbox: bool = False) -> int:
    """Run everything until Ctrl-C or SIGTERM. 0 when all was drained, 1 with a sentence otherwise."""
    began = time.monotonic()
    collect_seldom()
    try:
        home = opened(home)
        with locked(home):
            write_log(home)
            settings = Settings.read(os.environ | SHARED, home)
            key = master_key(home, settings.master_key)
            settings = dataclasses.replace(
                settings, http_port=port, master_key=key, sandbox=sandbox or settings.sandbox
            )
            if not (home / "log.db").exists():
                (home / FIRST_START).write_text(DEMO if demo else "", encoding="utf-8")
                if demo:
                    (home / DEMO).touch()
            settings = dataclasses.replace(settings, demo=(home / DEMO).exists())
            server = EmbeddedServer.start(home)
            try:
                return asyncio.run(_Up(server, settings, began).run())
            finally:
                remove_endpoint(home)
                server.stop()
    except Failures as problem:
        logger.error("ended", exc_info=problem)
        sys.stderr.write(f"{problem}\n")
        return 1


class _Up:
    """What runs, in the order in which it was started."""

    def __init__(self, server: EmbeddedServer, settings: Settings, began: float) -> None:
        self._server = server
        self._settings = settings
        self._began = began
        self._services: list[Running] = []
        self._stop = asyncio.Event()
        self._urls: dict[str, str] = {}

    async def run(self) -> int:
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, self._on_signal)
        watching = Running.begin("nats-server", self._watch_bus, self._settings)
        try:
            await self._start()
            ended = await first_to_end([watching, *self._services], self._stop)
            if ended is not None:
                raise ended.ended()
        finally:
            watching.task.cancel()
            drained = await self._drain()
        _say(f"Stopped; everything is kept in {self._settings.home}\n")
        return 0 if drained else 1

    def _on_signal(self) -> None:
        if self._stop.is_set():
            os._exit(1)  # asked twice: what is durable is durable, the next start goes on from there
        self._stop.set()
        _say("\nStopping ...\n" if sys.stdout.isatty() else "Stopping ...\n")

    async def _start(self) -> None:
        """The provider and commands first: the one has the address that others need, the other makes the log."""
        provisioned = asyncio.create_task(provision(self._server.logins["provisioning"]))
        await self._begin("embedded-provider", http_port=0)
        await provisioned
        await self._begin("commands")
        await self._begin("projections")
        await asyncio.gather(self._begin("compiler"), self._begin("chat"), self._begin("web"))
        if self._stop.is_set():
            return
        home = self._settings.home
        first = (home / FIRST_START).exists()
        loaded = await self._prepare()
        link = await sign_in_link(self._server.logins["cli"]) if first else ""
        write_endpoint(home, self._endpoint())
        _tell(home, self._urls | {"bus": self._server.url}, loaded, link, time.monotonic() - self._began)

    async def _begin(self, name: str, http_port: int | None = None) -> None:
        if self._stop.is_set():
            return
        user = name if name in self._server.logins else "cli"
        settings = dataclasses.replace(
            self._settings,
            login=self._server.logins[user],
            embedded_provider_url=self._urls.get("provider", ""),
            http_port=self._settings.http_port if http_port is None else http_port,
        )
        run = await asyncio.to_thread(run_of, name)
        if name in ("web", "embedded-provider"):
            run = partial(run, listening=partial(self._urls.__setitem__, name.removeprefix("embedded-")))
        if name == "compiler":
            run = partial(run, alone=True)  # the home's lock proves that no other compiler runs
        service = Running.begin(name, run, settings)
        self._services.append(service)
        await service.until_ready()

    async def _prepare(self) -> str | None:
        """A home's first start is over when its mark is gone: one that was interrupted is taken up again."""
        mark = self._settings.home / FIRST_START
        if not mark.exists():
            return None
        text = await asyncio.to_thread(mark.read_text, encoding="utf-8")
        loaded = await prepare(self._settings, self._server.logins["cli"], demo=text == DEMO)
        await asyncio.to_thread(mark.unlink)
        return loaded

    async def _drain(self) -> bool:
        """In the reverse order, so that what still reports or asks finds who answers; the bus goes last."""
        drained = True
        for service in reversed(self._services):
            drained = await service.drain() and drained
        return drained

    async def _watch_bus(self, settings: Settings, *, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Start the nats-server again when it has died; every client comes back to the same port by itself.

        Raises `ServerFailed` when that port is somebody else's now. Whatever else hinders it may pass: it is tried again.
        """
        ready()
        while not stop.is_set():
            await asyncio.sleep(LOOK_SECONDS)
            if not self._server.alive:
                logger.error("nats-server has ended and is started again")
                await asyncio.to_thread(self._server.until_port_is_free)
                try:
                    self._server.spawn()  # here and not in a thread that ends, with which it would end as well
                    await asyncio.to_thread(self._server.await_ready)
                except (ServerFailed, OSError) as problem:
                    logger.error("nats-server can't be started now: %s", problem)

    def _endpoint(self) -> Endpoint:
        return Endpoint(
            pid=os.getpid(),
            nats=self._server.url,
            users={name: self._server.logins[name] for name in ("cli", "owner")},
            http=self._urls["web"],
            provider=self._urls["provider"],
            started_at=datetime.now(UTC).isoformat(),
        )


def _tell(home: Path, urls: dict[str, str], loaded: str | None, link: str, seconds: float) -> None:
    """Where everything is, and what to try next."""
    command = "apprentice" if shutil.which("apprentice") else os.path.relpath(sys.argv[0])
    there = "" if home == default_home().resolve() else f" --home {home}"
    lines = [f"Apprentice is running, ready in {seconds:.1f} s.", ""]
    lines += [f"  {name:<9} {value}" for name, value in (("home", str(home)), *urls.items())]
    lines += ["", f"The demo company {loaded} is loaded."] if loaded else []
    if link:
        lines += ["", "Open this; it signs you in once, within a day:", "", f"  {link}"]
    else:
        lines += ["", f"Open {urls['web']}; a link that signs you in makes: {command} link{there}"]
    lines += ["", "Or try in another terminal:"]
    lines += [f"  {command} {each}{there}" for each in (TRY_DEMO if loaded else TRY)]
    lines += ["", "Ctrl-C stops it; nothing is lost.", ""]
    _say("\n".join(lines))


def _say(text: str) -> None:
    """Whoever read what we say may be gone, as in `apprentice up | head`; that ends nothing and hinders no stopping."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
