"""Compilations: all of them, one while it runs and what became of it, and asking for one."""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.background import BackgroundTask

from contracts.facts.compilation import CancelRequested, CompileRequested, DeletionRequested, Status
from contracts.facts.model import VersionChosen
from contracts.queries import CompilationRow, Compilations, Difference, Evaluation, ModelRow, Models, Providers
from services.refusals import Refused
from services.training_sets import package_training_set
from services.web.answers import by_script, lead
from services.web.asking import MODULE
from services.web.directory import named
from services.web.problems import Told, explained
from services.web.rendering import answer
from services.web.shell import page, part
from services.web.views.building import OPEN, deletable, fix_of, packaged, steps, taken, telling
from services.web.visitor import STUDIO, Signed, Visitor

PAGE = 50
MOST_QUESTIONS = 500
_OFFERED = frozenset({"compilation_running", "base_model_retires", "no_provider", "provider_retired"})
"""Refusals of a compilation that leave something to choose."""

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/compilations")
async def all_compilations(
    request: Request, visitor: Signed, model: str = "", status: str = "", before: int | None = None
) -> HTMLResponse:
    """All, newest first."""
    visitor.need(*STUDIO)
    wanted = status if status in get_args(Status) else ""
    found, known, everybody = await asyncio.gather(
        visitor.ask("compilations", model=model or None, status=wanted or None, before=before, limit=PAGE),
        visitor.ask("models", archived=True),
        visitor.house.directory.everybody(),
    )
    rows: Compilations = found
    models: Models = known
    given = {"model": model, "status": wanted, "before": before or ""}
    return await page(
        request, visitor, "compilations.html",
        rows=[(row, taken(row)) for row in rows.compilations], next=rows.next, models=models.models, model=model,
        status=wanted, statuses=get_args(Status), before=before, named=lambda member: named(everybody, member),
        here="/compilations?" + urlencode({key: value for key, value in given.items() if value}),
        active={one.id: one.active.version for one in models.models if one.active},
        called={one.id: one.names.get(visitor.language) or one.name for one in models.models},
    )  # fmt: skip


