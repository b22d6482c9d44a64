"""The web's application on a real bus and a database of its own, where a test answers what the pages ask."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from services.bus.client import Bus
from services.bus.serving import Answer, Serving
from services.settings import Login
from services.web.app import application
from services.web.bringing import Imports
from services.web.database import open_database
from services.web.desk import Desk
from services.web.directory import Directory
from services.web.house import House
from services.web.live.rooms import Rooms
from services.web.live.typing import Typing
from services.web.passwords import Passwords
from services.web.sessions import Sessions
from services.web.toasts import Toasts


@dataclass(frozen=True, slots=True)
class Served:
    """The house, and a browser that knows nobody yet."""

    house: House
    browser: httpx2.AsyncClient


@asynccontextmanager
async def served(folder: Path, login: Callable[[str], Login], **answers: Answer) -> AsyncIterator[Served]:
    """Pages over `answers`, by the name of the query."""
    web = await Bus.connect(login("web"), name="web")
    others = await Bus.connect(login("projections"), name="projections")
    serving = [Serving(others, name, answer) for name, answer in answers.items()]
    for one in serving:
        await one.open("projections")
    await others.nc.flush()
    engine = open_database(f"sqlite:///{folder}/web.db")
    rooms, directory = Rooms(), Directory(web)
    house = House(
        bus=web, sessions=Sessions(engine), passwords=Passwords(engine), desk=Desk(engine), directory=directory,
        rooms=rooms, toasts=Toasts(), typing=Typing(web, rooms, directory), imports=Imports(web, folder), demo=False,
        origin=lambda: "http://web", secrets={},
    )  # fmt: skip
    transport = httpx2.ASGITransport(app=application(house, lambda: True))
    try:
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://web", headers={"sec-fetch-site": "same-origin"}
        ) as browser:
            yield Served(house, browser)
    finally:
        for one in serving:
            await one.close()
        await others.close()
        await web.close()
        engine.dispose()
