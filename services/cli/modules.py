"""`apprentice module`: let another program connect, and say how far it is trusted."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.failures import Broken
from services.cli.options import Home, Json
from services.cli.screen import say, show_json
from services.refusals import Refused

if TYPE_CHECKING:
    from services.cli.client import Client


def module(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The module's name: a-z, 0-9 and -, at most 32.")],
    proposes: Annotated[
        bool | None,
        typer.Option("--proposes/--teaches", help="What it reports is proposed to trainers, or teaches at once."),
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a module's login, or show it again: with it the module connects to the bus and speaks for itself only."""
    from services.bus.module_logins import NotAModule, NotHere, is_taken, module_login
    from services.cli.client import endpoint_of, talk

    where, endpoint = endpoint_of(home)
    try:
        login, fresh = module_login(where, endpoint, name)
    except NotAModule as problem:
        raise Refused("malformed", str(problem)) from problem
    except NotHere as problem:
        raise Broken(str(problem)) from problem

    async def trust(client: "Client") -> bool:
        if proposes is None:
            rows = (await client.query("modules", {}))["modules"]
            return any(row["id"] == name and row["lessons"] == "proposes" for row in rows)
        try:
            await client.report("ModuleTrusted", {"lessons": "proposes" if proposes else "teaches"}, subject=name)
        except Refused as refused:
            if refused.code != "nothing_changes":
                raise
        return proposes

    # While the bus learns of a login it may turn others away, and forgets whom its services were about to answer.
    import asyncio  # imported late: --help is quicker

    asyncio.run(is_taken(login))
    trusted = talk(home, trust)
    if as_json:
        shown = {"url": login.url, "user": login.user, "password": login.password, "inbox_prefix": login.inbox}
        show_json({"module": name, **shown, "proposes": trusted})
        return
    say(f"{'Made' if fresh else 'Here is'} the login of the module {name}:")
    for title, value in (
        ("url", login.url),
        ("user", login.user),
        ("password", login.password),
        ("inbox prefix", login.inbox),
    ):
        say(f"  {title:<13} {value}")
    say(f"What it reports {'is proposed to trainers' if trusted else 'teaches at once'}.")
