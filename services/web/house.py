"""What all pages stand on: the bus, the web's own database, the rooms of live updates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contracts.queries import PersonRow
from services.bus.client import Bus
from services.refusals import Refused
from services.settings import Secret
from services.web.asking import ACTOR, MODULE
from services.web.bringing import Imports
from services.web.desk import Desk
from services.web.directory import Directory
from services.web.live.rooms import Rooms
from services.web.live.typing import Typing
from services.web.passwords import Passwords
from services.web.sessions import Sessions
from services.web.toasts import Toasts


@dataclass(frozen=True, slots=True)
class House:
    """Made once when the service starts."""

    bus: Bus
    sessions: Sessions
    passwords: Passwords
    desk: Desk
    directory: Directory
    rooms: Rooms
    toasts: Toasts
    typing: Typing
    imports: Imports
    demo: bool
    origin: Callable[[], str]
    """Where people reach the pages, such as `https://apprentice.example`."""
    secrets: Mapping[str, Secret] | None
    """Which secrets are configured for which hosts, their values left out; None: this service isn't told."""

    async def person(self, id: str) -> PersonRow | None:
        """The person with this id."""
        try:
            row: PersonRow = (await self.bus.query("person", {"person": id}, module=MODULE, actor=ACTOR))[1]
        except Refused as refused:
            if refused.code != "unknown_person":
                raise
            return None
        return row
