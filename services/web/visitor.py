"""Who looks at a page: the signed-in person, in their language and time zone, with their hands and eyes.

A page asks queries and reports facts as this person and has no other way to do either, so roles hold here as they do
everywhere else.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends, Request

from contracts.facts import Fact
from contracts.facts.person import RoleName
from contracts.queries import PersonRow
from contracts.replies import Accepted
from services.bus.client import Bus
from services.bus.reporting import new_fact
from services.refusals import Refused
from services.web.asking import MODULE
from services.web.house import House
from services.web.languages import chosen, translations
from services.web.sessions import Session

PLAIN_COOKIE: Final = "apprentice"
HOST_COOKIE: Final = "__Host-apprentice"
STUDIO: Final[tuple[RoleName, ...]] = ("trainer", "administrator", "auditor")
"""Who sees the studio; what they may change there is decided by the rules."""


class SignedOut(Exception):
    """Nobody is signed in; the page is for people who are."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person at one page."""

    person: PersonRow
    session: Session
    language: str
    zone: ZoneInfo
    theme: str
    house: House
    answered: list[int] = field(default_factory=list)
    """Positions that the answers of this request stand for."""

    @property
    def since(self) -> int:
        """All that this request was answered holds at least what came until this position; a page's stream tells the rest."""
        return min(self.answered, default=0)

    @property
    def actor(self) -> str:
        """As facts name them."""
        return f"person:{self.person.id}"

    @property
    def look(self) -> tuple[str, ZoneInfo, bool]:
        """How messages are drawn for them; many people share one look."""
        return self.language, self.zone, self.has(*STUDIO)

    @property
    def bus(self) -> Bus:
        """The web's connection."""
        return self.house.bus

    def has(self, *roles: RoleName) -> bool:
        """Whether they have one of the roles. Administrators may teach."""
        mine = set(self.person.roles) | ({"trainer"} if "administrator" in self.person.roles else set())
        return bool(mine & set(roles))

    def need(self, *roles: RoleName) -> None:
        """Raises `Refused`: `role_needed`."""
        if not self.has(*roles):
            raise Refused("role_needed", self.text("This page needs another role; ask an administrator."))

    def text(self, message: str) -> str:
        """A sentence of ours in their language."""
        return translations(self.language).gettext(message)

    def texts(self, one: str, many: str, number: int) -> str:
        """The same with a number in it."""
        return translations(self.language).ngettext(one, many, number)

    async def ask(self, query: str, /, **data: Any) -> Any:
        """The answer to a query now, as this person may see it. Raises `Refused`, `NoReply`."""
        return (await self.ask_at(query, **data))[1]

    async def ask_at(self, query: str, /, **data: Any) -> tuple[int, Any]:
        """The same with the position that the answer stands for."""
        position, answer = await self.bus.query(query, data, module=MODULE, actor=self.actor)
        self.answered.append(position)
        return position, answer

    async def ask_as_of(self, position: int, query: str, /, **data: Any) -> Any:
        """The answer as of a position of the past."""
        return (await self.bus.query(query, data, module=MODULE, actor=self.actor, at=position))[1]

    async def report(
        self,
        fact: Fact,
        *,
        subject: str | None = None,
        id: str | None = None,
        revision: int | None = None,
        dry: bool = False,
    ) -> Accepted:
        """Report a fact as this person. `id`: a form's, so that sending it twice counts once. `dry`: only try it.

        Raises `Refused`, `NoReply`.
        """
        envelope = new_fact(fact, module=MODULE, actor=self.actor, subject=subject, id=id)
        return await self.bus.report(envelope, expected_revision=revision, dry=dry)


def cookie_name(request: Request) -> str:
    """`__Host-` where the connection is encrypted; loopback without TLS can't have it."""
    return HOST_COOKIE if is_encrypted(request) else PLAIN_COOKIE


def is_encrypted(request: Request) -> bool:
    """Whether the browser speaks TLS, to us or to a proxy before us."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"


def house_of(request: Request) -> House:
    """What the pages stand on."""
    house: House = request.app.state.house
    return house


async def visitor_of(request: Request) -> Visitor | None:
    """Who is signed in, if somebody is."""
    house, token = house_of(request), request.cookies.get(cookie_name(request), "")
    session = await asyncio.to_thread(house.sessions.find, token) if token else None
    if session is None:
        return None
    person = await house.person(session.person)
    if person is None or person.erased:
        return None
    return Visitor(
        person=person,
        session=session,
        language=chosen([person.language], request.headers.get("accept-language", "")),
        zone=zone_of(request),
        theme=theme_of(request),
        house=house,
    )


async def signed_in(request: Request) -> Visitor:
    """Who is signed in. Raises `SignedOut`."""
    visitor = await visitor_of(request)
    if visitor is None:
        raise SignedOut
    return visitor


Signed = Annotated[Visitor, Depends(signed_in)]
"""A page's parameter: it is for people who are signed in."""


def zone_of(request: Request) -> ZoneInfo:
    """The browser's time zone, which a script of ours keeps in a cookie; else UTC."""
    try:
        return ZoneInfo(request.cookies.get("zone", "UTC")[:64])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def theme_of(request: Request) -> str:
    """`light` or `dark` if somebody chose, else as the device has it."""
    theme = request.cookies.get("theme", "")
    return theme if theme in ("light", "dark") else ""
