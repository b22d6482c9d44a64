"""The models: the tree of all, a new one, and moving everything away from a base model that ends."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from contracts.facts.model import ModelDefined
from contracts.facts.provider import RecompilationRequested
from contracts.queries import Models, Providers
from services.refusals import Refused
from services.web.answers import by_script, lead
from services.web.languages import LANGUAGES
from services.web.problems import explained
from services.web.shell import page, part
from services.web.views.tree import Show, ending, shown, tree
from services.web.visitor import STUDIO, Signed, Visitor

router = APIRouter()
Text = Annotated[str, Form()]


async def known(visitor: Visitor) -> tuple[Models, Providers]:
    """All models that are in use, and all providers."""
    models, providers = await asyncio.gather(visitor.ask("models"), visitor.ask("providers"))
    return models, providers


@router.get("/models")
async def all_models(
    request: Request,
    visitor: Signed,
    show: Show = "all",
    fold: Annotated[list[str], Query()] = [],  # noqa: B006
) -> HTMLResponse:
    """The tree. `fold`: models whose children aren't shown."""
    visitor.need(*STUDIO)
    models, providers = await known(visitor)
    by_id = {one.id: one for one in providers.providers}
    branches = tree(models.models, by_id, datetime.now(visitor.zone).date())
    return await page(
        request, visitor, "models.html",
        branches=shown(branches, show, fold), all=branches, show=show, folded=fold, providers=by_id,
        ending=ending(branches), lessons=sum(one.model.lessons.own for one in branches), here=_address,
    )  # fmt: skip


@router.get("/models/new")
async def new(request: Request, visitor: Signed, parent: str = "") -> HTMLResponse:
    """The form of a new model: a dialog, or a page of its own."""
    visitor.need("administrator")
    return await _form(request, visitor, {"parent": parent})


@router.post("/models")
async def define(
    request: Request, visitor: Signed, id: Text, name: Text = "", system_message: Text = "", provider: Text = "",
    parent: Text = "", in_chats: Text = "", bg: Text = "",
) -> Response:  # fmt: skip
    """There is a new model."""
    visitor.need("administrator")
    given = {"name": name, "system_message": system_message, "provider": provider, "parent": parent, "bg": bg}
    if not name.strip():
        return await _form(request, visitor, given, visitor.text("Give the model a name."))
    fact = ModelDefined(
        name=name.strip(), names={"bg": bg.strip()} if bg.strip() else {}, provider=provider or None, parent=parent or None,
        system_message=system_message.strip().replace("\r\n", "\n") or None, virtual_user=id if in_chats else None,
    )  # fmt: skip
    try:
        accepted = await visitor.report(fact, id=id)
    except Refused as refused:
        return await _form(request, visitor, given, explained(visitor, refused))
    return lead(request, f"/models/{accepted.subject}")


@router.get("/providers/{id}/elsewhere")
async def elsewhere(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Where everything that was built at a provider may be built instead."""
    visitor.need("administrator")
    models, providers = await known(visitor)
    leaving = next((one for one in providers.providers if one.id == id), None)
    if leaving is None:
        raise Refused("unknown_provider", f"There is no provider {id}.")
    others = [one for one in providers.providers if one.id != id and not one.retired]
    moving = [one for one in models.models if one.provider == id]
    return part(request, visitor, "parts/elsewhere.html", leaving=leaving, others=others, moving=moving)


@router.post("/providers/{id}/elsewhere")
async def move_away(
    request: Request, visitor: Signed, id: str, to: Text, fact: Annotated[str, Form(alias="id")]
) -> Response:
    """Compile all of them there."""
    visitor.need("administrator")
    await visitor.report(RecompilationRequested(models_of=(id,)), subject=to, id=fact)
    return lead(request, "/compilations")


async def _form(request: Request, visitor: Visitor, given: dict[str, str], problem: str = "") -> HTMLResponse:
    models, providers = await known(visitor)
    context: dict[str, Any] = {
        "given": {"name": "", "system_message": "", "provider": "", "parent": "", "bg": ""} | given,
        "problem": problem, "models": models.models, "languages": LANGUAGES,
        "providers": [one for one in providers.providers if not one.retired],
    }  # fmt: skip
    status = 422 if problem else 200
    if by_script(request):
        return part(request, visitor, "parts/new_model.html", status, **context)
    return await page(request, visitor, "new_model.html", status, **context)


def _address(show: str, folded: list[str], turn: str = "") -> str:
    """The tree's address, with one more model folded, or unfolded."""
    kept = [one for one in folded if one != turn] + ([turn] if turn and turn not in folded else [])
    given = ([f"show={show}"] if show != "all" else []) + [f"fold={one}" for one in kept]
    return "/models" + ("?" + "&".join(given) if given else "")
