"""`apprentice link`: a web address that signs somebody in once."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import As, Home, Json
from services.cli.screen import say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client


def link(
    who: Annotated[str, typer.Argument(metavar="[PERSON]", help="By id, login or e-mail.")] = "owner",
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """A web address that signs a person in once, within a day; for the owner and administrators to give away."""
    from services.cli.client import talk

    async def work(client: "Client") -> dict[str, Any]:
        found: dict[str, Any] = await client.query("sign_in_link", {"person": who})
        return found

    found = talk(home, work, person=person)
    if as_json:
        show_json(found)
    else:
        say(found["url"])
