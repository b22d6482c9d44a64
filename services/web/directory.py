"""Everybody's name: people, and assistants by their virtual users. Asked once and kept until one changes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from contracts.queries import Models, People
from services.bus.client import Bus
from services.web.asking import ACTOR, MODULE

TRIES: Final = 3
"""How often everybody is asked for when somebody changes again and again meanwhile; then the next page asks anew."""


@dataclass(frozen=True, slots=True)
class Named:
    """How somebody who takes part in chats is shown. `model` and `version` are an assistant's. `joins`: may be added to
    groups, unlike who was erased, archived, or is somebody's own assistant."""

    member: str
    name: str
    names: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    version: int | None = None
    roles: tuple[str, ...] = ()
    erased: bool = False
    joins: bool = True

    @property
    def bot(self) -> bool:
        """Assistants are squares, people are circles."""
        return self.model is not None or self.member.startswith("virtual_user:")

    def called(self, language: str) -> str:
        """The name in this language."""
        return self.names.get(language) or self.name


class Directory:
    """Names by member: `person:<id>`, `virtual_user:<id>`, `module:<name>`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._known: dict[str, Named] | None = None
        self._changes = 0
        self._asking = asyncio.Lock()

    def forget(self) -> None:
        """Somebody's name, role or active version has changed."""
        self._known = None
        self._changes += 1

    async def everybody(self) -> Mapping[str, Named]:
        """Everybody by member. What changed while it was asked may be missing in the answer, which isn't kept then."""
        async with self._asking:
            if self._known is not None:
                return self._known
            for _ in range(TRIES):
                before = self._changes
                found = await self._ask()
                if self._changes == before:
                    self._known = found
                    break
            return found

    async def one(self, member: str) -> Named:
        """One of them; whoever isn't known is shown by what follows the colon."""
        return named(await self.everybody(), member)

    async def _ask(self) -> dict[str, Named]:
        people: People = (await self._bus.query("people", {}, module=MODULE, actor=ACTOR))[1]
        models: Models = (await self._bus.query("models", {"archived": True}, module=MODULE, actor=ACTOR))[1]
        found = {
            f"person:{one.id}": Named(
                f"person:{one.id}", one.name, roles=tuple(one.roles), erased=one.erased, joins=not one.erased
            )
            for one in people.people
        }
        for one in models.models:
            if one.virtual_user is not None:
                member = f"virtual_user:{one.virtual_user}"
                version = one.active.version if one.active else None
                joins = one.use != "personal" and not one.archived
                found[member] = Named(member, one.name, one.names, one.id, version, joins=joins)
        return found


def named(everybody: Mapping[str, Named], member: str) -> Named:
    """The entry of this member, or one made of the id."""
    return everybody.get(member) or Named(member, member.partition(":")[2] or member)
