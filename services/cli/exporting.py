"""`apprentice export`: a model's own lessons as a file, and what had no place in it."""

import sys
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.cli.failures import Broken
from services.cli.importing import Mapping, format_called, mapping_of
from services.cli.options import As, Home, Json, Model
from services.cli.screen import counted, note, progress, show_json

if TYPE_CHECKING:
    from services.cli.client import Client

PAGE: Final = 500


def export(
    model: Model,
    file: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE|-", help="The file to write; - for standard output.")
    ] = "-",
    format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="jsonl, csv, openai or erpnet.")] = "jsonl",
    columns: Mapping = None,
    at: Annotated[str | None, typer.Option(metavar="WHEN", help="As of a position or an instant.")] = None,
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write a model's own lessons to a file, in the order in which they were taught.

    All of them: active or not, training or validation. Imported rows come back as they were, with what was changed
    since; what has no place in the format is reported.
    """
    from services.cli.client import talk

    chosen, mapping = format_called(format), mapping_of(columns)

    async def work(client: "Client") -> tuple[int, dict[str, int]]:
        return await _export(client, model, file, chosen, mapping, at)

    written, lost = talk(home, work, person=person)
    if as_json and file != "-":
        show_json({"lessons": written, "file": file, "lost": lost})
        return
    note(f"{counted(written, 'lesson')} exported" + (f" to {file}" if file != "-" else ""))
    for name, number in lost.items():
        note(f"No place in {format}: {name} ({counted(number, 'lesson')})")


async def _export(
    client: "Client", model: str, file: str, format: Any, mapping: dict[str, str], at: str | None
) -> tuple[int, dict[str, int]]:
    from services.lesson_files.csv_lessons import extra_columns
    from services.lesson_files.formats import writer

    position = (await client.query_at("model", {"model": model}, at=at))[0]
    names = await _names(client, position)
    extra: dict[str, None] = {}
    if format == "csv":  # its header comes first, so the rows are looked through before
        async for lesson in _lessons(client, model, position):
            extra |= dict.fromkeys(extra_columns(lesson))
    written = erased = 0
    with _target(file) as stream, progress("Exporting", "lessons") as bar:
        writing = writer(format, stream, mapping, list(extra), names)
        async for lesson in _lessons(client, model, position):
            if lesson["question"] is None and not lesson["messages"]:
                erased += 1
                continue
            before = writing.lost["conversations"]
            writing.write(lesson)
            written += writing.lost["conversations"] == before
            bar.update(written)
        writing.close()
    return written, {name: number for name, number in writing.lost.items() if number} | (
        {"erased lessons": erased} if erased else {}
    )


async def _names(client: "Client", position: int) -> dict[str, str]:
    rows = (await client.query("models", {"archived": True}, at=position))["models"]
    return {row["id"]: row["name"] for row in rows}


async def _lessons(client: "Client", model: str, position: int) -> AsyncIterator[dict[str, Any]]:
    after: str | None = ""
    while after is not None:
        wanted = {"model": model, "order": "taught", "after": after, "limit": PAGE}
        page = await client.query("lessons", wanted, at=position)
        for lesson in page["lessons"]:
            yield lesson
        after = page["next"]


def _target(file: str) -> Any:
    if file == "-":
        return nullcontext(sys.stdout.buffer)
    try:
        return Path(file).expanduser().open("wb")
    except OSError as problem:
        raise Broken(f"{file} can't be written: {problem.strerror}.") from problem
