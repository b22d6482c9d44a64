"""`apprentice compilations`: what was built from a model's lessons, newest first."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import As, Home, Json, Model
from services.cli.screen import say, show_json, table

if TYPE_CHECKING:
    from services.cli.client import Client


def compilations(
    model: Model,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1_000, help="How many at most.")] = 100,
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """A model's compilations, newest first."""
    from services.cli.client import talk

    async def work(client: "Client") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await client.query("compilations", {"model": model, "limit": limit}))[
            "compilations"
        ]
        return rows

    rows = talk(home, work, person=person)
    if as_json:
        versions = {row["id"]: row["version"] for row in rows}
        show_json([compilation_json(row, versions.get(row["same_as"])) for row in rows])
    elif not rows:
        say("It has never been compiled.")
    else:
        titles = ("requested", "status", "version", "examples", "position", "id", "")
        table(titles, [_cells(row) for row in rows], right=(2, 3, 4))


def compilation_json(row: dict[str, Any], same_version: int | None = None) -> dict[str, Any]:
    """One compilation in the shape that other programs rely on; an unchanged one has the version that it equals."""
    shown = {key: row[key] for key in ("id", "status", "version", "position", "sha256", "examples")}
    shown["version"] = row["version"] or same_version
    problem = row["error"]
    error = {key: text_of(problem[key]) for key in ("message", "fix", "raw")} if problem else None
    return {**shown, "error": error}


def text_of(text: Any) -> str:
    """A text as it is shown: what is sealed from us, or erased, is said to be so."""
    return text if isinstance(text, str) else "(sealed)"


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    problem = row["error"] or row["deletion_problem"]
    return (
        row["requested_at"][:19].replace("T", " "),
        "deleting" if row["deletion_requested"] else row["status"],
        str(row["version"] or ""),
        f"{row['examples']:,}" if row["examples"] is not None else "",
        str(row["position"]),
        row["id"],
        text_of(problem["message"]) if problem else "",
    )
