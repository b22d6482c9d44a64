"""`apprentice import`: many lessons from a file of JSON lines."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from services.cli.failures import REFUSED, Broken, Ended
from services.cli.options import As, Home, Json, Module
from services.cli.screen import note, progress, say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client
    from services.cli.rows import Report

SHOWN: Final = 20


def import_lessons(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON lines; - for standard input.")],
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="For rows that name no model.")] = None,
    person: As = None,
    module: Module = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Import lessons, one a line: {"model", "question", "answer"} or {"model", "messages": [...]}.

    Rows may also say "section", "purpose", "language". Importing the same rows again changes nothing.
    """
    from services.cli.client import talk
    from services.cli.rows import Import, Report

    report = Report()

    async def work(client: "Client") -> None:
        with _opened(file) as (lines, size), progress("Importing", "bytes") as bar:
            await Import(client, model, report).run(lines, bar, size)

    talk(home, work, person=person, module=module)
    report.rejected.sort(key=lambda row: row["line"])
    if as_json:
        show_json({"accepted": report.accepted, "proposed": report.proposed, "rejected": report.rejected})
    else:
        _tell(report)
    if report.rejected:
        raise Ended(REFUSED)


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


def _tell(report: "Report") -> None:
    for row in report.rejected[:SHOWN]:
        note(f"line {row['line']}: {row['message']}")
    if len(report.rejected) > SHOWN:
        note(f"... and {len(report.rejected) - SHOWN} more; --json names them all.")
    proposed = f" ({report.proposed} as proposals)" if report.proposed else ""
    rejected = f", {len(report.rejected)} rejected" if report.rejected else ""
    say(f"{report.accepted} accepted{proposed}{rejected}")
