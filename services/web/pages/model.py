"""One model: what it is told to be, what it was taught, what the next version would change, and its versions."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from contracts.facts.model import VersionChosen
from contracts.facts.person import ModelUnwatched, ModelWatched
from contracts.queries import Asked, Compilations, ModelRow, Preflight
from services.refusals import Refused
from services.web.answers import aims_at, by_script, lead
from services.web.asking import MODULE
from services.web.directory import named
from services.web.model_about import about
from services.web.pages.lessons import table_context
from services.web.problems import explained
from services.web.shell import page, part
from services.web.views.called import names_in
from services.web.views.lesson_view import View
from services.web.views.wording import length
from services.web.visitor import STUDIO, Signed, Visitor

VERSIONS: Final = 8
"""Compilations that stand on the page."""
ROWS: Final = 10
PACKAGING_SECONDS: Final = 60.0
"""How long a preflight may take: it packages the whole training set."""

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
    if aims_at(request, "facets"):
        return part(request, visitor, "parts/lesson_table.html", **await table_context(visitor, view))
    table, said, versions = await asyncio.gather(
        table_context(visitor, view), about(visitor, id), _versions(visitor, id)
    )
    return await page(
        request, visitor, "model.html", **(table | said | versions), adding=add, given=None, problem="", newer=None,
        length=length,
    )  # fmt: skip


@router.get("/models/{id}/standing")
async def standing(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Its name with what is to be said of it now."""
    visitor.need(*STUDIO)
    return part(request, visitor, "parts/model_standing.html", **await about(visitor, id))


@router.get("/models/{id}/versions")
async def versions(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """The latest compilations and their versions."""
    visitor.need(*STUDIO)
    found, said = await asyncio.gather(_versions(visitor, id), about(visitor, id))
    return part(request, visitor, "parts/model_versions.html", **(said | found))


@router.post("/models/{id}/version")
async def choose(request: Request, visitor: Signed, id: str, version: Annotated[int, Form()], fact: FormId) -> Response:
    """This version answers from now on."""
    visitor.need("administrator")
    before: ModelRow = await visitor.ask("model", model=id)
    await visitor.report(VersionChosen(version=version), subject=id, id=fact)
    if not by_script(request):
        return lead(request, f"/models/{id}")
    headers = {"hx-trigger": "lessons-changed"}
    return part(
        request, visitor, "parts/version_chosen.html", headers=headers, model=id, version=version,
        before=before.active.version if before.active else None,
    )  # fmt: skip


# what the next version would be ---------------------------------------------------------------------------------------


@router.get("/models/{id}/preflight")
async def preflight(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """What a compilation would find and change, free of charge."""
    visitor.need(*STUDIO)
    found, model, there = await asyncio.gather(
        _preflight(visitor, id), visitor.ask("model", model=id), visitor.ask("providers")
    )
    names = names_in(visitor.language, [model, *there.providers])
    return part(request, visitor, "parts/model_preflight.html", preflight=found, model=model, names=names)


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


# ------------------------------------------------------------------------------------------------------------------------


async def _versions(visitor: Visitor, id: str) -> dict[str, Any]:
    found, everybody = await asyncio.gather(
        visitor.ask("compilations", model=id, limit=VERSIONS), visitor.house.directory.everybody()
    )
    compilations: Compilations = found
    return {"compilations": compilations.compilations, "named": lambda actor: named(everybody, actor)}


async def _preflight(visitor: Visitor, id: str) -> Preflight:
    wanted = {"model": id}
    found: Preflight = (
        await visitor.bus.query("preflight", wanted, module=MODULE, actor=visitor.actor, timeout=PACKAGING_SECONDS)
    )[1]
    return found
