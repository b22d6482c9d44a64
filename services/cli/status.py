"""`apprentice status`: what runs, where, and how far it is."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.options import Home, Json
from services.cli.screen import say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client


def status(home: Home = None, as_json: Json = False) -> None:
    """What runs, where it is reached, and how far log and read models are."""
    from services.cli.client import endpoint_of, talk

    where, endpoint = endpoint_of(home)

    async def work(client: "Client") -> dict[str, Any]:
        return await client.query("state", {})

    state = talk(home, work)
    addresses = {"web": endpoint.http, "bus": endpoint.nats, "provider": endpoint.provider}
    if as_json:
        show_json({"home": str(where), "running": True, "addresses": addresses, **state})
    else:
        _tell(where, addresses, state)


def _tell(where: Path, addresses: dict[str, str], state: dict[str, Any]) -> None:
    lines = [("home", str(where)), *((name, url) for name, url in addresses.items() if url)]
    lines += [("log", f"{state['head']:,} is the last position; id {state['log_id']}")]
    for row in state["read_models"]:
        behind = state["head"] - row["position"]
        lines.append((f"read model {row['name']}", f"{behind:,} behind" if behind else "up to date"))
    counts = ", ".join(f"{number:,} {name}" for name, number in state["counts"].items())
    lines += [("holds", counts)] if counts else []
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        say(f"{name:<{width}}  {value}")
