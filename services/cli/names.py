"""People write names, facts carry ids: from the one to the other, with a suggestion where a name is mistyped."""

import difflib
from collections.abc import Iterable
from typing import Any

from services.cli.client import Client
from services.refusals import Refused


async def model_row(client: Client, name: str) -> dict[str, Any]:
    """The model of this id or name. Raises `Refused` (unknown_model) with the names that resemble it."""
    try:
        return await client.query("model", {"model": name})
    except Refused as refused:
        if not refused.code.startswith(("unknown", "no_such", "not_found")):
            raise
        near = _near(name, (row["name"] for row in await assistants(client)))
        raise Refused(refused.code, refused.message + near, refused.fields) from None


async def model_id(client: Client, name: str) -> str:
    """The id of the model of this id or name. Raises `Refused`: `unknown_model`, with a name that resembles it."""
    rows = await assistants(client)
    return _by_name(name, ({**row, "id": row["model"]} for row in rows), "model")


async def model_name(client: Client, name: str) -> str:
    """The name of the model of this id or name, as everybody may know it."""
    id = await model_id(client, name)
    return next(str(row["name"]) for row in await assistants(client) if row["model"] == id)


async def assistants(client: Client) -> list[dict[str, Any]]:
    """The models as everybody may know them, archived ones too."""
    rows: list[dict[str, Any]] = (await client.query("assistants", {"archived": True}))["assistants"]
    return rows


async def provider_id(client: Client, name: str) -> str:
    """The id of the provider of this id or name."""
    return _by_name(name, (await client.query("providers", {}))["providers"], "provider")


async def group_id(client: Client, name: str) -> str:
    """The id of the group of this id or name."""
    return _by_name(name, (await client.query("groups", {}))["groups"], "group")


async def embedded_provider(client: Client) -> str | None:
    """The id of the embedded provider that models get by default: the first one that isn't retired."""
    rows = (await client.query("providers", {}))["providers"]
    return next((row["id"] for row in rows if row["provider_kind"] == "embedded" and not row["retired"]), None)


def _by_name(name: str, rows: Iterable[dict[str, Any]], kind: str) -> str:
    rows = list(rows)
    if any(row["id"] == name for row in rows):
        return name
    wanted = _folded(name)
    for row in rows:
        if wanted in (_folded(row["name"]), *map(_folded, row.get("names", {}).values())):
            found: str = row["id"]
            return found
    near = _near(name, (row["name"] for row in rows))
    raise Refused(f"unknown_{kind}", f"There is no {kind} called {name!r}.{near}", {kind: "is not known"})


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _near(name: str, names: Iterable[str]) -> str:
    by_folded = {_folded(each): each for each in names}
    close = difflib.get_close_matches(_folded(name), by_folded, n=1, cutoff=0.5)
    return f" Did you mean {by_folded[close[0]]!r}?" if close else ""
