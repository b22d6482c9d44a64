"""`apprentice models`: the hierarchy, what each model has been taught, and which version answers."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import As, Home, Json
from services.cli.screen import say, show_json, table

if TYPE_CHECKING:
    from services.cli.client import Client


def models(
    archived: Annotated[bool, typer.Option("--archived", help="Archived models too.")] = False,
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """The models, children below their parents."""
    from services.cli.client import talk

    rows, providers = talk(home, partial(_rows, archived=archived), person=person)
    if as_json:
        show_json(rows)
    elif not rows:
        say('There are no models yet. Define one: apprentice send ModelDefined \'{"name": "Sales"}\'')
    else:
        titles = ("model", "active version", "lessons", "inherited", "waiting", "provider", "state")
        table(titles, [_cells(row, indent, providers) for row, indent in _tree(rows)], right=(2, 3, 4))


async def _rows(client: "Client", archived: bool) -> tuple[list[dict[str, Any]], dict[str, str]]:
    rows = (await client.query("models", {"archived": archived}))["models"]
    providers = (await client.query("providers", {}))["providers"]
    return rows, {row["id"]: row["name"] for row in providers}


def _tree(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every row once, children after their parent, with the lines that lead to it."""
    known = {row["id"] for row in rows}
    below: dict[str | None, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["name"].casefold()):
        below.setdefault(row["parent"] if row["parent"] in known else None, []).append(row)

    def walk(parent: str | None, indent: str) -> Iterator[tuple[dict[str, Any], str]]:
        children = below.get(parent, [])
        for row in children:
            last = row is children[-1]
            if parent is None:
                yield row, ""
                yield from walk(row["id"], "")
            else:
                yield row, indent + ("└ " if last else "├ ")
                yield from walk(row["id"], indent + ("  " if last else "│ "))

    return walk(None, "")


def _cells(row: dict[str, Any], indent: str, providers: dict[str, str]) -> tuple[str, ...]:
    active, lessons = row["active"], row["lessons"]
    marks = [word for word in ("default", "archived") if row[word]]
    marks += ["compiling"] if row["compiling"] else []
    return (
        indent + row["name"],
        f"{active['version']} of {row['versions']}" if active else "none",
        str(lessons["own"]),
        str(lessons["inherited"]),
        str(lessons["waiting"]),
        providers.get(row["provider"] or "", "none"),
        ", ".join(marks),
    )
