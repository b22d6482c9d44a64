"""Notices: what somebody is to be told, in the bell's panel and on a page, and which models they watch."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from contracts.facts.person import ModelUnwatched, ModelWatched, NoticesRead
from contracts.queries import Assistants, NoticeRow, Notices, Proposals
from services.refusals import Refused
from services.web.directory import named
from services.web.shell import page, part
from services.web.views.proposed import Proposed
from services.web.visitor import Signed, Visitor

PANEL = 12
PAGE = 50
OF_PROPOSALS = ("lesson_proposed", "proposal_approved", "proposal_declined")

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/notices")
async def all_notices(request: Request, visitor: Signed, before: int | None = None) -> HTMLResponse:
    """A page of them, newest first, and the models that one may watch."""
    told, models = await asyncio.gather(_told(visitor, PAGE, before), visitor.ask("assistants"))
    found: Assistants = models
    return await page(request, visitor, "notices.html", **told, models=found.assistants, before=before)


@router.get("/notices/panel")
async def panel(request: Request, visitor: Signed) -> HTMLResponse:
    """The newest, as the bell shows them."""
    return part(request, visitor, "parts/notices_panel.html", **await _told(visitor, PANEL))


@router.post("/notices/read")
async def mark_read(request: Request, visitor: Signed, upto: Annotated[int, Form()], id: Text) -> Response:
    """All up to the newest that was shown are read."""
    try:
        await visitor.report(NoticesRead(upto=upto), subject=visitor.person.id, id=id)
    except Refused as refused:
        if refused.code != "nothing_changes":
            raise
    if request.headers.get("hx-target", "").endswith("notices"):
        return part(request, visitor, "parts/notices_panel.html", **await _told(visitor, PANEL))
    return RedirectResponse("/notices", status_code=303)


@router.post("/notices/watch")
async def watch(visitor: Signed, model: Text, id: Text, wanted: Text = "") -> Response:
    """From now on one is told what becomes of the model, or no longer."""
    fact = ModelWatched(model=model) if wanted else ModelUnwatched(model=model)
    try:
        await visitor.report(fact, subject=visitor.person.id, id=id)
    except Refused as refused:
        if refused.code != "nothing_changes":
            raise
    return RedirectResponse("/notices#watching", status_code=303)


async def _told(visitor: Visitor, limit: int, before: int | None = None) -> dict[str, Any]:
    told, models, everybody = await asyncio.gather(
        visitor.ask("notices", limit=limit, before=before), visitor.ask("assistants"),
        visitor.house.directory.everybody(),
    )  # fmt: skip
    found: Notices = told
    known: Assistants = models
    names = {one.model: one.names.get(visitor.language) or one.name for one in known.assistants}
    proposals = await _proposals(visitor, found)
    about = {
        row.position: {
            "question": one.question, "who": named(everybody, one.row.proposer).called(visitor.language),
            "status": one.row.status, "reason": one.row.reason,
        }
        for row in found.notices if (one := proposals.get(getattr(row, "proposal", None) or ""))
    }  # fmt: skip
    return {
        "notices": [_called(row, names) for row in found.notices],
        "unread": found.unread,
        "watching": set(found.watching),
        "next": found.next,
        "about": about,
    }


def _called(row: NoticeRow, names: dict[str, str]) -> NoticeRow:
    """The same with its model's name in the visitor's language."""
    name = names.get(getattr(row, "model", None) or "")
    versions = getattr(row, "versions", None) or []
    called = [one | {"name": names.get(one["model"]) or one["name"]} for one in versions]
    update = ({"name": name} if name else {}) | ({"versions": called} if versions else {})
    return row.model_copy(update=update) if update else row


async def _proposals(visitor: Visitor, told: Notices) -> dict[str, Proposed]:
    """What the notices speak of, as it stands now. The newest come at once, older ones one by one."""
    ids = {str(getattr(row, "proposal", "")) for row in told.notices if row.kind in OF_PROPOSALS}
    if not ids:
        return {}
    newest: Proposals = await visitor.ask("proposals", status=None, before=told.notices[0].position + 1, limit=100)
    rows = [one for one in newest.proposals if one.id in ids]
    older = ids - {one.id for one in rows}
    rows += await asyncio.gather(*(visitor.ask("proposal", proposal=id) for id in older))
    return {row.id: Proposed(row) for row in rows}
