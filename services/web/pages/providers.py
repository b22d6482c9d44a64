"""Providers: where models are built, registered, revised, tried, retired, and everything compiled there again."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated, Any, cast, get_args

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from contracts.facts.provider import (
    BaseModelRetirementAnnounced,
    ProviderKind,
    ProviderRegistered,
    ProviderRetired,
    ProviderRevised,
    RecompilationRequested,
)
from contracts.queries import Models, Preflight, ProviderRow, Providers
from services.refusals import Refused
from services.web.answers import by_script, lead, lead_saying
from services.web.problems import explained
from services.web.rendering import new_id
from services.web.shell import page, part
from services.web.views.called import names_in
from services.web.views.providing import DEFAULTS, EXAMPLES, Shown, as_given, fields_of, looks_like_a_key, shown
from services.web.visitor import STUDIO, Signed, Visitor

TRIED = frozenset({"provider", "retirement", "credentials", "base_model"})
"""The checks of a preflight that are about the provider."""
EMPTY = dict.fromkeys(
    ("name", "bg", "base_url", "base_model", "secret", "notes", "retires_on", "minimum_examples", "maximum_examples",
     "maximum_file_bytes", "maximum_example_tokens", "training_minutes", "price_training", "price_input", "price_output"),
    "",
) | {"target": "fine_tune", "currency": "EUR", "retirement_margin": "30"}  # fmt: skip

router = APIRouter()
Text = Annotated[str, Form()]
Texts = Annotated[list[str], Form()]
Fact = Annotated[str, Form(alias="id")]


@router.get("/providers")
async def all_providers(request: Request, visitor: Signed) -> HTMLResponse:
    """All of them."""
    visitor.need(*STUDIO)
    found, models = await _known(visitor)
    return await page(
        request, visitor, "providers.html",
        providers=[_shown(visitor, one) for one in sorted(found.providers, key=lambda one: one.retired)],
        names=_names(visitor, models), may=visitor.has("administrator"),
    )  # fmt: skip


@router.get("/providers/new")
async def new(request: Request, visitor: Signed, kind: str = "openai_compatible") -> HTMLResponse:
    """The form of a new provider, begun as its kind wants it."""
    visitor.need("administrator")
    wanted = _kind(kind)
    return await _form(request, visitor, wanted, {**EMPTY, **DEFAULTS[wanted]})


@router.post("/providers")
async def register(request: Request, visitor: Signed, fact: Fact, kind: Text) -> Response:
    """There is a new provider."""
    visitor.need("administrator")
    wanted, given = _kind(kind), await _given(request)
    if looks_like_a_key(given["secret"]):
        return await _form(request, visitor, wanted, given | {"secret": ""}, _a_key(visitor))
    end = {"retires_on": given["retires_on"]} if given["retires_on"] else {}
    try:
        said = ProviderRegistered.model_validate({"provider_kind": wanted} | fields_of(given, {}) | end)
        accepted = await visitor.report(said, id=fact)
    except (ValidationError, Refused) as problem:
        return await _form(request, visitor, wanted, given, _said(visitor, problem))
    return lead(request, f"/providers/{accepted.subject}")


@router.get("/providers/{id}")
async def one_provider(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """One, with what may be done with it."""
    visitor.need(*STUDIO)
    found, models = await _known(visitor)
    row = _find(found, id)
    return await _page(request, visitor, found, models, row, as_given(row))


@router.post("/providers/{id}")
async def revise(
    request: Request, visitor: Signed, id: str, fact: Fact, revision: Annotated[int | None, Form()] = None
) -> Response:
    """Only what differs is reported; another end of the base model is a fact of its own."""
    visitor.need("administrator")
    found, models = await _known(visitor)
    row, given = _find(found, id), await _given(request)
    if looks_like_a_key(given["secret"]):
        return await _page(request, visitor, found, models, row, given | {"secret": ""}, _a_key(visitor))
    try:
        await _report_changes(visitor, row, given, fact, revision)
    except (ValidationError, Refused) as problem:
        status = 409 if isinstance(problem, Refused) and problem.code == "conflict" else 422
        found, models = await _known(visitor)
        return await _page(request, visitor, found, models, _find(found, id), given, _said(visitor, problem), status)
    return lead_saying(request, visitor, f"/providers/{id}", visitor.text("Saved."))


@router.post("/providers/{id}/retire")
async def retire(request: Request, visitor: Signed, id: str, fact: Fact) -> Response:
    """No compilation starts there any more."""
    visitor.need("administrator")
    await visitor.report(ProviderRetired(), subject=id, id=fact)
    return lead(request, f"/providers/{id}")


@router.post("/providers/{id}/recompile")
async def recompile(
    request: Request, visitor: Signed, id: str, fact: Fact, models_of: Texts = []  # noqa: B006
) -> Response:  # fmt: skip
    """Everything that is there, and what moves there, is compiled, parents first."""
    visitor.need("administrator")
    await visitor.report(RecompilationRequested(models_of=tuple(models_of)), subject=id, id=fact)
    return lead(request, "/compilations")


@router.post("/providers/{id}/check")
async def check(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Whether it answers, takes the key and has the base model: what a compilation of one of its models would find."""
    visitor.need(*STUDIO)
    found, models = await _known(visitor)
    row = _find(found, id)
    checks, tried = [], None
    if row.models:
        tried = row.models[0]
        seen: Preflight = await visitor.ask("preflight", model=tried)
        checks = [one for one in seen.checks if one.check in TRIED]
    checked: dict[str, Any] = {
        "checks": checks, "tried": _names(visitor, models).get(tried or "", tried),
        "said_names": names_in(visitor.language, [row, *models.models]),
    }  # fmt: skip
    if not by_script(request):
        return await _page(request, visitor, found, models, row, as_given(row), **checked)
    return part(request, visitor, "parts/provider_check.html", 200, None, row=row, **checked)


