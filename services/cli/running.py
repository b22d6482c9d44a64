"""`apprentice up`, `run` and what goes with them: start the system, or one service of it."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import Home, Json


def up(
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65_535, help="Of the web pages; 0: any.")] = 8760,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo company on the first start.")] = True,
    home: Home = None,
) -> int:
    """Run everything in one process until Ctrl-C: services, bus, databases, the embedded provider."""
    from services.settings import default_home
    from services.up import start

    return start((home or default_home()).expanduser(), port=port, demo=demo)


def run(
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE",
            help="commands, projections, compiler, chat, web, embedded-provider; or provision, which ends by itself.",
        ),
    ],
    home: Home = None,
) -> int:
    """Run one service as a process of its own, with its settings from the environment."""
    from services.run import start
    from services.settings import default_home

    return start(service, (home or default_home()).expanduser())


def secrets(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where they are to stand; made when it isn't there.")],
    nats: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where services reach the bus.")] = "nats:4222",
    postgres: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where they reach PostgreSQL.")] = "postgres:5432",
) -> None:
    """Make the secrets that compose.yaml needs: passwords, the master key, the bus's configuration."""


def endpoint(home: Home = None, as_json: Json = False) -> None:
    """Write endpoint.json for a system that runs elsewhere."""
