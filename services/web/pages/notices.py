"""Notices: what somebody is to be told, in the bell's panel and on a page, and which models they watch."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from contracts.facts.person import ModelUnwatched, ModelWatched, NoticesRead
from contracts.queries import Assistants, NoticeRow, Notices, ProposalRow
from services.refusals import Refused
from services.web.shell import page, part
from services.web.visitor import Signed, Visitor

PANEL = 12
PAGE = 50

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
    told, models = await asyncio.gather(visitor.ask("notices", limit=limit, before=before), visitor.ask("assistants"))
    found: Notices = told
    known: Assistants = models
    names = {one.model: one.names.get(visitor.language) or one.name for one in known.assistants}
    declined = [row for row in found.notices if row.kind == "proposal_declined"]
    reasons = await asyncio.gather(*(_reason(visitor, row) for row in declined))
    return {
        "notices": [_called(row, names) for row in found.notices],
        "unread": found.unread,
        "watching": set(found.watching),
        "next": found.next,
        "reasons": {row.position: reason for row, reason in zip(declined, reasons, strict=True)},
    }


def _called(row: NoticeRow, names: dict[str, str]) -> NoticeRow:
    """The same with its model's name in the visitor's language."""
    name = names.get(getattr(row, "model", None) or "")
    versions = getattr(row, "versions", None) or []
    called = [one | {"name": names.get(one["model"]) or one["name"]} for one in versions]
    update = ({"name": name} if name else {}) | ({"versions": called} if versions else {})
    return row.model_copy(update=update) if update else row


async def _reason(visitor: Visitor, row: NoticeRow) -> str:
    """Why a proposal was declined; empty once it is erased."""
    proposal: ProposalRow = await visitor.ask("proposal", proposal=getattr(row, "proposal", ""))
    return proposal.reason
