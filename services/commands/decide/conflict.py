"""A record has moved on since the revision that the sender saw: who changed what."""

from collections.abc import Sequence
from datetime import UTC

from contracts.envelope import Envelope
from services.commands.world import World
from services.refusals import Refused

TOLD = 3
"""The latest changes that the sentence names."""


def conflict(world: World, fact: Envelope, expected: int, revision: int) -> Refused:
    """The refusal. Its fields name those of the fact's own that somebody else has changed."""
    changes = world.since(fact.data.kind, fact.subject or fact.id, expected)
    seen = f"now revision {revision}, you saw {expected}"
    told = "; ".join(_told(world, one) for one in changes[-TOLD:])
    sentence = (
        f"It was changed since you saw it ({seen}){': ' + told if told else ''}. Look again before you change it."
    )
    return Refused("conflict", sentence, {"subject": f"is at revision {revision}"} | _touched(fact, changes))


def _told(world: World, change: Envelope) -> str:
    what = ", ".join(name.replace("_", " ") for name in _fields(change)) or change.type
    return f"{what} by {_name(world, change.actor)} at {change.time.astimezone(UTC):%H:%M} UTC"


def _name(world: World, actor: str) -> str:
    kind, _, id = actor.partition(":")
    person = world.person(id) if kind == "person" else None
    return person.name if person is not None and isinstance(person.name, str) else f"the {kind} {id}"


def _fields(change: Envelope) -> list[str]:
    return [name for name in type(change.data).model_fields if name in change.data.changes()]


def _touched(fact: Envelope, changes: Sequence[Envelope]) -> dict[str, str]:
    own = fact.data.changes().keys()
    touched = {name for change in changes for name in _fields(change)}
    return {f"data.{name}": "was changed meanwhile" for name in sorted(own & touched)}
