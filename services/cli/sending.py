"""`apprentice send`: report one fact."""

import difflib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.failures import Broken
from services.cli.options import As, Home, Json, Module
from services.cli.screen import say, show_json
from services.refusals import Refused

if TYPE_CHECKING:
    from contracts.facts import Fact
    from services.cli.client import Client


def send(
    fact: Annotated[str, typer.Argument(metavar="FACT", help="The fact's name, such as QAAdded.")],
    body: Annotated[
        str, typer.Argument(metavar="[JSON|@FILE|-]", help="Its data: JSON, @FILE or - for standard input.")
    ] = "{}",
    person: As = None,
    module: Module = None,
    subject: Annotated[
        str | None, typer.Option(metavar="ID", help='The record it is about; or give "id" in the JSON.')
    ] = None,
    id: Annotated[str | None, typer.Option(metavar="ID", help="The fact's own id; the same id counts once.")] = None,
    expected_revision: Annotated[
        int | None, typer.Option(metavar="N", help="Refuse it when the record has moved on since this revision.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Report a fact, such as a lesson: it is accepted with its position, or refused with the reason.

    Models, parents, providers and groups may be given by name.
    """
    from services.cli.client import talk

    kind = fact_called(fact)
    data = read_body(body)

    async def work(client: "Client") -> dict[str, Any]:
        about = await _subject(client, kind, data, subject)
        await _names_to_ids(client, kind, data)
        return await client.report(fact, data, subject=about, id=id, expected_revision=expected_revision)

    accepted = talk(home, work, person=person, module=module)
    if as_json:
        show_json(accepted)
    else:
        became = f"; it became {accepted['became']}" if accepted.get("became") else ""
        say(f"{fact} accepted at position {accepted['position']}{became} ({kind.kind} {accepted['subject']})")


def fact_called(name: str) -> "type[Fact]":
    """The fact of this name. Raises `Refused` with the name that resembles it."""
    from contracts.facts import FACTS

    if found := FACTS.get(name):
        return found
    folded = {each.casefold(): each for each in FACTS}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    near = f" Did you mean {folded[close[0]]}?" if close else f" There are {', '.join(FACTS)}."
    raise Refused("unknown_fact", f"There is no fact called {name!r}.{near}")


def read_body(given: str) -> dict[str, Any]:
    """The JSON object given, in the file after @, or on standard input for -. Raises `Refused`, `Broken`."""
    text = _read(given)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise Refused("malformed", f"The data isn't JSON: {problem}.") from problem
    if not isinstance(data, dict):
        raise Refused("malformed", "The data isn't a JSON object; write {...}.")
    return data


def _read(given: str) -> str:
    try:
        if given == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        if given.startswith("@"):
            return Path(given[1:]).expanduser().read_text(encoding="utf-8")
    except OSError as problem:
        raise Broken(f"{given[1:]} can't be read: {problem.strerror}.") from problem
    except UnicodeDecodeError as problem:
        raise Refused("malformed", "The data isn't UTF-8.") from problem
    return given


async def _subject(client: "Client", kind: "type[Fact]", data: dict[str, Any], given: str | None) -> str | None:
    """The record's id: from the option, or from what the JSON calls `id`, `subject` or by the record's kind."""
    for key in ("id", "subject", kind.kind):
        if key in data and key not in kind.model_fields and (isinstance(data[key], str) or data[key] is None):
            value = data.pop(key)
            given = given if given is not None else value
    if given is None or kind.begins:
        return given
    resolve = _resolvers().get(kind.kind)
    return await resolve(client, given) if resolve else given


async def _names_to_ids(client: "Client", kind: "type[Fact]", data: dict[str, Any]) -> None:
    resolvers = _resolvers()
    if kind.__name__ == "ModelDefined" and "provider" not in data:
        from services.cli.names import embedded_provider

        if (provider := await embedded_provider(client)) is not None:
            data["provider"] = provider
    for key in resolvers.keys() & kind.model_fields.keys() - kind.derived_fields():
        if isinstance(data.get(key), str):
            data[key] = await resolvers[key](client, data[key])


def _resolvers() -> dict[str, Any]:
    from services.cli import names

    models = dict.fromkeys(("model", "parent", "to", "assistant"), names.model_id)
    return {**models, "provider": names.provider_id, "group": names.group_id}
