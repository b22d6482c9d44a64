"""`apprentice notices`: what you are to be told."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import As, Home, Json
from services.cli.screen import say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client


def notices(
    read: Annotated[bool, typer.Option("--read", help="Mark them as read.")] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=500, help="How many at most.")] = 50,
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What you are to be told, newest first: compilations, proposals, base models that end."""
    from services.cli.client import talk

    async def work(client: "Client") -> dict[str, Any]:
        found = await client.query("notices", {"limit": limit})
        if read and found["unread"]:
            newest = found["notices"][0]["position"]
            await client.report("NoticesRead", {"upto": newest}, subject=client.actor.removeprefix("person:"))
        return found

    found = talk(home, work, person=person)
    if as_json:
        show_json(found)
    elif not found["notices"]:
        say("There is nothing to tell.")
    for row in [] if as_json else found["notices"]:
        say(f"{' ' if row['read'] else '*'} {row['message']}")
