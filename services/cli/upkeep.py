"""`apprentice verify` and `rebuild`: is the log whole, and build every read model anew from it."""

from typing import TYPE_CHECKING, Any, Final

from services.cli.failures import BROKEN, Ended
from services.cli.options import Home, Json
from services.cli.screen import note, progress, say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client

LONG: Final = 3_600.0


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

    async def work(client: "Client") -> dict[str, Any]:
        with progress("Rebuilding"):
            return await client.query("rebuild", {}, timeout=LONG)

    state = talk(home, work)
    if as_json:
        show_json(state)
    else:
        for row in state["read_models"]:
            say(f"{row['name']} is rebuilt, up to position {row['position']:,}")
