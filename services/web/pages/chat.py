"""Groups and direct chats: the thread, older messages, and what is kept of it for each reader."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from contracts.queries import GroupRow, Groups, MessageRow, Messages, Unread
from services.web.directory import named
from services.web.problems import Told
from services.web.shell import group_name, navigation, page, part
from services.web.views.mentions import offered
from services.web.views.quoting import quotes
from services.web.views.thread import message_context
from services.web.visitor import Signed, Visitor

PAGE: Final = 60
MOST: Final = 200
"""Messages of one page, where more than the last ones are wanted."""
LONGEST: Final = 65_536
"""Characters of a message."""

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/")
async def first(request: Request, visitor: Signed) -> Response:
    """The group where somebody was mentioned and hasn't looked, else the one with the newest message."""
    marks = await asyncio.to_thread(visitor.house.desk.marks, visitor.person.id)
    found, unread = await asyncio.gather(visitor.ask("groups"), visitor.ask("unread", marks=marks))
    groups: Groups = found
    fresh: Unread = unread
    mentioned = {one.group for one in fresh.groups if one.mentions}
    places = [one for one in groups.groups if not one.archived and one.use != "assistant"]
    if not places:
        return RedirectResponse("/assistant", status_code=303)
    best = max(places, key=lambda one: (one.id in mentioned, one.last_position or 0))
    return RedirectResponse(f"/groups/{best.id}", status_code=303)


@router.get("/groups/{id}")
async def thread(
    request: Request, visitor: Signed, id: str, m: str | None = None, before: int | None = None
) -> Response:
    """One group. `m`: a message to show with what stands around it; `before`: what was said before a position."""
    group: GroupRow = await visitor.ask("group", group=id)
    if group.use == "assistant":
        return RedirectResponse(f"/assistant/{id}" + (f"?{request.url.query}" if request.url.query else ""), 303)
    return await thread_page(request, visitor, group, "chat.html", m, before)


async def thread_page(
    request: Request,
    visitor: Visitor,
    group: GroupRow,
    template: str,
    m: str | None,
    before: int | None,
    /,
    **more: Any,
) -> Response:
    """The page of a thread, in this template. `more`: what the template needs besides."""
    id = group.id
    visitor.house.rooms.open(f"group:{id}")
    aim: MessageRow | None = await visitor.ask("message", message=m) if m else None
    if aim is not None and aim.group != id:
        return RedirectResponse(f"/groups/{aim.group}?m={aim.id}", status_code=303)
    rows, whole = await _shown(visitor, id, aim, before)
    everybody, marks, draft = await asyncio.gather(
        visitor.house.directory.everybody(),
        asyncio.to_thread(visitor.house.desk.marks, visitor.person.id),
        asyncio.to_thread(visitor.house.desk.draft, visitor.person.id, id),
    )
    members = [named(everybody, one) for one in group.members]
    other = next((one for one in members if one.member != visitor.actor), None) if group.use == "direct" else None
    return await page(
        request, visitor, template,
        **await _context(visitor, rows) | {
            "group": group, "title": group_name(visitor, group, everybody), "other": other, "members": members,
            "unread_after": marks.get(id) if whole else None, "read": marks.get(id, 0), "draft": draft,
            "aim": aim.id if aim else "", "whole": whole, "longest": LONGEST,
        } | more,
    )  # fmt: skip


@router.get("/groups/{id}/messages")
async def messages(
    request: Request, visitor: Signed, id: str, before: int | None = None, since: int | None = None
) -> HTMLResponse:
    """The page of messages before a position, or the thread anew from a position on."""
    group: GroupRow = await visitor.ask("group", group=id)
    if since is None:
        found: Messages = await visitor.ask("messages", group=id, before=before, limit=PAGE)
        template, rows = "parts/messages_page.html", found.messages
    else:
        template, rows = "parts/messages.html", await _since(visitor, id, since)
    return part(request, visitor, template, **await _context(visitor, rows), group=group, unread_after=None)


