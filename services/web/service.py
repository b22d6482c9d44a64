"""The web service: pages, their live updates, /healthz, /readyz and /metrics."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from contracts.identifiers import OWNER
from contracts.queries import Query, Shape, SignInLink, SignInLinkWanted
from services.asking import wanted_of
from services.bus.client import Bus, BusUnreachable
from services.bus.serving import Serving
from services.cancelling import end
from services.http_server import serve_http
from services.refusals import Refused
from services.settings import Secret, Settings
from services.waiting import first_set
from services.web.app import application
from services.web.asking import ACTOR, MODULE
from services.web.bringing import Imports
from services.web.database import open_database
from services.web.desk import Desk
from services.web.directory import Directory
from services.web.house import House
from services.web.live.following import Following
from services.web.live.rooms import Rooms
from services.web.live.streaming import Streaming
from services.web.live.typing import Typing
from services.web.passwords import Passwords
from services.web.sessions import Sessions
from services.web.toasts import Toasts


async def run(
    settings: Settings,
    *,
    ready: Callable[[], None],
    stop: asyncio.Event,
    listening: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until `stop` is set. `listening` is told the address, such as `http://127.0.0.1:8760`."""
    bus = await Bus.connect(settings.login, name="web")
    engine = await asyncio.to_thread(open_database, settings.web_url)
    address = settings.web_address
    rooms, directory = Rooms(), Directory(bus)
    typing = Typing(bus, rooms, directory)
    folder = TemporaryDirectory(prefix="apprentice-imports-")
    house = House(
        bus=bus, sessions=Sessions(engine), passwords=Passwords(engine), desk=Desk(engine),
        directory=directory, rooms=rooms, typing=typing, toasts=Toasts(), demo=settings.demo,
        imports=Imports(bus, Path(folder.name)), origin=lambda: address, secrets=_secrets(settings),
    )  # fmt: skip
    app = application(house, lambda: bus.nc.is_connected and not stop.is_set())

    def on_port(port: int) -> None:
        nonlocal address
        address = address or f"http://{settings.http_host}:{port}"
        listening(f"http://{settings.http_host}:{port}")
        ready()

    links = _Links(house)
    asked = Serving(bus, "sign_in_link", links.answer)
    ended = asyncio.Event()
    try:
        await asked.open("web")
        await Streaming(bus, rooms, directory).open()
        await typing.open()
        async with asyncio.TaskGroup() as tasks:
            followed = asyncio.Event()
            following = tasks.create_task(Following(bus, house.rooms, house.directory).run(followed.set))
            await followed.wait()
            serving = tasks.create_task(
                serve_http(app, settings.http_host, settings.http_port, listening=on_port, stop=ended)
            )
            watching = tasks.create_task(first_set(stop, bus.lost))
            await asyncio.wait((serving, watching), return_when=asyncio.FIRST_COMPLETED)
            house.rooms.close()
            ended.set()
            await end((watching, following))
    finally:
        await house.imports.close()
        folder.cleanup()
        await asked.close()
        await bus.close()
        engine.dispose()
    if bus.lost.is_set():
        raise BusUnreachable("The connection to the bus has ended for good.")


class _Links:
    """Answers the query `sign_in_link`: for the machine's owner at the command line, and for administrators."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def answer(self, module: str, query: Query) -> tuple[int, Shape]:
        """A link that signs a person in once."""
        wanted = wanted_of(SignInLinkWanted, "sign_in_link", query)
        asker = await self._house.person(query.actor.removeprefix("person:")) if module == "cli" else None
        if asker is None or ("administrator" not in asker.roles and query.actor != OWNER):
            raise Refused("role_needed", "Only administrators, at the command line, make links for others to sign in.")
        position, found = await self._house.bus.query("sign_in", {"login": wanted.person}, module=MODULE, actor=ACTOR)
        if found.person is None:
            raise Refused("unknown_person", f"Nobody here is called {wanted.person}.", {"person": "unknown"})
        token = await asyncio.to_thread(self._house.sessions.new_link, found.person)
        return position, SignInLink(person=found.person, url=f"{self._house.origin()}/welcome/{token}")


def _secrets(settings: Settings) -> dict[str, Secret] | None:
    """Names and hosts. A service of its own that has no secrets file can't tell which there are elsewhere."""
    if not settings.secrets and settings.health_port is not None:
        return None
    return {name: Secret("", secret.hosts) for name, secret in settings.secrets.items()}