@router.get("/compilations/{id}")
async def one_compilation(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """One, while it runs and afterwards."""
    visitor.need(*STUDIO)
    row: CompilationRow = await visitor.ask("compilation", compilation=id)
    known, evaluated, everybody, same, providers = await asyncio.gather(
        visitor.ask("model", model=row.model),
        visitor.ask("evaluation", compilation=id, limit=MOST_QUESTIONS),
        visitor.house.directory.everybody(),
        _same(visitor, row),
        visitor.ask("providers"),
    )
    found: Providers = providers
    model: ModelRow = known
    evaluation: Evaluation = evaluated
    active = model.active.version if model.active else None
    told, as_before = telling(evaluation)
    return await page(
        request, visitor, "compilation.html",
        row=row, model=model, active=active, evaluation=evaluation, told=told, as_before=as_before, same=same,
        steps=steps(row, active, datetime.now(UTC)), open=row.status in OPEN, taken=taken(row), file=packaged(row),
        provider=next((one.names.get(visitor.language) or one.name for one in found.providers if one.id == row.plan.provider), row.plan.provider),
        fix=fix_of(row), deletable=deletable(row, active), named=lambda member: named(everybody, member), may=visitor.has("administrator"),
    )  # fmt: skip


@router.get("/compilations/{id}/difference")
async def difference(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Which lessons it has that the version before hadn't, and the other way round."""
    visitor.need(*STUDIO)
    row, against, found = await _difference(visitor, id, limit=500)
    given: dict[str, Any] = {"row": row, "found": found, "against": against}
    if by_script(request):
        return part(request, visitor, "parts/compilation_difference.html", **given)
    return await page(request, visitor, "compilation_difference.html", **given)


@router.get("/compilations/{id}/teachers")
async def teachers(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Who taught the lessons that it has and the version before hadn't."""
    visitor.need(*STUDIO)
    (row, _, found), everybody = await asyncio.gather(
        _difference(visitor, id, limit=0, teachers=True), visitor.house.directory.everybody()
    )
    model: ModelRow = await visitor.ask("model", model=row.model)
    answers = model.active is not None and model.active.version == row.version
    taught = [(named(everybody, one.teacher), one.lessons) for one in found.teachers]
    return part(request, visitor, "parts/compilation_teachers.html", taught=taught, answers=answers)


@router.get("/compilations/{id}/{which}.jsonl")
async def file(visitor: Signed, id: str, which: Literal["training", "sidecar"]) -> FileResponse:
    """The training file as it was packaged, to the byte, or which lesson each of its lines came from."""
    visitor.need(*STUDIO)
    row: CompilationRow = await visitor.ask("compilation", compilation=id)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="apprentice-"))
    paths = {"training": folder / "training.jsonl", "sidecar": folder / "sidecar.jsonl"}
    try:
        await package_training_set(
            visitor.bus, row.model, module=MODULE, actor=visitor.actor, at=row.position, path=paths["training"],
            sidecar=paths["sidecar"],
        )  # fmt: skip
    except BaseException:
        await asyncio.to_thread(_discard, folder)
        raise
    version = f"v{row.version}" if row.version else row.id
    name = f"{row.model}-{version}{'.sidecar' if which == 'sidecar' else ''}.jsonl"
    done = BackgroundTask(_discard, folder)
    headers = {"cache-control": "no-store"}
    return FileResponse(paths[which], media_type="application/jsonl", filename=name, headers=headers, background=done)


@router.post("/compilations/{id}/cancel")
async def cancel(request: Request, visitor: Signed, id: str, fact: Annotated[str, Form(alias="id")]) -> Response:
    """Stop it at its next step."""
    visitor.need("administrator")
    await visitor.report(CancelRequested(), subject=id, id=fact)
    return lead(request, f"/compilations/{id}")


@router.post("/compilations/{id}/delete")
async def delete(request: Request, visitor: Signed, id: str, fact: Annotated[str, Form(alias="id")]) -> Response:
    """Its provider is to delete its model, which the compiler asks for."""
    visitor.need("administrator")
    await visitor.report(DeletionRequested(), subject=id, id=fact)
    return lead(request, f"/compilations/{id}")


@router.post("/compilations/{id}/activate")
async def activate(
    request: Request, visitor: Signed, id: str, fact: Annotated[str, Form(alias="id")],
    revision: Annotated[int | None, Form()] = None,
) -> Response:  # fmt: skip
    """Its version answers from now on, newer or older than the one that does now."""
    visitor.need("administrator")
    row: CompilationRow = await visitor.ask("compilation", compilation=id)
    if row.version is None:
        raise Told("unknown_version", visitor.text("This compilation has made no version."))
    await visitor.report(VersionChosen(version=row.version), subject=row.model, id=fact, revision=revision)
    return lead(request, f"/compilations/{id}")


@router.post("/models/{model}/compile")
async def compile_model(
    request: Request, visitor: Signed, model: str, id: Text = "", queue: Text = "", forced: Text = ""
) -> Response:
    """A new version is to be made of what the model was taught by now."""
    visitor.need("administrator")
    wanted = CompileRequested(model=model, queue=bool(queue), forced=bool(forced))
    try:
        accepted = await visitor.report(wanted, id=id or None)
    except Refused as refused:
        if refused.code not in _OFFERED:
            raise
        return await _offer(request, visitor, model, refused, wanted)
    return lead(request, f"/compilations/{accepted.subject}")


async def _offer(
    request: Request, visitor: Visitor, model: str, refused: Refused, wanted: CompileRequested
) -> HTMLResponse:
    """Why it isn't compiled now, and what can be done about it."""
    row: ModelRow = await visitor.ask("model", model=model)
    given: dict[str, Any] = {
        "model": row, "code": refused.code, "problem": explained(visitor, refused), "wanted": wanted,
    }  # fmt: skip
    if by_script(request):
        headers = {"hx-reswap": "none"}
        context = given | {"visitor": visitor, "zone": visitor.zone}
        return answer("parts/compile_refused.html", visitor.language, context, headers=headers)
    return await page(request, visitor, "compile_refused.html", 409, **given)


async def _same(visitor: Visitor, row: CompilationRow) -> CompilationRow | None:
    """The compilation that an unchanged one equals."""
    if row.same_as is None:
        return None
    found: CompilationRow = await visitor.ask("compilation", compilation=row.same_as)
    return found


async def _difference(visitor: Visitor, id: str, **wanted: Any) -> tuple[CompilationRow, int | None, Difference]:
    """Of a compilation against the version that was active when it was asked for, which comes second."""
    row, answers = await asyncio.gather(
        visitor.ask("compilation", compilation=id), visitor.ask("evaluation", compilation=id, limit=1)
    )
    against = answers.version_before
    since = await _position_of(visitor, row.model, against)
    found: Difference = await visitor.ask("difference", model=row.model, since=since, until=row.position, **wanted)
    return row, against, found


async def _position_of(visitor: Visitor, model: str, version: int | None) -> int:
    """The position from which a version was built; 0 where there was none."""
    before: int | None = None
    while version is not None:
        found: Compilations = await visitor.ask("compilations", model=model, status="succeeded", before=before)
        for one in found.compilations:
            if one.version == version:
                return one.position
        if found.next is None:
            break
        before = found.next
    return 0


def _discard(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
