"""Who asks a query, and what they may see."""

import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from contracts.facts.person import RoleName
from contracts.identifiers import SERVICES, SPEAKERS
from services.projections.tables import person
from services.refusals import Refused

WEB: Final = "service:web"

STUDIO: Final[tuple[RoleName, ...]] = ("administrator", "trainer", "auditor")
"""The roles that see what models are made of."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A person with roles, a module, or a service."""

    actor: str
    roles: frozenset[str]
    assistant: str | None = None
    """The model that is the person's own."""

    @property
    def service(self) -> bool:
        """Whether one of our own services asks."""
        return self.actor.startswith("service:")

    def need(self, *roles: str) -> None:
        """Raises `Refused`: `role_needed` for people without one of the roles."""
        if self.actor.startswith("person:") and not self.roles & set(roles):
            raise Refused("role_needed", f"This needs the role {' or '.join(roles)}; ask an administrator.")

    @property
    def studio(self) -> bool:
        """Whether this is a person who teaches, administers or audits; services and modules aren't persons."""
        return bool(self.roles & set(STUDIO))

    def sees_lessons_of(self, model: str, use: str) -> bool:
        """Whether the lessons of this model may be shown: those of a personal one are its person's alone."""
        return self.service or use != "personal" or self.assistant == model

    def sees_model(self, model: str, use: str) -> bool:
        """Whether the model is there at all: a personal one for its person, and for administrators, who look after it."""
        return "administrator" in self.roles or self.sees_lessons_of(model, use)

    def among(self, members: list[str]) -> bool:
        """Whether the group's messages may be seen."""
        return self.service or self.actor in members


def speaker_of(module: str, actor: str) -> Asker | None:
    """Who asks, as far as the bus vouches for it; None for a person, who is still to be looked up.

    Raises:
        Refused: `forged_actor`.
    """
    if module not in SPEAKERS:
        return Asker(f"service:{module}" if module in SERVICES else f"module:{module}", frozenset())
    if module == "web" and actor == WEB:
        return Asker(WEB, frozenset())  # who signs in isn't known yet, and what is shown to a whole room is asked once
    if not actor.startswith("person:"):
        raise Refused("forged_actor", f"{module} asks for people only.", {"actor": "must be person:<id>"})
    return None


def asker_of(module: str, actor: str, chat: Connection) -> Asker:
    """The actor that the bus vouches for: only `web` and `cli` may name a person.

    Raises:
        Refused: `forged_actor` or `unknown_person`.
    """
    if (speaker := speaker_of(module, actor)) is not None:
        return speaker
    id = actor.removeprefix("person:")
    found = chat.execute(select(person.c.document).where(person.c.id == id)).scalar()
    document = json.loads(found) if found else None
    if document is None or document["erased"]:
        raise Refused("unknown_person", f"Nobody here is called {id}; add the person first.", {"actor": "unknown"})
    return Asker(actor, frozenset(document["roles"]), document["assistant"])
