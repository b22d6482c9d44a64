"""The command line's connection to the running system: facts and queries as plain JSON, judged there and not here."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from nats.errors import MaxPayloadError

from contracts import subjects
from contracts.identifiers import OWNER, SERVICES
from services.bus.client import DRY_RUN, EXPECTED_REVISION, JSON, Bus, BusUnreachable, NoReply
from services.bus.endpoint import Endpoint, NotRunning, read_endpoint
from services.cli.failures import Broken
from services.refusals import Refused
from services.settings import default_home

T = TypeVar("T")
PATIENCE = 30.0


class Client:
    """Speaks as `module` for `actor`. Replies are JSON objects as contracts/ describes them."""

    def __init__(self, bus: Bus, module: str, actor: str) -> None:
        self.bus = bus
        self.module = module
        self.actor = actor

    async def report(
        self,
        fact: str,
        data: Mapping[str, Any],
        *,
        subject: str | None = None,
        id: str | None = None,
        expected_revision: int | None = None,
        correlation: str | None = None,
        dry: bool = False,
    ) -> dict[str, Any]:
        """Report a fact as it was given; `Accepted` as JSON. `dry`: decide, record nothing. Raises `Refused`, `Broken`."""
        envelope = {
            "specversion": "1.0",
            "id": id or str(uuid.uuid4()),
            "source": f"/{self.module}",
            "type": fact,
            "time": datetime.now(UTC).isoformat(),
            "actor": self.actor,
            "data": data,
        }
        envelope |= {
            name: one for name, one in (("subject", subject), ("correlationid", correlation)) if one is not None
        }
        headers = JSON if expected_revision is None else JSON | {EXPECTED_REVISION: str(expected_revision)}
        headers = headers | {DRY_RUN: "1"} if dry else headers
        return await self._ask(subjects.cmd(self.module, fact), envelope, headers, PATIENCE, attempts=2)

    async def query(
        self, name: str, data: Mapping[str, Any], *, at: int | str | None = None, timeout: float = PATIENCE
    ) -> dict[str, Any]:
        """The data of the answer. Raises `Refused`, `Broken`."""
        return (await self.query_at(name, data, at=at, timeout=timeout))[1]

    async def query_at(
        self, name: str, data: Mapping[str, Any], *, at: int | str | None = None, timeout: float = PATIENCE
    ) -> tuple[int, dict[str, Any]]:
        """The position that the answer stands for, and its data. Raises `Refused`, `Broken`."""
        body = {"actor": self.actor, "data": data} | ({} if at is None else {"at": at})
        reply = await self._ask(subjects.qry(self.module, name), body, JSON, timeout)
        return reply["position"], reply["data"]

    async def _ask(
        self, subject: str, body: Mapping[str, Any], headers: Mapping[str, str], timeout: float, attempts: int = 1
    ) -> dict[str, Any]:
        sent = json.dumps(body).encode()  # ASCII: half characters, too, come to reception, which says what is wrong
        try:
            message = await self.bus.request(subject, sent, headers=headers, timeout=timeout, attempts=attempts)
        except MaxPayloadError as problem:
            raise Refused("too_large", f"A fact may have 900,000 bytes; this one has {len(sent):,}.") from problem
        except NoReply as problem:
            raise Broken(str(problem)) from problem
        reply: dict[str, Any] = json.loads(message.data)
        if refused := reply.get("refused"):
            raise Refused(refused["code"], refused["message"], refused.get("fields"))
        return reply

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
        bus = await Bus.connect(login, name="cli", timeout=3.0)
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
