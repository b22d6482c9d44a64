"""The command line's connection to the running system."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

from contracts import subjects
from contracts.identifiers import OWNER, SERVICES
from services.bus.client import Bus, BusUnreachable, NoReply
from services.bus.endpoint import Endpoint, NotRunning, read_endpoint
from services.bus.plain import Plain
from services.cli.failures import Broken
from services.settings import default_home

T = TypeVar("T")


class Client(Plain):
    """Speaks as `module` for `actor`, and waits for what happens."""

    @asynccontextmanager
    async def growing(self) -> AsyncIterator[Callable[[float], Awaitable[None]]]:
        """Gives `wait(seconds)`, which returns early when the log has grown since the last wait."""
        grown = asyncio.Event()

        async def wait(seconds: float) -> None:
            try:
                await asyncio.wait_for(grown.wait(), seconds)
            except TimeoutError:
                return
            finally:
                grown.clear()

        async def on_hint(_: object) -> None:
            grown.set()

        subscription = await self.bus.nc.subscribe(subjects.HINT, cb=on_hint)
        try:
            yield wait
        finally:
            await subscription.unsubscribe()


def talk(
    home: Path | None, work: Callable[[Client], Awaitable[T]], *, person: str | None = None, module: str | None = None
) -> T:
    """Connect to the system that runs in `home`, do the work, disconnect. Raises `Broken` when nothing runs there."""

    async def run() -> T:
        async with connected(home, person=person, module=module) as client:
            return await work(client)

    return asyncio.run(run())


@asynccontextmanager
async def connected(
    home: Path | None, *, person: str | None = None, module: str | None = None
) -> AsyncIterator[Client]:
    """A client while the context is open. As another module it uses the login of the machine's owner."""
    where, endpoint = endpoint_of(home)
    user = "owner" if module and module != "cli" else "cli"
    login = endpoint.users.get(user)
    if login is None:
        raise Broken(f"{where / 'endpoint.json'} holds no login for {user}; make it anew.")
    try:
        bus = await Bus.connect(login, name="cli", timeout=10.0, refused=3.0)
    except BusUnreachable as problem:
        raise Broken(f"{problem} Start it with: apprentice up --home {where}") from problem
    try:
        yield Client(bus, module or "cli", _actor(person, module))
    except NoReply as problem:
        raise Broken(str(problem)) from problem
    finally:
        with suppress(OSError):  # the bus may have gone meanwhile
            await bus.close()


def endpoint_of(home: Path | None) -> tuple[Path, Endpoint]:
    """The home folder, and what runs there. Raises `Broken` when nothing does."""
    where = (home or default_home()).expanduser().resolve()
    try:
        return where, read_endpoint(where)
    except NotRunning as problem:
        raise Broken(f"{problem}") from problem


def _actor(person: str | None, module: str | None) -> str:
    if person is not None:
        return person if ":" in person else f"person:{person}"
    if module in (None, "cli", "web"):
        return OWNER
    return f"service:{module}" if module in SERVICES else f"module:{module}"
