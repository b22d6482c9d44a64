"""`apprentice preflight`: what a compilation would find, and what would change, without paying for it."""

from typing import TYPE_CHECKING, Any, Final

from services.cli.failures import REFUSED, Ended
from services.cli.options import As, Home, Json, Model
from services.cli.screen import counted, say, show_json

if TYPE_CHECKING:
    from services.cli.client import Client

PATIENCE: Final = 600.0
SHOWN: Final = 20
_MARKS: Final = {"ok": "ok     ", "warning": "warning", "error": "error  "}
_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}


def preflight(model: Model, person: As = None, home: Home = None, as_json: Json = False) -> None:
    """Check what a compilation of a model would find, with the difference to the active version. Costs nothing."""
    from services.cli.client import talk

    async def work(client: "Client") -> dict[str, Any]:
        return await client.query("preflight", {"model": model}, timeout=PATIENCE)

    found = talk(home, work, person=person)
    if as_json:
        show_json(found)
    else:
        _tell(found)
    if not found["ready"]:
        raise Ended(REFUSED)


def _tell(found: dict[str, Any]) -> None:
    for check in found["checks"]:
        say(f"{_MARKS[check['level']]}  {check['message']}" + (f" {check['fix']}" if check["fix"] else ""))
        if check["lessons"]:
            more = f" and {len(check['lessons']) - 5} more" if len(check["lessons"]) > 5 else ""
            say(f"         {', '.join(check['lessons'][:5])}{more}")
    size = f"{counted(found['lessons'], 'lesson')}, {counted(found['examples'], 'example')}, {found['bytes']:,} bytes"
    say(f"{size}, {found['tokens_low']:,} to {found['tokens_high']:,} tokens")
    if found["price_low"] is not None:
        say(f"About {found['price_low']:.2f} to {found['price_high']:.2f} {found['currency']}")
    if usual := found["usual"]:
        of = "of this model" if usual["of"] == "model" else "at this provider"
        say(f"Earlier compilations {of} took {usual['least']:,.1f} to {usual['most']:,.1f} s")
    _tell_difference(found["difference"])


def _tell_difference(difference: dict[str, Any]) -> None:
    counts = f"{difference['added']} added, {difference['removed']} removed, {difference['changed']} changed"
    against = "since the active version" if difference["since"] is not None else "(there is no active version)"
    say(f"{counts} {against}")
    for row in difference["lessons"][:SHOWN]:
        say(f"  {_SIGNS[row['change']]} {' '.join(row['text'].split())[:100]}")
    left = difference["added"] + difference["removed"] + difference["changed"] - len(difference["lessons"][:SHOWN])
    if left > 0:
        say(f"  ... and {left:,} more")
    if difference["system_message_changed"]:
        say("  ~ the system message")
