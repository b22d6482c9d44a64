"""The rules: a reported fact and the world give events, or a refusal. Pure."""

from collections.abc import Callable
from typing import Final

from contracts.envelope import Envelope
from contracts.facts import Kind
from services.commands.decide import compilation, group, message, model, module, person, proposal, provider, teaching
from services.commands.decide.conflict import conflict
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

_FORBIDDEN: Final = frozenset({"role_needed", "not_a_member", "not_the_author", "not_the_proposer", "not_yourself"})


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
        Refused: `conflict`; or what keeps its sender from changing the record at all, who isn't told of others' changes.
    """
    if expected is None:
        return
    now = _state(world, fact.data.kind, fact.subject or fact.id)
    revision = now.revision if now is not None else 0
    if revision != expected:
        _check_allowed(world, fact)
        raise conflict(world, fact, expected, revision)


def _check_allowed(world: World, fact: Envelope) -> None:
    try:
        decide(world, fact)
    except Refused as refusal:
        if refusal.code in _FORBIDDEN or refusal.code.startswith("unknown_"):
            raise


def _state(world: World, kind: Kind, id: str) -> State | None:
    found: State | None = getattr(world, kind)(id)
    return found
