"""Importing lessons: a file, its columns, what would become of every row, then the import, and its Undo."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from starlette.datastructures import UploadFile

from contracts.queries import ImportedLessons, ModelRow
from services.bus.plain import Plain
from services.importing.report import Report
from services.lesson_files.csv_lessons import COLUMNS
from services.lesson_files.rows import Format
from services.refusals import Refused
from services.web.answers import by_script, lead
from services.web.asking import MODULE
from services.web.bringing import LARGEST, Brought
from services.web.problems import Told, explained, sentence
from services.web.rendering import new_id
from services.web.shell import page, part
from services.web.views.columns import chosen, complete, excerpts, guessed, sheet
from services.web.visitor import Signed, Visitor

SHOWN: Final = 100
"""Rows that are named on the page; the download names all."""
PIECE: Final = 1_000_000
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/models/{id}/import")
async def choose(request: Request, visitor: Signed, id: str, problem: str = "") -> HTMLResponse:
    """Where a file is given."""
    visitor.need("trainer")
    return await _choose(request, visitor, id)


@router.post("/models/{id}/import")
async def take(request: Request, visitor: Signed, id: str) -> Response:
    """The file is read to its end, told what it is, and tried."""
    visitor.need("trainer")
    model: ModelRow = await visitor.ask("model", model=id)
    try:
        visitor.house.imports.free(visitor.actor)
        name, path = await _received(request, visitor)
        one = visitor.house.imports.bring(visitor.actor, model.id, name, path)
    except Refused as refused:
        return await _choose(request, visitor, id, explained(visitor, refused))
    return lead(request, f"/imports/{one.id}")


@router.get("/imports/{id}")
async def show(request: Request, visitor: Signed, id: str, rows: str = "") -> HTMLResponse:
    """How far it is, or what became of it."""
    visitor.need("trainer")
    one = visitor.house.imports.find(id, visitor.actor)
    if one is None:
        return await _remembered(request, visitor, id)
    context = await _context(visitor, one, rows)
    if by_script(request):
        return part(request, visitor, "parts/import.html", **context)
    return await page(request, visitor, "import.html", **context)


@router.post("/imports/{id}/columns")
async def read_as(
    request: Request, visitor: Signed, id: str, format: Annotated[Format, Form()],
    field: Annotated[list[str], Form()] = [], guess: Text = "",  # noqa: B006
) -> Response:  # fmt: skip
    """Read the file so, and try it again."""
    visitor.need("trainer")
    one = _mine(visitor, id)
    if one.running:
        raise Told("import_running", visitor.text("It is still on its way; wait until it is done."))
    header = (await asyncio.to_thread(sheet, one.path)).header if format == "csv" else []
    again = guess or format != one.format
    one.format, one.mapping = format, guessed(header) if again else chosen(header, field)
    if format == "csv" and not complete(header, one.mapping):
        one.phase = "columns"
    else:
        visitor.house.imports.check(one)
    return lead(request, f"/imports/{id}")


@router.post("/imports/{id}/check")
async def check(request: Request, visitor: Signed, id: str) -> Response:
    """Try it again."""
    visitor.need("trainer")
    visitor.house.imports.check(_mine(visitor, id))
    return lead(request, f"/imports/{id}")


@router.post("/imports/{id}/start")
async def start(request: Request, visitor: Signed, id: str) -> Response:
    """Bring it in; the page may be closed meanwhile."""
    visitor.need("trainer")
    one = _mine(visitor, id)
    if one.phase not in ("checked", "broken"):
        raise Told("import_running", visitor.text("It is still on its way, or in already."))
    visitor.house.imports.start(one)
    return lead(request, f"/imports/{id}")


@router.post("/imports/{id}/undo")
async def undo(request: Request, visitor: Signed, id: str) -> Response:
    """Take all of it back."""
    visitor.need("trainer")
    one = visitor.house.imports.find(id, visitor.actor)
    if one is not None:
        visitor.house.imports.undo(one)
        return lead(request, f"/imports/{id}")
    from services.importing.undoing import undo_import

    undone = await undo_import(Plain(visitor.house.bus, MODULE, visitor.actor), id, _Unseen())
    return await _remembered(request, visitor, id, undone)


@router.post("/imports/{id}/discard")
async def discard(request: Request, visitor: Signed, id: str) -> Response:
    """Stop it and forget the file."""
    visitor.need("trainer")
    one = _mine(visitor, id)
    await visitor.house.imports.discard(one)
    return lead(request, f"/models/{one.model}/lessons")


@router.get("/imports/{id}/rejected.csv")
async def rejected(visitor: Signed, id: str) -> StreamingResponse:
    """Every row that stays out, with its line and why."""
    visitor.need("trainer")
    one = _mine(visitor, id)
    headers = {
        "content-disposition": f'attachment; filename="{Path(one.name).stem[:80]!a}-rejected.csv"'.replace("'", "")
    }
    return StreamingResponse(
        _csv(one.report), media_type="text/csv; charset=utf-8", headers=headers | {"cache-control": "no-store"}
    )


async def _csv(report: Report) -> AsyncIterator[str]:
    """Asynchronous, so that it runs where the report's database was opened."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(("line", "row", "code", "message"))
    for told in report.named("rejected"):
        writer.writerow((told["line"], told["row"], told["code"], told["message"]))
        if written.tell() > 65_536:
            yield written.getvalue()
            written.seek(0)
            written.truncate()
    yield written.getvalue()


