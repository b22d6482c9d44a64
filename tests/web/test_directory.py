"""The directory of names, over a real bus: what is kept is never older than what was told."""

import asyncio
from collections.abc import Callable

from contracts.queries import Models, People, PersonRow, Query
from services.bus.client import Bus
from services.bus.serving import Serving
from services.settings import Login
from services.web.directory import Directory


class Register:
    """Whoever answers who there is; its first answer is written and leaves late."""

    def __init__(self) -> None:
        self.name, self.written, self.sent, self.asked = "Ada Before", asyncio.Event(), asyncio.Event(), 0

    async def people(self, module: str, query: Query) -> tuple[int, People]:
        self.asked += 1
        ada = PersonRow(id="ada", name=self.name, language="en", roles=[], assistant=None, erased=False, revision=1)
        self.written.set()
        await self.sent.wait()
        return self.asked, People(people=[ada])

    async def models(self, module: str, query: Query) -> tuple[int, Models]:
        return self.asked, Models(models=[])


async def test_a_name_that_changes_while_it_is_asked_for_is_shown_as_it_is_now(
    bus_login: Callable[[str], Login],
) -> None:
    # given a page that asks for the names, and an answer that is on its way
    projections = await Bus.connect(bus_login("projections"), name="projections")
    web = await Bus.connect(bus_login("web"), name="web")
    register, directory = Register(), Directory(web)
    for name, answer in (("people", register.people), ("models", register.models)):
        await Serving(projections, name, answer).open("projections")
    await projections.nc.flush()
    async with asyncio.timeout(20.0):
        page = asyncio.create_task(directory.everybody())
        await register.written.wait()

        # when somebody is given another name before it comes
        register.name = "Ada After"
        directory.forget()
        register.sent.set()

        # then that page shows the new one, and so does the next, without asking again
        assert (await page)["person:ada"].name == "Ada After"
        assert (await directory.one("person:ada")).name == "Ada After"
    assert register.asked == 2
    await web.close()
    await projections.close()
