"""Train AI: pick messages of a thread, see what will be learnt, teach it, and take it back."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from contracts.facts.conversation import ConversationDeactivated, TrainAs
from contracts.facts.proposal import ProposalWithdrawn
from contracts.queries import MessageRow, Messages
from services.refusals import Refused
from services.web.answers import by_script, lead
from services.web.directory import Named
from services.web.problems import Told, explained
from services.web.shell import group_name, page, part
from services.web.views.teaching import Preview, lesson, preview, ticked
from services.web.views.thread import message_context
from services.web.visitor import Signed, Visitor

BEFORE: Final = 60
AFTER: Final = 20

router = APIRouter()
Text = Annotated[str, Form()]
Picks = Annotated[list[str], Form()]


@router.get("/groups/{group}/train/{message}")
async def pick(request: Request, visitor: Signed, group: str, message: str) -> HTMLResponse:
    """The thread with a tick before each message; the exchange around the chosen one is ticked."""
    rows, everybody = await asyncio.gather(_around(visitor, group, message), visitor.house.directory.everybody())
    picking = await _picking(visitor, group, message, rows, ticked(rows, everybody, message))
    return await page(request, visitor, "train_pick.html", **picking)


@router.post("/groups/{group}/train/{message}/preview")
async def show(request: Request, visitor: Signed, group: str, message: str, pick: Picks = []) -> HTMLResponse:  # noqa: B006
    """What the ticked messages would teach."""
    rows, everybody = await asyncio.gather(_picked(visitor, group, message, pick), visitor.house.directory.everybody())
    found = preview(rows, everybody)
    return await _sheet(request, visitor, group, message, found)


@router.post("/groups/{group}/train/{message}")
async def teach(
    request: Request, visitor: Signed, group: str, message: str, id: Text, model: Text, answer: Text,
    section: Text = "General", train_as: Annotated[TrainAs, Form()] = "both", pick: Picks = [],  # noqa: B006
) -> Response:  # fmt: skip
    """Report the lesson; who may not teach proposes it by this."""
    rows, everybody = await asyncio.gather(_picked(visitor, group, message, pick), visitor.house.directory.everybody())
    found = preview(rows, everybody)
    if not found.turns or not answer.strip():
        problem = visitor.text("There is nothing to learn without an answer; write it or pick other messages.")
        return await _sheet(request, visitor, group, message, found, problem)
    fact = lesson(
        found,
        model=model,
        section=section.strip() or "General",
        answer=answer,
        train_as=train_as,
        teacher=visitor.actor,
    )
    try:
        accepted = await visitor.report(fact, id=id)
    except Refused as refused:
        return await _sheet(request, visitor, group, message, found, explained(visitor, refused))
    taught = _name_of(everybody, model, visitor.language)
    visitor.house.toasts.put(
        visitor.session.digest, "parts/taught_toast.html",
        {"lesson": accepted.subject, "proposed": accepted.became == "LessonProposed", "name": taught, "number": len(rows),
         "back": f"/groups/{group}?m={message}"},
    )  # fmt: skip
    return lead(request, f"/groups/{group}?m={message}")


@router.post("/lessons/{lesson}/undo")
async def undo(
    request: Request, visitor: Signed, lesson: str, id: Text, back: Text = "/", proposed: Text = ""
) -> Response:
    """Take back what was just taught or proposed."""
    fact = ProposalWithdrawn() if proposed else ConversationDeactivated()
    await visitor.report(fact, subject=lesson, id=id)
    visitor.house.toasts.put(visitor.session.digest, "parts/undone_toast.html", {"lesson": lesson})
    return lead(request, back if back.startswith("/") and not back.startswith("//") else "/")


@router.get("/messages/{message}/why")
async def why(request: Request, visitor: Signed, message: str) -> Response:
    """Which lessons an answer resembles."""
    found, row = await asyncio.gather(visitor.ask("why", message=message), visitor.ask("message", message=message))
    if not by_script(request):
        return lead(request, f"/groups/{row.group}?m={message}")
    everybody = await visitor.house.directory.everybody()
    return part(
        request, visitor, "parts/why.html", why=found,
        **message_context([row], everybody, visitor.look) | {"row": row},
    )  # fmt: skip


async def _sheet(
    request: Request, visitor: Visitor, group: str, message: str, found: Preview, problem: str = ""
) -> HTMLResponse:
    """What will be learnt, over the open page; a browser that sent the form by itself is answered the page with it."""
    row: MessageRow = await visitor.ask("message", message=message)
    everybody = await visitor.house.directory.everybody()
    context = message_context(list(found.rows.values()), everybody, visitor.look)
    models = sorted(
        {one.model: one.called(visitor.language) for one in everybody.values() if one.model}.items(),
        key=lambda pair: pair[1].casefold(),
    )
    sheet = context | {
        "found": found, "group_id": group, "chosen": message, "models": models,
        "model": row.model, "problem": problem,
        "picked": list(found.rows),
    }  # fmt: skip
    if by_script(request):
        return part(request, visitor, "parts/train_preview.html", **sheet)
    picking = await _picking(visitor, group, message, await _around(visitor, group, message), list(found.rows))
    return await page(request, visitor, "train_pick.html", **sheet | picking)


async def _picking(
    visitor: Visitor, group: str, message: str, rows: list[MessageRow], ticks: Iterable[str]
) -> dict[str, Any]:
    """What train_pick.html needs."""
    found, everybody = await asyncio.gather(visitor.ask("group", group=group), visitor.house.directory.everybody())
    return message_context(rows, everybody, visitor.look) | {
        "group": found, "title": group_name(visitor, found, everybody), "chosen": message, "ticked": set(ticks),
    }  # fmt: skip


async def _around(visitor: Visitor, group: str, message: str) -> list[MessageRow]:
    """The messages around the chosen one, in the thread's order."""
    row: MessageRow = await visitor.ask("message", message=message)
    if row.group != group:
        raise Told("unknown_message", visitor.text("There is no such message in this group."))
    before: Messages
    after: Messages
    before, after = await asyncio.gather(
        visitor.ask("messages", group=group, before=row.position + 1, limit=BEFORE),
        visitor.ask("messages", group=group, after=row.position, limit=AFTER),
    )
    return [*before.messages, *after.messages]


async def _picked(visitor: Visitor, group: str, message: str, picks: list[str]) -> list[MessageRow]:
    wanted = set(picks)
    return [row for row in await _around(visitor, group, message) if row.id in wanted and not row.deleted]


def _name_of(everybody: Mapping[str, Named], model: str, language: str) -> str:
    return next((one.called(language) for one in everybody.values() if one.model == model), model)