class _Unseen:
    def update(self, done: float, total: float | None = None, text: str | None = None) -> None:
        """Nobody looks."""


def _mine(visitor: Visitor, id: str) -> Brought:
    one = visitor.house.imports.find(id, visitor.actor)
    if one is None:
        raise Told("unknown_import", visitor.text("This file isn't here any more; bring it again."))
    return one


async def _received(request: Request, visitor: Visitor) -> tuple[str, Path]:
    """The file's name, and where it lies now. Raises `Refused`."""
    given = request.headers.get("content-length", "")
    if not given.isdecimal() or int(given) > LARGEST + PIECE:
        too_large = visitor.text("A file may have %(number)s MB; split it, or import it at the command line.")
        raise Told("too_large", too_large % {"number": LARGEST // 1_000_000})
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise Told("no_file", visitor.text("Choose a file first."))
        path = visitor.house.imports.place()
        with path.open("wb") as kept:
            while piece := await file.read(PIECE):
                await asyncio.to_thread(kept.write, piece)
        if not path.stat().st_size:
            path.unlink()
            raise Told("no_file", visitor.text("The file is empty."))
        return file.filename[:200], path


async def _choose(request: Request, visitor: Visitor, id: str, problem: str = "") -> HTMLResponse:
    model: ModelRow = await visitor.ask("model", model=id)
    before = visitor.house.imports.of(visitor.actor)
    return await page(
        request, visitor, "import_file.html", 422 if problem else 200, model=model, problem=problem, before=before,
        largest=LARGEST,
    )  # fmt: skip


async def _context(visitor: Visitor, one: Brought, rows: str) -> dict[str, Any]:
    """What import.html and parts/import.html need: all of one moment, for the import goes on meanwhile."""
    while True:
        phase = one.phase
        context = await _looked(visitor, one, rows)
        if one.phase == phase:
            return context | {"one": replace(one)}


async def _looked(visitor: Visitor, one: Brought, rows: str) -> dict[str, Any]:
    report = one.report
    looked = sum(report.marks.values())
    kind = rows if rows in ("rejected", "marked") else "rejected" if report.rejected or not looked else "marked"
    told = [] if one.running or one.phase == "columns" else _first(report, kind)
    model, head, said = await asyncio.gather(
        visitor.ask("model", model=one.model),
        asyncio.to_thread(sheet, one.path) if one.format == "csv" else _no_sheet(),
        asyncio.to_thread(excerpts, one.path, {row["line"] for row in told}),
    )
    fields = {column: field for field, column in one.mapping.items()}
    return {
        "model": model, "report": report, "kind": kind, "rows": rows, "told": told, "said": said, "sheet": head,
        "looked": looked, "formats": FORMATS, "columns": COLUMNS,
        "field_of": lambda name: fields.get(name) or (name if name in COLUMNS and name not in one.mapping else ""),
        "new": report.accepted - report.proposed - report.revised - report.restored, "shown": SHOWN,
        "problem": sentence(visitor.language, one.problem_code, one.problem) if one.problem_code else "",
    }  # fmt: skip


def _first(report: Report, kind: str) -> list[dict[str, Any]]:
    return [told for told, _ in zip(report.named(kind), range(SHOWN), strict=False)]


async def _no_sheet() -> None:
    return None


async def _remembered(request: Request, visitor: Visitor, id: str, undone: Any = None) -> HTMLResponse:
    """An import of which only the log still tells. Raises `Refused`: `unknown_import`."""
    found: ImportedLessons = await visitor.ask("imported", import_id=id, limit=1_000)
    if not found.lessons:
        raise Told("unknown_import", visitor.text("There is no such import."))
    return await page(
        request, visitor, "import_past.html", id=id, number=len(found.lessons), more=found.next is not None,
        undone=undone, form=new_id(),
    )  # fmt: skip
