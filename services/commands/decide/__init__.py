"""The rules: a reported fact and the world give events, or a refusal. Pure."""

from collections.abc import Callable
from typing import Final

from contracts.envelope import Envelope
from contracts.facts import Kind
from services.commands.decide import compilation, group, message, model, module, person, proposal, provider, teaching
from services.commands.decide.event import Event
from services.commands.states import State
from services.commands.world import World
from services.refusals import Refused

__all__ = ["Event", "check_revision", "decide"]

_RULES: Final[dict[Kind, Callable[[World, Envelope, str], list[Event]]]] = {
    "provider": provider.decide,
    "model": model.decide,
    "qa": teaching.decide_qa,
    "conversation": teaching.decide_conversation,
    "proposal": proposal.decide,
    "module": module.decide,
    "compilation": compilation.decide,
    "group": group.decide,
    "message": message.decide,
    "person": person.decide,
}


def decide(world: World, fact: Envelope) -> list[Event]:
    """The events that the fact gives, at least one; its subject must be filled in.

    Raises:
        Refused: with the rule's code, one sentence and the fields at fault.
    """
    assert fact.subject is not None, "reception fills in the subject"
    return _RULES[fact.data.kind](world, fact, fact.subject)


def check_revision(world: World, fact: Envelope, expected: int | None) -> None:
    """The record is still as its sender saw it.

    Raises:
        Refused: `conflict`.
    """
    if expected is None:
        return
    now = _state(world, fact.data.kind, fact.subject or fact.id)
    revision = now.revision if now is not None else 0
    if revision != expected:
        raise Refused("conflict", f"It was changed since you saw it (now revision {revision}, you saw {expected}); look again.",
                      {"subject": f"is at revision {revision}"})  # fmt: skip


def _state(world: World, kind: Kind, id: str) -> State | None:
    found: State | None = getattr(world, kind)(id)
    return found
