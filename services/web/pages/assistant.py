"""My assistant: conversations that nobody but their person sees, with the person's own instructions."""

import uuid
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from contracts.facts.group import GroupArchived, GroupCreated, GroupRevised
from contracts.facts.message import MessagePosted
from contracts.queries import AssistantRow, Assistants, GroupRow, Groups
from services.refusals import Refused
from services.web import markdown
from services.web.directory import Named, named
from services.web.filling import filled
from services.web.pages.chat import refused_if_too_long, thread_page
from services.web.problems import Told, explained
from services.web.rendering import new_id
from services.web.shell import page
from services.web.visitor import Signed, Visitor

NAME: Final = 60
"""Characters of the first message by which a conversation is called."""

router = APIRouter()
Text = Annotated[str, Form()]
FormId = Annotated[str, Form(alias="id")]
Revision = Annotated[int, Form()]


@router.get("/assistant")
async def latest(visitor: Signed) -> Response:
    """The conversation in which something was said last."""
    conversations = await _conversations(visitor)
    return RedirectResponse(f"/assistant/{conversations[0].id if conversations else 'new'}", status_code=303)


@router.get("/assistant/new")
async def new(request: Request, visitor: Signed) -> HTMLResponse:
    """One that begins with the first message."""
    return await _new(request, visitor)


@router.post("/assistant")
async def begin(request: Request, visitor: Signed, text: Text = "", fact: FormId = "") -> Response:
    """Begin a conversation by saying something. Instructions are those of the one before."""
    mine = await _assistant(visitor)
    if mine is None or mine.virtual_user is None or not text.strip():
        return await _new(request, visitor, text)
    before = await _conversations(visitor)
    id = fact or new_id()
    created = filled(
        GroupCreated,
        name=" ".join(markdown.plain(text).split())[:NAME].rstrip() or text.strip()[:NAME],
        use="assistant",
        members=(visitor.actor, f"virtual_user:{mine.virtual_user}"),
        instructions=before[0].instructions if before else None,
    )
    try:
        refused_if_too_long(visitor, text)
        group = (await visitor.report(created, id=id)).subject
        first = str(uuid.uuid5(uuid.UUID(id), "first"))
        await visitor.report(MessagePosted(group=group, text=text.replace("\r\n", "\n")), id=first)
    except Refused as refused:
        return await _new(request, visitor, text, explained(visitor, refused))
    return RedirectResponse(f"/assistant/{group}", status_code=303)


@router.get("/assistant/{id}")
async def conversation(
    request: Request, visitor: Signed, id: str, m: str | None = None, before: int | None = None
) -> Response:
    """One conversation."""
    group = await _mine(visitor, id)
    everybody = await visitor.house.directory.everybody()
    other = next(one for one in group.members if one != visitor.actor)
    return await thread_page(
        request, visitor, group, "assistant.html", m, before,
        assistant=named(everybody, other), conversations=await _conversations(visitor),
    )  # fmt: skip


@router.post("/assistant/{id}/instructions")
async def instruct(
    visitor: Signed, id: str, instructions: Text = "", fact: FormId = "", revision: Revision = 0
) -> Response:
    """What the person wants it to heed."""
    wanted = instructions.replace("\r\n", "\n").strip() or None
    answer = await _revise(visitor, id, {"instructions": wanted}, fact, revision)
    visitor.house.toasts.put(visitor.session.digest, "parts/instructed_toast.html", {})
    return answer


@router.post("/assistant/{id}/name")
async def rename(visitor: Signed, id: str, name: Text = "", fact: FormId = "", revision: Revision = 0) -> Response:
    """How the conversation is called."""
    return await _revise(visitor, id, {"name": name.strip()}, fact, revision)


@router.post("/assistant/{id}/archive")
async def put_away(visitor: Signed, id: str, fact: FormId = "") -> Response:
    """It isn't listed any more; nothing is deleted."""
    await visitor.report(GroupArchived(), subject=(await _mine(visitor, id)).id, id=fact or new_id())
    return RedirectResponse("/assistant", status_code=303)


async def _revise(
    visitor: Visitor, id: str, changes: dict[str, str | None], fact: str, revision: int
) -> RedirectResponse:
    group = await _mine(visitor, id)
    try:
        await visitor.report(
            filled(GroupRevised, **changes), subject=group.id, id=fact or new_id(), revision=revision or None
        )
    except Refused as refused:
        if refused.code != "nothing_changes":
            raise
    return RedirectResponse(f"/assistant/{group.id}", status_code=303)


async def _new(request: Request, visitor: Visitor, text: str = "", problem: str = "") -> HTMLResponse:
    mine, conversations = await _assistant(visitor), await _conversations(visitor)
    shown = Named(f"virtual_user:{mine.virtual_user}", mine.name, mine.names, mine.model) if mine else None
    return await page(
        request, visitor, "assistant_new.html", 422 if problem else 200,
        assistant=shown, conversations=conversations, group=None, text=text, problem=problem,
    )  # fmt: skip


async def _mine(visitor: Visitor, id: str) -> GroupRow:
    group: GroupRow = await visitor.ask("group", group=id)
    if group.use != "assistant":
        raise Told("unknown_group", visitor.text("There is no such conversation."), {"group": "unknown"})
    return group


async def _conversations(visitor: Visitor) -> list[GroupRow]:
    """Where something was said last comes first."""
    found: Groups = await visitor.ask("groups")
    mine = [one for one in found.groups if one.use == "assistant" and not one.archived]
    return sorted(mine, key=lambda one: one.last_position or 0, reverse=True)


async def _assistant(visitor: Visitor) -> AssistantRow | None:
    """The assigned model, else the default one, if it takes part in chats."""
    found: Assistants = await visitor.ask("assistants")
    wanted = [one for one in found.assistants if one.model == visitor.person.assistant]
    wanted = wanted or [one for one in found.assistants if one.default]
    return wanted[0] if wanted and wanted[0].virtual_user else None
