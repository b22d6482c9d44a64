"""A model's system message: saved from its editor, with advice while it is typed, and compared with what it was."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from contracts.facts.model import SystemMessageSet
from contracts.queries import ModelRow, SystemMessages
from services.refusals import Refused
from services.web.answers import by_script, lead
from services.web.directory import named
from services.web.model_about import about, told
from services.web.problems import explained
from services.web.shell import part
from services.web.views.wording import difference, length
from services.web.visitor import STUDIO, Signed

router = APIRouter()
Text = Annotated[str, Form()]
FormId = Annotated[str, Form(alias="id")]


@router.post("/models/{id}/advice")
async def advice(request: Request, visitor: Signed, id: str, system_message: Text = "") -> HTMLResponse:
    """What is to be said of the length of a text that is being typed."""
    visitor.need(*STUDIO)
    return part(request, visitor, "parts/length.html", found=length(system_message))


@router.post("/models/{id}/system-message")
async def set_system_message(
    request: Request, visitor: Signed, id: str, fact: FormId, revision: Annotated[int, Form()], system_message: Text = "",
    seen: Text = "",
) -> Response:  # fmt: skip
    """Save it. `seen`: the text as the page showed it; a newer one is shown beside instead of being overwritten."""
    visitor.need("administrator")
    text, before = _lines(system_message), _lines(seen)
    model: ModelRow = await visitor.ask("model", model=id)
    now = model.system_message or ""
    # The model's other settings may have changed meanwhile; only another text is in the way of this one.
    expected = revision if now != before else model.revision
    problem, newer = "", None
    try:
        await visitor.report(SystemMessageSet(system_message=text or None), subject=id, id=fact, revision=expected)
    except Refused as refused:
        problem = explained(visitor, refused)
        newer = now if refused.code == "conflict" else None
    if not by_script(request):
        return lead(request, f"/models/{id}")
    context = {
        "problem": problem,
        "newer": newer,
        "given": text if problem else None,
        "length": length,
        "compared": difference,
    }
    found = await about(visitor, id)
    status = 200 if not problem else 409 if newer is not None else 422
    undo = None if problem else before
    return part(request, visitor, "parts/system_saved.html", status, **(found | context), undo=undo)


@router.get("/models/{id}/compare")
async def compare(
    request: Request, visitor: Signed, id: str, old: int | None = None, new: int | None = None
) -> Response:
    """Two revisions of the system message, word by word: the active version's and the latest, unless told otherwise."""
    visitor.need(*STUDIO)
    if not by_script(request):
        return lead(request, f"/models/{id}")
    found, model, everybody = await asyncio.gather(
        visitor.ask("system_messages", model=id, limit=200), visitor.ask("model", model=id),
        visitor.house.directory.everybody(),
    )  # fmt: skip
    revisions: SystemMessages = found
    rows = {row.number: row for row in revisions.revisions}
    after = rows.get(new or max(rows, default=0))
    before = rows.get(old or told(model, revisions) or 0)
    texts = [one.text or "" if one is not None else "" for one in (before, after)]
    return part(
        request, visitor, "parts/compare.html", model=model, revisions=revisions.revisions, before=before, after=after,
        compared=difference(*texts), same=texts[0] == texts[1], named=lambda actor: named(everybody, actor),
        told=told(model, revisions),
    )  # fmt: skip


def _lines(text: str) -> str:
    return text.strip().replace("\r\n", "\n")
