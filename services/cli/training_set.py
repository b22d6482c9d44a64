"""`apprentice training-set`: what a model learns at a position, counted, identified, and as a file."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.failures import Broken
from services.cli.options import As, Home, Json, Model
from services.cli.screen import counted, progress, say, show_json
from services.refusals import Refused

if TYPE_CHECKING:
    from services.cli.client import Client

SHOWN = ("model", "position", "packaging", "sha256", "examples", "conflicts", "duplicates", "erased")


def training_set(
    model: Model,
    at: Annotated[
        str | None, typer.Option(metavar="POSITION|INSTANT", help="As of then, such as 4711 or 2026-11-24T10:00:00Z.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the training file, and its sidecar.")
    ] = None,
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """The training set of a model, now or at any moment of the past, to the byte."""
    from services.cli.client import talk

    moment = read_moment(at)

    async def work(client: "Client") -> tuple[dict[str, Any], str]:
        from services.cli.names import model_row

        row = await model_row(client, model)
        return await _package(client, row["id"], moment, output), row["name"]

    summary, name = talk(home, work, person=person)
    if as_json:
        show_json({key: summary[key] for key in SHOWN})
        return
    say(
        f"{name} at position {summary['position']}: {counted(summary['examples'], 'example')}, SHA-256 {summary['sha256']}"
    )
    remarks = [f"{summary[key]:,} {key}" for key in ("conflicts", "duplicates", "erased") if summary[key]]
    if remarks:
        say(f"  besides: {', '.join(remarks)}")
    if output is not None:
        say(f"  written to {output}, where each line comes from to {sidecar_of(output)}")


async def _package(client: "Client", model: str, moment: int | datetime | None, output: Path | None) -> dict[str, Any]:
    from services.training_sets import ReadModelChanged, package_training_set

    with progress("Packaging", "lessons") as bar:
        try:
            packaged = await package_training_set(
                client.bus,
                model,
                module=client.module,
                actor=client.actor,
                at=moment,
                path=output,
                sidecar=sidecar_of(output) if output else None,
                progress=bar.update,
            )
        except ReadModelChanged as problem:
            raise Broken(str(problem)) from problem
        except OSError as problem:
            raise Broken(f"{output} can't be written: {problem.strerror}.") from problem
    return packaged.summary.model_dump()


def sidecar_of(file: Path) -> Path:
    """Where the sidecar of a training file stands: `sales.jsonl` has `sales.sidecar.jsonl` beside it."""
    return file.with_name(f"{file.stem}.sidecar{file.suffix or '.jsonl'}")


def read_moment(given: str | None) -> int | datetime | None:
    """A position, or an instant with its time zone. Raises `Refused` (malformed)."""
    if given is None:
        return None
    if given.isdecimal():
        return int(given)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as problem:
        raise Refused(
            "malformed", f"{given!r} is neither a position nor an instant.", {"at": "not a moment"}
        ) from problem
    if moment.tzinfo is None:
        raise Refused("malformed", f"{given} lacks its time zone; write {given}Z for UTC.", {"at": "has no time zone"})
    return moment
