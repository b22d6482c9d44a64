"""`apprentice compile` and `cancel`: build a model's training set at its provider, and watch the steps."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.cli.compilations import compilation_json, text_of
from services.cli.failures import BROKEN, Ended
from services.cli.options import As, Home, Json, Model, Module
from services.cli.screen import counted, note, progress, say, show_json
from services.refusals import Refused

if TYPE_CHECKING:
    from services.cli.client import Client
    from services.importing.progress import Bar

ENDED: Final = frozenset({"succeeded", "unchanged", "failed", "cancelled", "deleted"})
LOOK_SECONDS: Final = 1.0
"""How often to look when the bus is silent."""


def compile_model(
    model: Model,
    wait: Annotated[bool, typer.Option("--wait", help="Show the steps until it has ended.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compile even though nothing has changed.")] = False,
    queue: Annotated[bool, typer.Option("--queue", help="Wait for the one that is running, if one is.")] = False,
    person: As = None,
    module: Module = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Compile a model: its lessons become a new version, which answers as soon as it is ready."""
    from services.cli.client import talk

    work = partial(_compile, model=model, wait=wait, force=force, queue=queue, quiet=as_json)
    row, name, same_version = talk(home, work, person=person, module=module)
    if as_json:
        show_json(compilation_json(row, same_version))
    else:
        _tell(row, name, same_version)
    if row["status"] in ("failed", "cancelled"):
        raise Ended(BROKEN)


def cancel(
    compilation: Annotated[str, typer.Argument(metavar="COMPILATION", help="Its id, or the model that is compiling.")],
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Stop a compilation at its next step; the active version stays."""
    from services.cli.client import talk

    async def work(client: "Client") -> dict[str, Any]:
        return await client.report("CancelRequested", {}, subject=await _running(client, compilation))

    accepted = talk(home, work, person=person)
    if as_json:
        show_json(accepted)
    else:
        say(f"Asked to stop at position {accepted['position']}; it ends at its next step.")


async def _running(client: "Client", given: str) -> str:
    from services.cli.names import model_row

    try:
        found: str = (await client.query("compilation", {"compilation": given}))["id"]
    except Refused:
        row = await model_row(client, given)
        if not row["compiling"]:
            raise Refused("not_compiling", f"{row['name']} isn't compiling now.") from None
        found = row["compiling"]
    return found


async def _compile(
    client: "Client", model: str, wait: bool, force: bool, queue: bool, quiet: bool
) -> tuple[dict[str, Any], str, int | None]:
    from services.cli.names import model_row

    found = await model_row(client, model)
    wanted = {"model": found["id"]} | ({"forced": True} if force else {}) | ({"queue": True} if queue else {})
    accepted = await client.report("CompileRequested", wanted)
    if not wait:
        return await client.query("compilation", {"compilation": accepted["subject"]}), found["name"], None
    if not quiet:
        say(f"Compiling {found['name']} as of position {accepted['position']}")
    with progress(f"Compiling {found['name']}") as bar:
        row = await _watch(client, accepted["subject"], bar, quiet)
    same = await client.query("compilation", {"compilation": row["same_as"]}) if row["same_as"] else None
    return row, found["name"], same["version"] if same else None


async def _watch(client: "Client", compilation: str, bar: "Bar", quiet: bool) -> dict[str, Any]:
    shown = 0
    async with client.growing() as grown:
        while True:
            row = await client.query("compilation", {"compilation": compilation})
            for line in row["log"]:
                if line["position"] > shown and not quiet:
                    say(f"  {line['time'][11:19]}  {text_of(line['message'])}")
                shown = max(shown, line["position"])
            bar.update(0, text=f"{row['status'].capitalize()} ...")
            if row["status"] in ENDED:
                return row
            await grown(LOOK_SECONDS)


def _tell(row: dict[str, Any], name: str, same_version: int | None) -> None:
    match row["status"]:
        case "succeeded":
            passed = f", {row['passed']} of {row['asked']} validation questions passed" if row["asked"] else ""
            say(f"Version {row['version']} of {name} is ready: {counted(row['examples'], 'example')}{passed}")
            if row["accepted"] is False:
                say("It isn't active: too few validation questions passed.")
        case "unchanged":
            say(f"{name} has nothing new to learn since version {same_version}; --force compiles it all the same.")
        case "failed":
            note(f"{name} was not compiled: {text_of(row['error']['message'])} {text_of(row['error']['fix'])}".rstrip())
        case "cancelled":
            note("It was cancelled; the active version stays.")
        case status:
            say(f"{name}: {status} as of position {row['position']} (compilation {row['id']})")
