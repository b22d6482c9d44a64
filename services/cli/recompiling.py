"""`apprentice recompile`: build everything at one provider, from the same history."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import As, Home, Json
from services.cli.screen import say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client


def recompile(
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Where they are built from now on.")],
    origin: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="PROVIDER", help="Models of this provider move here; repeatable."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="The models of every provider move here.")] = False,
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Recompile every model of a provider, parents first; each answers from its new version only when it is accepted."""
    from services.cli.client import talk
    from services.cli.names import provider_id

    async def work(client: "Client") -> dict[str, Any]:
        here = await provider_id(client, provider)
        origins = [await provider_id(client, one) for one in origin or []]
        if every:
            origins = [row["id"] for row in (await client.query("providers", {}))["providers"] if row["id"] != here]
        return await client.report("RecompilationRequested", {"models_of": origins}, subject=here)

    accepted = talk(home, work, person=person)
    if as_json:
        show_json(accepted)
    else:
        say(f"Requested at position {accepted['position']}; `apprentice notices` says what became of it.")
