"""`apprentice import` and `undo`: many lessons from a file, and back."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from services.cli.failures import REFUSED, Broken, Ended
from services.cli.options import As, Home, Json, Module
from services.cli.screen import counted, note, progress, say, show_json
from services.refusals import Refused

if TYPE_CHECKING:
    from services.cli.client import Client
    from services.lesson_files.rows import BadRow, Row

SHOWN: Final = 20
FORMATS: Final = ("jsonl", "csv", "openai", "erpnet")
FormatName = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", help="jsonl, csv, openai or erpnet. Default: what it looks like."),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="FIELD=COLUMN", help="For CSV: the column of a field, as question=Frage; repeatable."
    ),
]


def import_lessons(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The file; - for standard input.")],
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="For rows that name no model.")] = None,
    format: FormatName = None,
    columns: Mapping = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each row; record nothing.")
    ] = False,
    person: As = None,
    module: Module = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Import lessons from JSON lines, CSV, OpenAI's chat format or ERP.net's JSON.

    Every row that can't be taken is named with its line; duplicates, conflicts and personal data are marked. With
    --dry-run first, nothing is recorded. Importing the same rows again changes nothing; `apprentice undo` takes the
    whole import back.

    CSV has its columns named question, answer, and as you like model, section, purpose, active, language, notes,
    held_back, external_system, external_id; or map your own: --map question=Frage --map answer=Antwort. Other columns
    are kept, and exported again.
    """
    from services.cli.client import talk
    from services.cli.import_report import show, tell
    from services.importing.report import Report

    report, id = Report(), f"import-{uuid.uuid4()}"
    mapping = mapping_of(columns)

    async def work(client: "Client") -> None:
        from services.bus.client import NoReply
        from services.importing.rows import AT_A_TIME, Import

        with _opened(file) as (stream, size), progress("Checking" if dry_run else "Importing", "bytes") as bar:
            rows = _rows(file, stream, format, mapping)
            at_a_time = 1 if stream.isatty() else AT_A_TIME  # whoever types rows sees each taken at once
            importing = Import(client, id, model, report, dry=dry_run)
            try:
                await importing.run(rows, bar, lambda: (_told(stream, size), size), at_a_time)
            except NoReply as problem:
                came = "" if dry_run else f" At least {report.accepted:,} rows came in: apprentice undo {id}."
                raise Broken(f"{problem}{came} Run it again; nothing counts twice.") from problem

    if not dry_run and not as_json:
        note(f"This is {id}.")  # whoever is cut off can take back what came in
    try:
        talk(home, work, person=person, module=module)
    except KeyboardInterrupt:
        if report.accepted and not dry_run:
            came = counted(report.accepted, "row")  # those that weren't answered yet may have come in as well
            note(f"At least {came} came in. Run it again for the rest, or take them back with: apprentice undo {id}")
        raise
    (show if as_json else tell)(report, None if dry_run else id)
    if report.rejected:
        raise Ended(REFUSED)


def undo(
    import_id: Annotated[str, typer.Argument(metavar="IMPORT", help="As `apprentice import` named it.")],
    person: As = None,
    module: Module = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take a whole import back: what it added is deactivated, what it changed is as before.

    Lessons that somebody changed since are left alone and named. Importing the file again brings them back.
    """
    from services.cli.client import talk
    from services.importing.undoing import undo_import

    try:
        with progress("Taking back", "changes") as bar:
            undone = talk(home, partial(undo_import, id=import_id, bar=bar), person=person, module=module)
    except KeyboardInterrupt:
        note("Part of it may be taken back already; run it again for the rest.")
        raise
    if as_json:
        show_json({"undone": undone.undone, "already": undone.already, "left": undone.left})
        return
    for row in undone.left[:SHOWN]:
        note(f"{row['lesson']}: {row['message']}")
    if len(undone.left) > SHOWN:
        note(f"... and {len(undone.left) - SHOWN:,} more; --json names them.")
    parts = [f"{counted(undone.undone, 'change')} taken back"]
    parts += [f"{undone.already:,} needed nothing"] if undone.already else []
    parts += [f"{len(undone.left):,} left alone"] if undone.left else []
    say(", ".join(parts) + ".")


def mapping_of(given: list[str] | None) -> dict[str, str]:
    """`["question=Frage"]` as `{"question": "Frage"}`. Raises `Refused`."""
    found: dict[str, str] = {}
    for one in given or []:
        name, equals, column = one.partition("=")
        if not equals or not name or not column:
            raise Refused("usage", f"--map takes FIELD=COLUMN, as in question=Frage, not {one!r}.")
        found[name] = column
    return found


def format_called(name: str | None) -> Any:
    """The format of this name, or None. Raises `Refused`."""
    if name is not None and name not in FORMATS:
        raise Refused("usage", f"There is no format {name!r}; there are {', '.join(FORMATS)}.")
    return name


def _rows(file: str, stream: BinaryIO, format: str | None, mapping: dict[str, str]) -> "Iterator[Row | BadRow]":
    from services.lesson_files.formats import HEAD, detect, read_rows

    chosen = format_called(format)
    if chosen is None:
        assert isinstance(stream, BufferedReader)
        chosen = "csv" if mapping else detect(file, stream.peek(HEAD)[:HEAD])
    return read_rows(stream, chosen, mapping)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    if file == "-":
        yield sys.stdin.buffer, None
        return
    path = Path(file).expanduser()
    try:
        stream = path.open("rb")
    except OSError as problem:
        raise Broken(f"{file} can't be read: {problem.strerror}.") from problem
    with stream:
        yield stream, path.stat().st_size


def _told(stream: BinaryIO, size: int | None) -> float:
    try:
        return stream.tell() if size is not None else 0
    except (OSError, ValueError):
        return size or 0
