"""Groups and chats of two: beginning them, and who is in."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from contracts.facts import Fact
from contracts.facts.group import GroupArchived, GroupCreated, GroupRevised, MemberJoined, MemberLeft
from contracts.queries import GroupRow, Groups
from services.refusals import Refused
from services.web.answers import by_script, lead
from services.web.directory import Named, named
from services.web.filling import filled
from services.web.problems import explained, status_of
from services.web.rendering import new_id
from services.web.shell import group_name, page, part
from services.web.visitor import Signed, Visitor

router = APIRouter()
Text = Annotated[str, Form()]
Texts = Annotated[list[str], Form()]
FormId = Annotated[str, Form(alias="id")]


@router.get("/groups/new")
async def new(request: Request, visitor: Signed) -> HTMLResponse:
    """A form for a new group, and one for a chat of two."""
    return await _new(request, visitor)


@router.post("/groups/new")
async def begin(
    request: Request, visitor: Signed, name: Text = "", topic: Text = "", answers: Text = "mentions",
    members: Texts = [], fact: FormId = "",  # noqa: B006
) -> Response:  # fmt: skip
    """A new group, with whoever begins it."""
    id = fact or new_id()
    given = {"name": name.strip(), "topic": topic.strip() or None, "answers": answers}
    try:
        created = filled(GroupCreated, **given, members=tuple(dict.fromkeys([visitor.actor, *members])))
        accepted = await visitor.report(created, id=id)
    except Refused as refused:
        typed = given | {"members": members, "topic": topic, "id": id}
        return await _new(request, visitor, status_of(refused), typed, explained(visitor, refused))
    return lead(request, f"/groups/{accepted.subject}")


@router.post("/groups/direct")
async def two(request: Request, visitor: Signed, member: Text) -> Response:
    """The chat of two with this person or assistant; it begins when there is none."""
    found: Groups = await visitor.ask("groups")
    pair = {visitor.actor, member}
    there = [one for one in found.groups if one.use == "direct" and set(one.members) == pair and not one.archived]
    if there:
        return lead(request, f"/groups/{there[0].id}")
    who = named(await visitor.house.directory.everybody(), member)
    created = filled(GroupCreated, name=f"{visitor.person.name}, {who.name}"[:200], use="direct", members=tuple(pair))
    return lead(request, f"/groups/{(await visitor.report(created)).subject}")


@router.get("/groups/{id}/menu")
async def menu(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """What can be done with the group."""
    group: GroupRow = await visitor.ask("group", group=id)
    return part(request, visitor, "parts/group_menu.html", group=group)


@router.get("/groups/{id}/about")
async def about(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Its name, its topic, and when assistants answer."""
    return await _about(request, visitor, await visitor.ask("group", group=id))


@router.post("/groups/{id}/about")
async def revise(
    request: Request, visitor: Signed, id: str, name: Text, topic: Text = "", answers: Text = "mentions",
    fact: FormId = "", revision: Annotated[int, Form()] = 0,
) -> Response:  # fmt: skip
    """Change them."""
    group: GroupRow = await visitor.ask("group", group=id)
    given = {"name": name.strip(), "topic": topic.strip() or None, "answers": answers}
    changes = {field: value for field, value in given.items() if value != getattr(group, field)}
    try:
        if changes:
            await visitor.report(
                filled(GroupRevised, **changes), subject=id, id=fact or new_id(), revision=revision or None
            )
    except Refused as refused:
        newer: GroupRow = await visitor.ask("group", group=id)
        typed = newer.model_copy(update={"name": name, "topic": topic, "answers": answers})
        return await _about(request, visitor, typed, status_of(refused), explained(visitor, refused))
    return lead(request, f"/groups/{id}")


@router.get("/groups/{id}/members")
async def members(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Who is in, and who may be added."""
    return await _members(request, visitor, id)


@router.post("/groups/{id}/members/add")
async def add(request: Request, visitor: Signed, id: str, member: Text, fact: FormId = "") -> Response:
    """Somebody takes part from now on."""
    return await _changed(request, visitor, id, filled(MemberJoined, member=member), fact)


@router.post("/groups/{id}/members/remove")
async def remove(request: Request, visitor: Signed, id: str, member: Text, fact: FormId = "") -> Response:
    """Somebody takes no part any more."""
    return await _changed(request, visitor, id, filled(MemberLeft, member=member), fact)


@router.post("/groups/{id}/leave")
async def leave(request: Request, visitor: Signed, id: str, fact: FormId = "") -> Response:
    """They take no part any more themselves."""
    await visitor.report(MemberLeft(member=visitor.actor), subject=id, id=fact or new_id())
    return lead(request, "/")


@router.post("/groups/{id}/archive")
async def archive(request: Request, visitor: Signed, id: str, fact: FormId = "") -> Response:
    """Nobody writes here any more; it stays readable."""
    await visitor.report(GroupArchived(), subject=id, id=fact or new_id())
    return lead(request, f"/groups/{id}")


async def _changed(request: Request, visitor: Visitor, id: str, change: Fact, fact: str) -> Response:
    problem = ""
    try:
        await visitor.report(change, subject=id, id=fact or new_id())
    except Refused as refused:
        if refused.code != "nothing_changes":
            problem = explained(visitor, refused)
    if not by_script(request):
        return RedirectResponse(f"/groups/{id}", status_code=303)
    return await _members(request, visitor, id, problem)


async def _new(
    request: Request, visitor: Visitor, status: int = 200, typed: Mapping[str, Any] | None = None, problem: str = ""
) -> HTMLResponse:
    blank: dict[str, Any] = {"name": "", "topic": "", "answers": "mentions", "members": [], "id": new_id()}
    context: dict[str, Any] = {
        "typed": blank | dict(typed or {}),
        "problem": problem,
        "others": await _others(visitor, [visitor.actor]),
    }
    if not by_script(request):
        return await page(request, visitor, "new_group.html", status, **context)
    template = "parts/new_group_form.html" if typed else "parts/new_group.html"
    return part(request, visitor, template, status, **context)


async def _about(
    request: Request, visitor: Visitor, group: GroupRow, status: int = 200, problem: str = ""
) -> HTMLResponse:
    template = "parts/group_about_form.html" if problem else "parts/group_about.html"
    return part(request, visitor, template, status, group=group, problem=problem)


async def _members(request: Request, visitor: Visitor, id: str, problem: str = "") -> HTMLResponse:
    group, everybody = await asyncio.gather(visitor.ask("group", group=id), visitor.house.directory.everybody())
    template = "parts/members_list.html" if request.method == "POST" else "parts/members_dialog.html"
    return part(
        request, visitor, template, group=group, title=group_name(visitor, group, everybody), problem=problem,
        members=[named(everybody, one) for one in group.members], others=await _others(visitor, group.members),
    )  # fmt: skip


async def _others(visitor: Visitor, members: list[str]) -> list[Named]:
    """Who may be added: assistants first."""
    everybody = await visitor.house.directory.everybody()
    found = [one for one in everybody.values() if one.joins and one.member not in members]
    return sorted(found, key=lambda one: (not one.bot, one.called(visitor.language).casefold()))
