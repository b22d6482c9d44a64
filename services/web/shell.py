"""The frame around every page: navigation with what is new, and how a page or a part of one is answered."""

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from contracts.queries import Compilations, GroupRow, Groups, Notices, Proposals, Unread
from services.web.directory import Named, named
from services.web.rendering import answer, render
from services.web.visitor import STUDIO, Visitor


@dataclass(frozen=True, slots=True)
class Place:
    """A group in the navigation."""

    id: str
    name: str
    use: str
    other: Named | None
    unread: int
    mentions: int


@dataclass(frozen=True, slots=True)
class Navigation:
    """What the sidebar shows. `running`: so many compilations."""

    groups: list[Place]
    direct: list[Place]
    notices: int
    proposals: int
    running: int


async def navigation(visitor: Visitor) -> Navigation:
    """The sidebar of this person now."""
    marks = await asyncio.to_thread(visitor.house.desk.marks, visitor.person.id)
    groups, unread, notices, proposals, running, everybody = await asyncio.gather(
        visitor.ask("groups"), visitor.ask("unread", marks=marks), visitor.ask("notices", limit=1),
        _proposals(visitor), _running(visitor), visitor.house.directory.everybody(),
    )  # fmt: skip
    found: Groups = groups
    counts: Unread = unread
    told: Notices = notices
    fresh = {one.group: one for one in counts.groups}
    places = [
        Place(
            id=one.id,
            name=group_name(visitor, one, everybody),
            use=one.use,
            other=_other(visitor, one, everybody),
            unread=fresh[one.id].unread if one.id in fresh else 0,
            mentions=fresh[one.id].mentions if one.id in fresh else 0,
        )
        for one in found.groups
        if not one.archived and one.use != "assistant"
    ]
    return Navigation(
        groups=[one for one in places if one.use == "group"],
        direct=[one for one in places if one.use == "direct"],
        notices=told.unread,
        proposals=proposals,
        running=running,
    )


def group_name(visitor: Visitor, group: GroupRow, everybody: dict[str, Named] | Any) -> str:
    """A group's name in the visitor's language; of a direct chat, the other's name."""
    other = _other(visitor, group, everybody)
    return other.called(visitor.language) if other else group.names.get(visitor.language) or group.name


async def page(request: Request, visitor: Visitor, template: str, status: int = 200, /, **context: Any) -> HTMLResponse:
    """A whole page in its frame."""
    side = await navigation(visitor)
    said = [
        Markup(render(name, visitor.language, given | {"zone": visitor.zone}))  # noqa: S704  # a template of ours
        for name, given in visitor.house.toasts.take(visitor.session.digest)
    ]
    return part(request, visitor, template, status, nav=side, toasts=said, **context)


def part(
    request: Request, visitor: Visitor, template: str, status: int = 200, /, headers: dict[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:  # fmt: skip
    """A part of a page, without the frame."""
    common = {
        "visitor": visitor, "zone": visitor.zone, "theme": visitor.theme, "path": request.url.path,
        "studio": visitor.has(*STUDIO), "demo": visitor.house.demo,
    }  # fmt: skip
    return answer(template, visitor.language, common | context, status, headers)


async def _proposals(visitor: Visitor) -> int:
    if not visitor.has("trainer"):
        return 0
    found: Proposals = await visitor.ask("proposals", limit=100)
    return len(found.proposals)


async def _running(visitor: Visitor) -> int:
    if not visitor.has(*STUDIO):
        return 0
    found: Compilations = await visitor.ask("open_compilations")
    return sum(one.status != "queued" and not one.deletion_requested for one in found.compilations)


def _other(visitor: Visitor, group: GroupRow, everybody: Any) -> Named | None:
    if group.use != "direct":
        return None
    members = [one for one in group.members if one != visitor.actor] or list(group.members)
    return named(everybody, members[0])
