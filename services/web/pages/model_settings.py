"""A model's settings. Each says what it would do before it is saved."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from contracts.facts.model import ModelArchived, ModelRestored
from contracts.queries import Affected, LessonTable, ModelRow, Models, Notices, ProviderRow, Providers
from services.folding import fold
from services.refusals import Refused
from services.web.answers import by_script, lead, lead_saying
from services.web.languages import LANGUAGES
from services.web.problems import Told, explained
from services.web.shell import page, part
from services.web.views.model_settings import Settings
from services.web.views.setting_effects import Proposal, below, effects
from services.web.visitor import STUDIO, Signed, Visitor

router = APIRouter()
Row = TypeVar("Row", ModelRow, ProviderRow)
FormId = Annotated[str, Form(alias="id")]
Revision = Annotated[int, Form()]


@router.get("/models/{id}/settings")
async def settings(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """The page. Auditors see it and change nothing."""
    visitor.need(*STUDIO)
    context = await _context(visitor, id)
    return await page(request, visitor, "settings.html", **context, wanted=Settings.of(context["model"]), problem="")


@router.post("/models/{id}/settings/effects")
async def would_do(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """What saving the form would do, while it is filled in."""
    visitor.need("administrator")
    context = await _context(visitor, id)
    model: ModelRow = context["model"]
    try:
        wanted = await _read(request, model)
    except (ValueError, ValidationError):
        return part(request, visitor, "parts/effects.html", effects=[], changed=[], problem=_number(visitor))
    known = [_called(one, visitor.language) for one in context["known"]]
    providers = {id: _called(one, visitor.language) for id, one in context["by_provider"].items()}
    among = (known, providers, context["sections"])
    found = effects(Proposal(model, wanted, *among, say=visitor.text, texts=visitor.texts))
    return part(request, visitor, "parts/effects.html", effects=found, changed=wanted.changed(model), problem="")


@router.post("/models/{id}/settings")
async def save(request: Request, visitor: Signed, id: str, fact: FormId, revision: Revision) -> Response:
    """Save what differs: all of it, or nothing and the reason."""
    visitor.need("administrator")
    context = await _context(visitor, id)
    model: ModelRow = context["model"]
    wanted = Settings.of(model)
    try:
        wanted = await _read(request, model)
        await _report(visitor, model, wanted, fact, revision)
    except Refused as refused:
        problem, status = explained(visitor, refused), 409 if refused.code == "conflict" else 422
    except (ValueError, ValidationError):
        problem, status = _number(visitor), 422
    else:
        return lead_saying(request, visitor, f"/models/{id}/settings", visitor.text("Saved."))
    if by_script(request):
        return part(request, visitor, "parts/settings_form.html", status, **context, wanted=wanted, problem=problem)
    return await page(request, visitor, "settings.html", status, **context, wanted=wanted, problem=problem)


@router.get("/models/{id}/archive")
async def archiving(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Who is affected, before it is done."""
    visitor.need("administrator")
    models, found = await asyncio.gather(visitor.ask("models", archived=True), visitor.ask("affected", model=id))
    known: Models = models
    model = next((one for one in known.models if one.id == id), None)
    if model is None:
        raise Refused("unknown_model", visitor.text("There is no such model."))
    named_model = {one.id: one.names.get(visitor.language) or one.name for one in known.models}
    return part(request, visitor, "parts/archive.html", model=model, affected=found, named_model=named_model)


@router.post("/models/{id}/archive")
async def archive(request: Request, visitor: Signed, id: str, fact: FormId) -> Response:
    """Out of use; it can be restored."""
    visitor.need("administrator")
    await visitor.report(ModelArchived(), subject=id, id=fact)
    return lead(request, f"/models/{id}/settings")


@router.post("/models/{id}/restore")
async def restore(request: Request, visitor: Signed, id: str, fact: FormId) -> Response:
    """In use again."""
    visitor.need("administrator")
    await visitor.report(ModelRestored(), subject=id, id=fact)
    return lead(request, f"/models/{id}/settings")


# ----------------------------------------------------------------------------------------------------------------------


def _called(row: Row, language: str) -> Row:
    """The row under its name in this language."""
    return row.model_copy(update={"name": row.names.get(language) or row.name})


async def _read(request: Request, model: ModelRow) -> Settings:
    form = await request.form()
    given: Mapping[str, str] = {name: value for name, value in form.items() if isinstance(value, str)}
    return Settings.read(given, model, [code for code in LANGUAGES if code != "en"])


async def _report(visitor: Visitor, model: ModelRow, wanted: Settings, form: str, revision: int) -> None:
    """Every fact is tried before the first one is recorded."""
    facts = wanted.facts(model)
    if not facts:
        raise Told("nothing_changes", visitor.text("Nothing was changed."))
    for fact in facts:
        await visitor.report(fact, subject=model.id, revision=revision, dry=True)
    for number, fact in enumerate(facts):
        id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{form}/{type(fact).__name__}"))
        await visitor.report(fact, subject=model.id, id=id, revision=revision + number)


async def _context(visitor: Visitor, id: str) -> dict[str, Any]:
    models, providers, affected, notices, table = await asyncio.gather(
        visitor.ask("models", archived=True), visitor.ask("providers"), visitor.ask("affected", model=id),
        visitor.ask("notices", limit=1), visitor.ask("lesson_table", model=id, limit=1),
    )  # fmt: skip
    known: Models = models
    there: Providers = providers
    touched: Affected = affected
    told: Notices = notices
    counted: LessonTable = table
    model = next(one for one in known.models if one.id == id)
    out = {id, *below(id, known.models)}
    return {
        "model": model, "known": known.models, "by_provider": {one.id: one for one in there.providers},
        "parents": [one for one in known.models if one.id not in out and not one.archived], "affected": touched,
        "children": below(id, [one for one in known.models if not one.archived]),
        "sections": {fold(one.section): one.lessons for one in counted.sections or []},
        "spelt": [one.section for one in counted.sections or []], "watching": id in told.watching,
        "is_admin": visitor.has("administrator") and not model.archived, "languages": LANGUAGES,
        "named_model": {one.id: one.names.get(visitor.language) or one.name for one in known.models},
    }  # fmt: skip


def _number(visitor: Visitor) -> str:
    return visitor.text(
        "Check what you entered: the share is 0 to 100, the number of lessons at least 1, and a name is needed."
    )
