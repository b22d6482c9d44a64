"""One model: what it is told to be, what it was taught, what the next version would change, and its versions."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from contracts.facts.model import SystemMessageSet, VersionChosen
from contracts.facts.person import ModelUnwatched, ModelWatched
from contracts.queries import Asked, Compilations, ModelRow, Models, Notices, Preflight, ProviderRow, Providers
from services.refusals import Refused
from services.web.answers import aims_at, by_script, lead, refreshed
from services.web.directory import named
from services.web.lesson_view import View
from services.web.pages.lessons import table_context
from services.web.problems import explained
from services.web.shell import page, part
from services.web.tree import Branch, tree
from services.web.visitor import STUDIO, Signed, Visitor
from services.web.wording import difference, length

VERSIONS: Final = 8
"""Compilations that stand on the page."""
ROWS: Final = 10

router = APIRouter()
Text = Annotated[str, Form()]
FormId = Annotated[str, Form(alias="id")]


@router.get("/models/{id}")
async def one_model(request: Request, visitor: Signed, id: str, add: bool = False) -> HTMLResponse:
    """The page, or its table of lessons alone."""
    visitor.need(*STUDIO)
    view = View.of(f"/models/{id}", id, request.query_params, ROWS)
    if aims_at(request, "lessons"):
        context = await table_context(visitor, view)
        return part(request, visitor, "parts/lesson_table.html", headers={"hx-push-url": view.here()}, **context)
    table, about, versions = await asyncio.gather(
        table_context(visitor, view), _about(visitor, id), _versions(visitor, id)
    )
    return await page(
        request, visitor, "model.html", **(table | about | versions), adding=add, given=None, problem="", newer=None,
        length=length,
    )  # fmt: skip


@router.get("/models/{id}/standing")
async def standing(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Its name with what is to be said of it now."""
    visitor.need(*STUDIO)
    return part(request, visitor, "parts/model_standing.html", **await _about(visitor, id))


