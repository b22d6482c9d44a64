"""Groups and direct chats: the thread, and writing into it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from contracts.facts.message import MessagePosted
from contracts.queries import GroupRow, Groups, Messages
from services.web.directory import named
from services.web.rendering import new_id
from services.web.shell import group_name, page, part
from services.web.thread import message_context
from services.web.visitor import Signed

PAGE = 60

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/")
async def first(request: Request, visitor: Signed) -> Response:
    """The group with the newest message."""
    found: Groups = await visitor.ask("groups")
    open_groups = [one for one in found.groups if not one.archived and one.use != "assistant"]
    if not open_groups:
        return RedirectResponse("/assistant", status_code=303)
    return RedirectResponse(f"/groups/{open_groups[0].id}", status_code=303)


@router.get("/groups/{id}")
async def thread(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """One group."""
    visitor.house.rooms.open(f"group:{id}")
    group, messages, everybody = await asyncio.gather(
        visitor.ask("group", group=id),
        visitor.ask("messages", group=id, limit=PAGE),
        visitor.house.directory.everybody(),
    )
    found: GroupRow = group
    rows: Messages = messages
    marks = await asyncio.to_thread(visitor.house.desk.marks, visitor.person.id)
    draft = await asyncio.to_thread(visitor.house.desk.draft, visitor.person.id, id)
    if rows.messages:
        await asyncio.to_thread(visitor.house.desk.mark, visitor.person.id, id, rows.messages[-1].position)
    members = [named(everybody, one) for one in found.members]
    other = next((one for one in members if one.member != visitor.actor), None) if found.use == "direct" else None
    return await page(
        request, visitor, "chat.html",
        **message_context(rows.messages, everybody, (visitor.language, visitor.zone)) | {
            "group": found, "title": group_name(visitor, found, everybody), "other": other, "members": members,
            "unread_after": marks.get(id), "draft": draft,
        },
    )  # fmt: skip


@router.post("/groups/{id}/messages")
async def say(
    request: Request, visitor: Signed, id: str, text: Text, fact: Annotated[str, Form(alias="id")] = ""
) -> Response:
    """Say something; it comes back to everyone by the stream."""
    if text.strip():
        await visitor.report(MessagePosted(group=id, text=text.replace("\r\n", "\n")), id=fact or new_id())
        await asyncio.to_thread(visitor.house.desk.keep_draft, visitor.person.id, id, "")
    if not request.headers.get("hx-request"):
        return RedirectResponse(f"/groups/{id}", status_code=303)
    group: GroupRow = await visitor.ask("group", group=id)
    everybody = await visitor.house.directory.everybody()
    return part(
        request, visitor, "parts/composer.html", group=group, title=group_name(visitor, group, everybody), draft=""
    )


@router.get("/nav")
async def nav(request: Request, visitor: Signed, path: str = "/") -> HTMLResponse:
    """The sidebar, as it is now."""
    from services.web.shell import navigation

    return part(request, visitor, "parts/side.html", nav=await navigation(visitor), path=path)
