"""A model's lessons as a table: filtered, searched, sorted and paged by its address; added and edited in place."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from contracts.facts.qa import QAAdded, QARevised
from contracts.queries import Known, LessonTable, ModelRow, Models, TableRow
from services.lesson_files.rows import Format
from services.refusals import Refused
from services.web.answers import aims_at, by_script, lead
from services.web.directory import named
from services.web.exporting import KINDS, exported
from services.web.problems import Told, explained
from services.web.shell import page, part
from services.web.views.lesson_view import View
from services.web.views.lesson_words import answered, asked
from services.web.visitor import STUDIO, Signed, Visitor

SUGGESTED: Final = 200
"""Sections that are offered."""

router = APIRouter()
Text = Annotated[str, Form()]


async def table_context(visitor: Visitor, view: View) -> dict[str, Any]:
    """What parts/lesson_table.html needs."""
    found, models, everybody = await asyncio.gather(
        visitor.ask("lesson_table", **view.wanted(), facets=True),
        visitor.ask("models", archived=True), visitor.house.directory.everybody(),
    )  # fmt: skip
    table: LessonTable = found
    known: Models = models
    model = next(one for one in known.models if one.id == view.model)
    return {
        "view": view, "table": table, "model": model, "can_teach": visitor.has("trainer") and not model.archived,
        "people": sorted((one for one in everybody.values() if not one.bot and not one.erased), key=lambda one: one.name),
    } | _shared(known, everybody)  # fmt: skip


@router.get("/models/{id}/lessons")
async def lessons(request: Request, visitor: Signed, id: str, add: bool = False) -> HTMLResponse:
    """The table as a page, or alone when it replaces itself."""
    visitor.need(*STUDIO)
    view = View.of(f"/models/{id}/lessons", id, request.query_params)
    context = await table_context(visitor, view) | {"adding": add}
    if aims_at(request, "lessons"):
        return part(request, visitor, "parts/lesson_table.html", headers={"hx-push-url": view.here()}, **context)
    if aims_at(request, "facets"):
        return part(request, visitor, "parts/lesson_table.html", **context)
    return await page(request, visitor, "lessons.html", **context)


@router.get("/models/{id}/lessons/export")
async def export(visitor: Signed, id: str, format: Format = "csv") -> StreamingResponse:
    """All own lessons as a file."""
    visitor.need(*STUDIO)
    position, _ = await visitor.ask_at("model", model=id)
    ending, kind = KINDS[format]
    headers = {"content-disposition": f'attachment; filename="{id}-lessons.{ending}"', "cache-control": "no-store"}
    return StreamingResponse(exported(visitor, id, format, position), media_type=kind, headers=headers)


@router.get("/models/{id}/lessons/new")
async def new(request: Request, visitor: Signed, id: str) -> Response:
    """The form of a new lesson, on top of the table."""
    visitor.need("trainer")
    if not by_script(request):
        return lead(request, f"/models/{id}/lessons?add=1")
    return await _new_form(request, visitor, id)


@router.get("/models/{id}/lessons/known")
async def known(request: Request, visitor: Signed, id: str, question: str = "") -> HTMLResponse:
    """Whether the model has an answer to this question already."""
    visitor.need(*STUDIO)
    found = Known(known=[])
    if question.strip():
        found = await visitor.ask("known_questions", model=id, questions=[question.strip()[:2_000]])
    return part(request, visitor, "parts/known.html", known=found.known)


@router.post("/models/{id}/lessons")
async def add(
    request: Request, visitor: Signed, id: str, fact: Annotated[str, Form(alias="id")], question: Text = "",
    answer: Text = "", section: Text = "", purpose: Text = "training", to: Text = "",
) -> Response:  # fmt: skip
    """Teach it; the form stays for the next one."""
    visitor.need("trainer")
    given = {"question": question, "answer": answer, "section": section, "purpose": purpose}
    if not question.strip() or not answer.strip():
        problem = visitor.text("A lesson needs a question and an answer.")
        if not by_script(request):
            raise Told("malformed", problem)
        return await _new_form(request, visitor, id, given, problem)
    content = QAAdded(
        model=id, question=question.strip(), answer=_lines(answer), section=section.strip() or "General",
        purpose="validation" if purpose == "validation" else "training",
    )  # fmt: skip
    try:
        accepted = await visitor.report(content, id=fact)
    except Refused as refused:
        if not by_script(request):
            raise
        return await _new_form(request, visitor, id, given, explained(visitor, refused))
    if not by_script(request):
        return lead(request, f"/models/{id}" if to == "model" else f"/models/{id}/lessons")
    model, row = await asyncio.gather(_model(visitor, id), _row(visitor, id, accepted.subject))
    return part(
        request, visitor, "parts/lesson_added.html", headers={"hx-trigger": "taught"}, given=given | {"question": "", "answer": ""}, problem="",
        **row, model=model, sections=[],
    )  # fmt: skip


@router.get("/models/{id}/lessons/{lesson}/row")
async def row(request: Request, visitor: Signed, id: str, lesson: str) -> HTMLResponse:
    """One row as it stands now."""
    visitor.need(*STUDIO)
    return part(request, visitor, "parts/lesson_row.html", **await _row(visitor, id, lesson))


@router.get("/models/{id}/lessons/{lesson}/edit")
async def edit(request: Request, visitor: Signed, id: str, lesson: str) -> Response:
    """The row as a form in its place."""
    visitor.need("trainer")
    if not by_script(request):
        return lead(request, f"/lessons/{lesson}")
    context = await _row(visitor, id, lesson)
    found: TableRow = context["row"]
    return part(request, visitor, "parts/lesson_edit.html", **context, given=_given(found), problem="", newer=None)


@router.post("/models/{id}/lessons/{lesson}")
async def save(
    request: Request, visitor: Signed, id: str, lesson: str, revision: Annotated[int, Form()],
    fact: Annotated[str, Form(alias="id")], question: Text = "", answer: Text = "", section: Text = "",
) -> Response:  # fmt: skip
    """Save what changed. Somebody else's newer text is shown beside instead of being overwritten."""
    visitor.need("trainer")
    before: TableRow = (await _row(visitor, id, lesson))["row"]
    given = {"question": question.strip(), "answer": _lines(answer), "section": section.strip() or "General"}
    changes = {name: value for name, value in given.items() if value != _given(before)[name]}
    problem, newer = "", None
    if changes:
        try:
            await visitor.report(QARevised(**changes), subject=lesson, id=fact, revision=revision)
        except Refused as refused:
            problem = explained(visitor, refused)
            newer = before if refused.code == "conflict" else None
        except ValueError:
            problem = visitor.text("A lesson needs a question of at most 2,000 characters, and an answer.")
    context = await _row(visitor, id, lesson)
    if problem:
        status = 409 if newer else 422
        return part(
            request, visitor, "parts/lesson_edit.html", status, **context, given=given, problem=problem, newer=newer
        )
    if not by_script(request):
        return lead(request, f"/models/{id}/lessons")
    headers = {"hx-trigger": "taught"}
    return part(
        request,
        visitor,
        "parts/lesson_saved.html",
        headers=headers,
        **context,
        before=_given(before) if changes else None,
    )


