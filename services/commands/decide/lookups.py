"""Records that must exist before something can happen to them."""

from typing import TypeVar

from services.commands.states import QA, Compilation, Conversation, Group, Message, Model, Person, Proposal, Provider
from services.commands.world import World
from services.refusals import Refused

_T = TypeVar("_T")


def the_provider(world: World, id: str, field: str = "subject") -> Provider:
    """Raises `Refused`: `unknown_provider`."""
    return _there(world.provider(id), "provider", id, field)


def the_model(world: World, id: str, field: str = "subject") -> Model:
    """Raises `Refused`: `unknown_model`."""
    return _there(world.model(id), "model", id, field)


def live_model(world: World, id: str, field: str = "subject") -> Model:
    """A model that isn't archived. Raises `Refused`: `unknown_model`, `model_archived`."""
    model = the_model(world, id, field)
    if model.archived:
        raise Refused("model_archived", f"{model.name} is archived; restore it first.", {field: "archived"})
    return model


def the_qa(world: World, id: str) -> QA:
    """Raises `Refused`: `unknown_qa`."""
    return _there(world.qa(id), "qa", id, "subject")


def the_conversation(world: World, id: str) -> Conversation:
    """Raises `Refused`: `unknown_conversation`."""
    return _there(world.conversation(id), "conversation", id, "subject")


def the_proposal(world: World, id: str) -> Proposal:
    """Raises `Refused`: `unknown_proposal`."""
    return _there(world.proposal(id), "proposal", id, "subject")


def the_compilation(world: World, id: str) -> Compilation:
    """Raises `Refused`: `unknown_compilation`."""
    return _there(world.compilation(id), "compilation", id, "subject")


def the_group(world: World, id: str, field: str = "subject") -> Group:
    """Raises `Refused`: `unknown_group`."""
    return _there(world.group(id), "group", id, field)


def the_message(world: World, id: str, field: str = "subject") -> Message:
    """Raises `Refused`: `unknown_message`."""
    return _there(world.message(id), "message", id, field)


def the_person(world: World, id: str, field: str = "subject") -> Person:
    """Raises `Refused`: `unknown_person`."""
    person = _there(world.person(id), "person", id, field)
    if person.erased:
        raise Refused("person_erased", "This person's data was erased; nothing can be changed.", {field: "erased"})
    return person


def check_speaks(world: World, actor: str | None, field: str) -> None:
    """Words of somebody who was erased are taken in no more. Raises `Refused`: `person_erased`."""
    person = world.person(actor.removeprefix("person:")) if actor is not None and actor.startswith("person:") else None
    if person is not None and person.erased:
        raise Refused("person_erased", f"The data of {person.id} was erased, so no words of theirs are kept any more; "
                      "leave them out.", {field: "erased"})  # fmt: skip


def fresh(state: object, kind: str, id: str) -> None:
    """Nothing has begun under this id yet. Raises `Refused`: `already_exists`."""
    if state is not None:
        raise Refused("already_exists", f"There is a {_WORDS[kind]} {id} already; revise it, or choose another id.",
                      {"subject": "taken"})  # fmt: skip


_WORDS = {"qa": "QA"} | {kind: kind for kind in (
    "provider", "model", "conversation", "proposal", "compilation", "group", "message", "person",
)}  # fmt: skip


def _there(state: _T | None, kind: str, id: str, field: str) -> _T:
    if state is None:
        raise Refused(f"unknown_{kind}", f"There is no {_WORDS[kind]} {id}.", {field: "unknown"})
    return state
