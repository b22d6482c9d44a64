"""`apprentice verify` and `rebuild`: is the log whole, and build every read model anew from it."""

from typing import TYPE_CHECKING, Any, Final

from services.cli.failures import BROKEN, Ended
from services.cli.options import Home, Json
from services.cli.screen import note, progress, say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client

LONG: Final = 3_600.0
LOOK_SECONDS: Final = 0.1


def verify(home: Home = None, as_json: Json = False) -> None:
    """Compute the log's hash chain again, from its first event to its last."""
    from services.cli.client import talk

    async def work(client: "Client") -> dict[str, Any]:
        with progress("Verifying the chain"):
            return await client.query("chain", {}, timeout=LONG)

    checked = talk(home, work)
    if as_json:
        show_json(checked)
    elif checked["whole"]:
        say(f"The chain is whole: {checked['events']:,} events, head {checked['head']}, {checked['chain']}")
    else:
        note(f"The chain is broken: {checked['problem']}")
    if not checked["whole"]:
        raise Ended(BROKEN)


def rebuild(home: Home = None, as_json: Json = False) -> None:
    """Build every read model anew from the log, beside the serving ones, and switch."""
    from services.cli.client import talk

    state = talk(home, _rebuild)
    if as_json:
        show_json(state)
    else:
        for row in state["read_models"]:
            say(f"Read model {row['name']} is rebuilt, up to position {row['position']:,}")


async def _rebuild(client: "Client") -> dict[str, Any]:
    import asyncio

    before = {row["name"]: row["fingerprint"] for row in (await client.query("state", {}))["read_models"]}
    with progress("Rebuilding", "events") as bar:
        state = await client.query("rebuild", {})
        while old := [row for row in state["read_models"] if row["fingerprint"] == before[row["name"]]]:
            done = [row["rebuilding"] for row in old if row.get("rebuilding") is not None]
            if not done:
                note("The read models could not be built anew; those before go on serving. Projections' log says why.")
                raise Ended(BROKEN)
            bar.update(max(done), state["head"])
            await asyncio.sleep(LOOK_SECONDS)
            state = await client.query("state", {})
    return state
