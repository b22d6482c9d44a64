"""People write names, facts carry ids: from the one to the other, with a suggestion where a name is mistyped."""

from typing import Any

from services.cli.client import Client
from services.naming import by_name, near
from services.refusals import Refused


async def model_row(client: Client, name: str) -> dict[str, Any]:
    """The model of this id or name. Raises `Refused` (unknown_model) with the names that resemble it."""
    try:
        return await client.query("model", {"model": name})
    except Refused as refused:
        if not refused.code.startswith(("unknown", "no_such", "not_found")):
            raise
        like = near(name, (row["name"] for row in await assistants(client)))
        raise Refused(refused.code, refused.message + like, refused.fields) from None


async def model_id(client: Client, name: str) -> str:
    """The id of the model of this id or name. Raises `Refused`: `unknown_model`, with a name that resembles it."""
    rows = await assistants(client)
    return by_name(name, ({**row, "id": row["model"]} for row in rows), "model")


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
    return by_name(name, (await client.query("providers", {}))["providers"], "provider")


async def group_id(client: Client, name: str) -> str:
    """The id of the group of this id or name."""
    return by_name(name, (await client.query("groups", {}))["groups"], "group")


async def embedded_provider(client: Client) -> str | None:
    """The id of the embedded provider that models get by default: the first one that isn't retired."""
    rows = (await client.query("providers", {}))["providers"]
    return next((row["id"] for row in rows if row["provider_kind"] == "embedded" and not row["retired"]), None)