@router.get("/models/{id}/versions")
async def versions(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """The latest compilations and their versions."""
    visitor.need(*STUDIO)
    found, about = await asyncio.gather(_versions(visitor, id), _about(visitor, id))
    return part(request, visitor, "parts/model_versions.html", **(about | found))


@router.post("/models/{id}/version")
async def choose(request: Request, visitor: Signed, id: str, version: Annotated[int, Form()], fact: FormId) -> Response:
    """This version answers from now on."""
    visitor.need("administrator")
    await visitor.report(VersionChosen(version=version), subject=id, id=fact)
    said = visitor.text("v%(version)s answers now.") % {"version": version}
    return refreshed(request, visitor, f"/models/{id}", said)


# what the next version would be ---------------------------------------------------------------------------------------


@router.get("/models/{id}/preflight")
async def preflight(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """What a compilation would find and change, free of charge."""
    visitor.need(*STUDIO)
    found, model = await asyncio.gather(_preflight(visitor, id), visitor.ask("model", model=id))
    return part(request, visitor, "parts/model_preflight.html", preflight=found, model=model)


@router.get("/models/{id}/ask")
async def asking(request: Request, visitor: Signed, id: str) -> Response:
    """Where a question can be tried."""
    visitor.need(*STUDIO)
    if not by_script(request):
        return lead(request, f"/models/{id}")
    model = await visitor.ask("model", model=id)
    return part(request, visitor, "parts/model_ask.html", model=model, question="", answer=None, problem="")


@router.post("/models/{id}/ask")
async def ask(request: Request, visitor: Signed, id: str, question: Text = "") -> HTMLResponse:
    """Try a question; nothing of it is recorded."""
    visitor.need(*STUDIO)
    model: ModelRow = await visitor.ask("model", model=id)
    answer: Asked | None = None
    problem = ""
    try:
        if question.strip():
            answer = await visitor.ask("ask", model=id, question=question.strip())
    except Refused as refused:
        problem = explained(visitor, refused)
    return part(
        request, visitor, "parts/model_ask.html", model=model, question=question.strip(), answer=answer, problem=problem
    )


@router.post("/models/{id}/watch")
async def watch(request: Request, visitor: Signed, id: str, fact: FormId, on: Text = "") -> Response:
    """Be told what becomes of the model, or no longer."""
    visitor.need(*STUDIO)
    wanted = ModelWatched(model=id) if on else ModelUnwatched(model=id)
    await visitor.report(wanted, subject=visitor.person.id, id=fact)
    if not by_script(request):
        return lead(request, f"/models/{id}")
    model = await visitor.ask("model", model=id)
    return part(request, visitor, "parts/model_watch.html", model=model, watching=bool(on))


# the system message ---------------------------------------------------------------------------------------------------


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
    about = await _about(visitor, id)
    status = 200 if not problem else 409 if newer is not None else 422
    undo = None if problem else before
    return part(request, visitor, "parts/system_saved.html", status, **(about | context), undo=undo)


@router.get("/models/{id}/compare")
async def compare(request: Request, visitor: Signed, id: str, since: int) -> HTMLResponse:
    """The system message as it was at a position beside the present one, word by word."""
    visitor.need(*STUDIO)
    old, new = await asyncio.gather(visitor.ask_as_of(since, "model", model=id), visitor.ask("model", model=id))
    before, now = old.system_message or "", new.system_message or ""
    return part(
        request,
        visitor,
        "parts/compare.html",
        model=new,
        compared=difference(before, now),
        same=before == now,
        since=since,
    )


# ----------------------------------------------------------------------------------------------------------------------


async def _about(visitor: Visitor, id: str) -> dict[str, Any]:
    models, providers, told = await asyncio.gather(
        visitor.ask("models", archived=True), visitor.ask("providers"), visitor.ask("notices", limit=1)
    )
    known: Models = models
    notices: Notices = told
    by_id = {one.id: one for one in known.models}
    if id not in by_id:
        raise Refused("unknown_model", visitor.text("There is no such model."))
    model = by_id[id]
    return {
        "model": model, "models": by_id, "branch": _branch(visitor, model, known, providers),
        "provider": _provider(model, providers), "path_up": _path_up(model, by_id), "watching": id in notices.watching,
        "is_admin": visitor.has("administrator") and not model.archived,
        "can_teach": visitor.has("trainer") and not model.archived,
        "takes": _takes(model, known),
    }  # fmt: skip


async def _versions(visitor: Visitor, id: str) -> dict[str, Any]:
    found, everybody = await asyncio.gather(
        visitor.ask("compilations", model=id, limit=VERSIONS), visitor.house.directory.everybody()
    )
    compilations: Compilations = found
    return {"compilations": compilations.compilations, "named": lambda actor: named(everybody, actor)}


async def _preflight(visitor: Visitor, id: str) -> Preflight:
    found: Preflight = await visitor.ask("preflight", model=id)
    return found


def _branch(visitor: Visitor, model: ModelRow, known: Models, providers: Providers) -> Branch:
    by_id = {one.id: one for one in providers.providers}
    return next(one for one in tree(known.models, by_id, datetime.now(visitor.zone).date()) if one.model.id == model.id)


def _provider(model: ModelRow, providers: Providers) -> ProviderRow | None:
    return next((one for one in providers.providers if one.id == model.provider), None)


def _path_up(model: ModelRow, models: Mapping[str, ModelRow]) -> list[ModelRow]:
    above: list[ModelRow] = []
    parent = models.get(model.parent or "")
    while parent is not None:
        above.insert(0, parent)
        parent = models.get(parent.parent or "")
    return above


def _takes(model: ModelRow, known: Models) -> list[ModelRow]:
    """The children that it takes lessons from."""
    return [one for one in known.models if one.parent == model.id and not one.archived]


def _lines(text: str) -> str:
    return text.strip().replace("\r\n", "\n")
