"""`apprentice history`: the log, event by event."""

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.cli.options import As, Home, Json
from services.cli.screen import say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client

PAGE: Final = 500
LOOK_SECONDS: Final = 2.0
SHOWN: Final = ("position", "fact", "kind", "subject", "time", "recorded_at", "actor", "data")


def history(
    after: Annotated[int, typer.Option(metavar="N", min=0, help="Only events after this position.")] = 0,
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="Only what is about this model.")] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="How many at most.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows.")] = False,
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """What happened, in the log's order: position, time, fact, who reported it, what it is about."""
    from services.cli.client import talk

    work = partial(_show, after=after, model=model, limit=limit, follow=follow, as_json=as_json)
    talk(home, work, person=person)


async def _show(
    client: "Client", after: int, model: str | None, limit: int | None, follow: bool, as_json: bool
) -> None:
    shown = 0
    async for event in _events(client, after, model, follow):
        if as_json:
            show_json({key: event[key] for key in SHOWN})
        else:
            _say(event)
        shown += 1
        if shown == limit:
            return


async def _events(client: "Client", after: int, model: str | None, follow: bool) -> AsyncIterator[dict[str, Any]]:
    async with client.growing() as grown:
        while True:
            wanted = {"after": after, "limit": PAGE} | ({"model": model} if model else {})
            page = await client.query("history", wanted)
            for event in page["events"]:
                yield event
            if page["next"] is not None:
                after = page["next"]
                continue
            if page["events"]:
                after = page["events"][-1]["position"]
            if not follow:
                return
            await grown(LOOK_SECONDS)


def _say(event: dict[str, Any]) -> None:
    moment = event["recorded_at"][:19] + "Z"
    about = f"{event['kind']} {event['subject']}"
    say(f"{event['position']:>8}  {moment}  {event['fact']:<22}  {event['actor']:<20}  {about}")