@router.post("/groups/{id}/read")
async def read(visitor: Signed, id: str, position: Annotated[int, Form(ge=0)]) -> Response:
    """They have seen the group's messages up to here."""
    group: GroupRow = await visitor.ask("group", group=id)
    last = min(position, group.last_position or 0)
    await asyncio.to_thread(visitor.house.desk.mark, visitor.person.id, group.id, last)
    return Response(status_code=204)


@router.post("/groups/{id}/draft")
async def draft(visitor: Signed, id: str, text: Text = "") -> Response:
    """What they have begun to write is kept; the others see that they write."""
    group: GroupRow = await visitor.ask("group", group=id)
    await asyncio.to_thread(visitor.house.desk.keep_draft, visitor.person.id, group.id, text)
    if text.strip() and visitor.actor in group.members:
        await visitor.house.typing.tell(group.id, visitor.actor)
    return Response(status_code=204)


@router.get("/groups/{id}/mentions")
async def who_is_meant(request: Request, visitor: Signed, id: str, text: str = "") -> HTMLResponse:
    """Whose name begins so."""
    group: GroupRow = await visitor.ask("group", group=id)
    everybody = await visitor.house.directory.everybody()
    others = [one for one in everybody.values() if one.member != visitor.actor]
    found = offered(text, others, group.members, visitor.language)
    return part(request, visitor, "parts/mentions.html", offered=found, group=group)


@router.get("/nav")
async def nav(request: Request, visitor: Signed, path: str = "/") -> HTMLResponse:
    """The sidebar, as it is now."""
    return part(request, visitor, "parts/side.html", nav=await navigation(visitor), path=path)


async def _shown(
    visitor: Visitor, id: str, aim: MessageRow | None, before: int | None
) -> tuple[list[MessageRow], bool]:
    """The messages, and whether the newest is among them."""
    if aim is None:
        found: Messages = await visitor.ask("messages", group=id, before=before, limit=PAGE)
        return found.messages, before is None
    later, earlier = await asyncio.gather(
        visitor.ask("messages", group=id, after=aim.position - 1, limit=MOST),
        visitor.ask("messages", group=id, before=aim.position, limit=PAGE // 2),
    )
    whole = len(later.messages) < MOST and not await _more(visitor, id, later.messages)
    return [*earlier.messages, *later.messages], whole


async def _more(visitor: Visitor, id: str, rows: list[MessageRow]) -> bool:
    # A page may end before its limit because of its size.
    found: Messages = await visitor.ask("messages", group=id, after=rows[-1].position, limit=1)
    return bool(found.messages)


async def _since(visitor: Visitor, id: str, since: int) -> list[MessageRow]:
    found: Messages = await visitor.ask("messages", group=id, after=since - 1, limit=MOST)
    if found.messages and not await _more(visitor, id, found.messages):
        return found.messages
    newest: Messages = await visitor.ask("messages", group=id, limit=PAGE)
    return newest.messages


async def _context(visitor: Visitor, rows: list[MessageRow]) -> dict[str, Any]:
    async def ask(id: str) -> MessageRow:
        row: MessageRow = await visitor.ask("message", message=id)
        return row

    quoted, everybody = await asyncio.gather(quotes(rows, ask), visitor.house.directory.everybody())
    return message_context(rows, everybody, visitor.look, quoted) | {"earlier": _earlier(rows)}


def _earlier(rows: list[MessageRow]) -> int | None:
    """The first one's position, unless everything begins there: the first row of every group tells who created it."""
    if not rows or (rows[0].notice is not None and rows[0].notice.kind == "created"):
        return None
    return rows[0].position


def refused_if_too_long(visitor: Visitor, text: str) -> None:
    """Raises `Refused`: `too_long`."""
    if len(text) > LONGEST:
        sentence = visitor.text("This message has %(length)s characters; at most %(longest)s fit. Make two of it.")
        raise Told("too_long", sentence % {"length": len(text), "longest": LONGEST}, {"data.text": "too long"})