async def _row(visitor: Visitor, model: str, lesson: str) -> dict[str, Any]:
    """What parts/lesson_row.html needs. Raises `Refused`: `unknown_lesson`."""
    wanted = {"model": model, "lesson": lesson, "inherited": True, "limit": 1}
    found, models, everybody = await asyncio.gather(
        visitor.ask("lesson_table", **wanted), visitor.ask("models", archived=True),
        visitor.house.directory.everybody(),
    )  # fmt: skip
    table: LessonTable = found
    if not table.lessons:
        raise Told("unknown_lesson", visitor.text("This lesson no longer belongs to this model."))
    home = next(one for one in models.models if one.id == model)
    can_teach = visitor.has("trainer") and not home.archived
    return {"row": table.lessons[0], "view": View("", model), "can_teach": can_teach} | _shared(models, everybody)


def _shared(models: Models, everybody: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.id: one for one in models.models}
    return {
        "named": lambda actor: named(everybody, actor), "asked": asked, "answered": answered, "models": names,
    }  # fmt: skip


async def _model(visitor: Visitor, id: str) -> ModelRow:
    row: ModelRow = await visitor.ask("model", model=id)
    return row


async def _new_form(
    request: Request, visitor: Visitor, id: str, given: Mapping[str, str] | None = None, problem: str = ""
) -> HTMLResponse:
    found: LessonTable = await visitor.ask("lesson_table", model=id, limit=1)
    usual = {"question": "", "answer": "", "section": "", "purpose": "training"}
    return part(
        request, visitor, "parts/lesson_new.html", 422 if problem else 200, model=await _model(visitor, id),
        given=usual | dict(given or {}), problem=problem, sections=(found.sections or [])[:SUGGESTED],
    )  # fmt: skip


def _given(row: TableRow) -> dict[str, str]:
    return {"question": asked(row), "answer": answered(row), "section": row.section}


def _lines(text: str) -> str:
    return text.strip().replace("\r\n", "\n")