async def _report_changes(
    visitor: Visitor, row: ProviderRow, given: dict[str, str], fact: str, revision: int | None
) -> None:
    wanted = ProviderRevised.model_validate(fields_of(given, row.names))
    changes = {name: value for name, value in wanted.changes().items() if value != getattr(row, name)}
    end = given["retires_on"]
    ends = BaseModelRetirementAnnounced.model_validate(
        {"base_model": given["base_model"].strip(), "retires_on": end or date.max}
    )
    if changes:
        await visitor.report(ProviderRevised(**changes), subject=row.id, id=fact, revision=revision)
    if end and (end, given["base_model"]) != (row.retires_on, row.base_model):
        await visitor.report(ends, subject=row.id, id=new_id())


async def _page(
    request: Request, visitor: Visitor, found: Providers, models: Models, row: ProviderRow, given: dict[str, str],
    problem: str = "", status: int = 422, **checked: Any,
) -> HTMLResponse:  # fmt: skip
    others = [one for one in found.providers if one.id != row.id and one.models]
    context = {
        "provider": _shown(visitor, row), "row": row, "kind": row.provider_kind, "example": EXAMPLES[row.provider_kind], "given": given,
        "problem": problem, "others": others, "names": _names(visitor, models),
        "may": visitor.has("administrator") and not row.retired,
    }  # fmt: skip
    return await page(request, visitor, "provider.html", status if problem else 200, **context | checked)


async def _form(
    request: Request, visitor: Visitor, kind: ProviderKind, given: dict[str, str], problem: str = ""
) -> HTMLResponse:
    return await page(
        request, visitor, "new_provider.html", 422 if problem else 200,
        kind=kind, kinds=get_args(ProviderKind), example=EXAMPLES[kind], given=given, problem=problem, row=None,
    )  # fmt: skip


async def _known(visitor: Visitor) -> tuple[Providers, Models]:
    providers, models = await asyncio.gather(visitor.ask("providers"), visitor.ask("models", archived=True))
    return providers, models


async def _given(request: Request) -> dict[str, str]:
    form = await request.form()
    return EMPTY | {name: value for name, value in form.items() if name in EMPTY and isinstance(value, str)}


def _shown(visitor: Visitor, row: ProviderRow) -> Shown:
    return shown(row, visitor.house.secrets, datetime.now(UTC).date())


def _names(visitor: Visitor, models: Models) -> dict[str, str]:
    return {one.id: one.names.get(visitor.language) or one.name for one in models.models}


def _find(found: Providers, id: str) -> ProviderRow:
    row = next((one for one in found.providers if one.id == id), None)
    if row is None:
        raise Refused("unknown_provider", f"There is no provider {id}.")
    return row


def _kind(given: str) -> ProviderKind:
    return cast(ProviderKind, given) if given in get_args(ProviderKind) else "openai_compatible"


def _a_key(visitor: Visitor) -> str:
    return visitor.text(
        "That looks like the key itself. Give the name under which whoever runs the server keeps it; it wasn't saved, and if "
        "it was a real key, replace it at the provider."
    )


def _said(visitor: Visitor, problem: ValidationError | Refused) -> str:
    if isinstance(problem, Refused):
        return explained(visitor, problem)
    fields = ", ".join(dict.fromkeys(".".join(map(str, one["loc"])) for one in problem.errors()))
    return visitor.text("Correct these fields: %(fields)s.") % {"fields": fields}
