"""Who may do what. Modules and services were checked at reception; people are checked here, by their roles."""

from contracts.envelope import Envelope
from contracts.facts.person import RoleName
from services.commands.states import Person
from services.commands.world import World
from services.refusals import Refused

_WHAT = {
    "administrator": "Only an administrator may do this; ask one.",
    "trainer": "Only a trainer may teach; ask a trainer or an administrator.",
}


def person_of(world: World, fact: Envelope) -> Person | None:
    """The person who reports the fact; None for modules and services.

    Raises:
        Refused: `unknown_person`.
    """
    if not fact.actor.startswith("person:"):
        return None
    id = fact.actor.removeprefix("person:")
    person = world.person(id)
    if person is None or person.erased:
        raise Refused("unknown_person", f"Nobody here is called {id}; add the person first.", {"actor": "unknown"})
    return person


def need(world: World, fact: Envelope, role: RoleName) -> None:
    """The reporting person has the role; administrators may teach too.

    Raises:
        Refused: `unknown_person` or `role_needed`.
    """
    person = person_of(world, fact)
    if person is None or role in person.roles or (role == "trainer" and "administrator" in person.roles):
        return
    raise Refused("role_needed", _WHAT[role], {"actor": f"lacks the role {role}"})
