"""`apprentice up`, `run` and what goes with them: start the system, or one service of it."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.failures import Broken
from services.cli.options import Home, Json
from services.cli.screen import say, show_json
from services.refusals import Refused

LOCAL_BUS, LOCAL_WEB = "nats://127.0.0.1:4222", "http://127.0.0.1:8760"


def up(
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65_535, help="The port of the web pages; 0: any free one.")
    ] = 8760,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo company on the first start.")] = True,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="For developers of modules: refuse what has the header Sandbox-Refuse.")
    ] = False,
    home: Home = None,
) -> int:
    """Run everything in one process until Ctrl-C: services, bus, databases, the embedded provider."""
    from services.settings import default_home
    from services.up import start

    return start((home or default_home()).expanduser(), port=port, demo=demo, sandbox=sandbox)


def run(
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE",
            help="commands, projections, compiler, chat, web, embedded-provider; or provision and first-start, which end.",
        ),
    ],
    home: Home = None,
) -> int:
    """Run one service as a process of its own, with its settings from the environment."""
    from services.run import start
    from services.settings import default_home

    return start(service, (home or default_home()).expanduser())


def secrets(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder for them; it is made if it isn't there.")],
    postgres: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where services reach PostgreSQL.")
    ] = "postgres:5432",
    as_json: Json = False,
) -> None:
    """Make the secrets that compose.yaml needs: passwords, the master key, the bus's configuration."""
    from services.apart import AlreadyThere, make_secrets

    try:
        names = make_secrets(folder, postgres=postgres)
    except AlreadyThere as problem:
        raise Refused("already_there", str(problem)) from problem
    except OSError as problem:
        raise Broken(f"{folder} can't be written: {problem.strerror}.") from problem
    if as_json:
        show_json({"folder": str(folder), "files": names})
    else:
        say(f"{len(names)} secrets are in {folder}. Back up master_key apart: without it nothing sealed can be read.")


def endpoint(
    secrets: Annotated[Path, typer.Option(metavar="DIR", help="The folder that `apprentice secrets` made.")],
    nats: Annotated[str, typer.Option(metavar="URL", help="Where this machine reaches the bus.")] = LOCAL_BUS,
    web: Annotated[str, typer.Option(metavar="URL", help="Where it reaches the web pages.")] = LOCAL_WEB,
    provider: Annotated[str, typer.Option(metavar="URL", help="Where it reaches the embedded provider.")] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write endpoint.json into the home folder, so that this command reaches a system that runs apart."""
    from services.apart import write_outside_endpoint
    from services.settings import default_home

    where = (home or default_home()).expanduser().resolve()
    try:
        file = write_outside_endpoint(where, secrets, nats=nats, web=web, provider=provider)
    except OSError as problem:
        raise Broken(f"{problem.filename} can't be used: {problem.strerror}.") from problem
    if as_json:
        show_json({"file": str(file)})
    else:
        say(f"Written: {file}")
