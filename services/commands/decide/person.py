"""The rules of people: who may give roles, and who may never lose one."""

from contracts.envelope import Envelope
from contracts.facts.person import (
    ModelUnwatched,
    ModelWatched,
    NoticesRead,
    PersonAdded,
    PersonErased,
    PersonRevised,
)
from services.commands.channel import PEOPLE
from services.commands.decide.event import Event
from services.commands.decide.logins import check_id, check_login
from services.commands.decide.lookups import fresh, live_model, the_person
from services.commands.decide.revising import changed, required
from services.commands.decide.roles import need
from services.commands.world import World
from services.refusals import Refused


def decide(world: World, fact: Envelope, id: str) -> list[Event]:
    """Administrators and modules add people; people may change their own name and language."""
    match data := fact.data:
        case PersonAdded():
            fresh(world.person(id), "person", id)
            if not (id == "owner" and fact.actor == "service:commands"):
                need(world, fact, "administrator")
            _check_roles(fact, data.roles)
            _check_assistant(world, id, data.assistant)
            check_id(world, fact, id)
            check_login(world, fact, id, data.login)
        case PersonRevised():
            _revised(world, fact, data, id)
        case PersonErased():
            need(world, fact, "administrator")
            the_person(world, id)
            _keep_an_administrator(world, id)
        case ModelWatched() | ModelUnwatched():
            _watched(world, fact, data, id)
        case NoticesRead():
            _oneself(fact, id)
            if data.upto <= the_person(world, id).notices_read:
                raise Refused("nothing_changes", "These notices were read already.")
    return [Event("person", id, fact.data, PEOPLE)]


def _watched(world: World, fact: Envelope, data: ModelWatched | ModelUnwatched, id: str) -> None:
    _oneself(fact, id)
    person = the_person(world, id)
    wanted = isinstance(data, ModelWatched)
    if (data.model in person.watches) == wanted:
        raise Refused("nothing_changes", "The model is watched already." if wanted else "The model isn't watched.")
    if wanted:
        model = live_model(world, data.model, "data.model")
        if model.use == "personal" and person.assistant != model.id and "administrator" not in person.roles:
            raise Refused("unknown_model", f"There is no model {data.model}.", {"data.model": "unknown"})


def _oneself(fact: Envelope, id: str) -> None:
    if fact.actor != f"person:{id}":
        raise Refused("not_yourself", "Only the person themselves can do this.", {"subject": "somebody else"})


def _revised(world: World, fact: Envelope, data: PersonRevised, id: str) -> None:
    person = the_person(world, id)
    required(data, "name", "language", "roles")
    changes = changed(person, data)
    if fact.actor != f"person:{id}" or changes.keys() - {"name", "language"}:
        need(world, fact, "administrator")
    if "roles" in changes and data.roles is not None:
        _check_giver(fact)
        _check_roles(fact, data.roles)
        if "administrator" not in data.roles:
            _keep_an_administrator(world, id)
    if "assistant" in changes:
        _check_assistant(world, id, data.assistant)
    if "login" in changes:
        check_login(world, fact, id, data.login)


def _check_roles(fact: Envelope, roles: tuple[str, ...]) -> None:
    if fact.actor.startswith("module:") and set(roles) != {"member"}:
        raise Refused(
            "role_needed", "A module adds members only; an administrator gives roles.", {"data.roles": "member only"}
        )
    if len(set(roles)) != len(roles):
        raise Refused("malformed", "A role is named twice.", {"data.roles": "named twice"})


def _check_giver(fact: Envelope) -> None:
    if fact.actor.startswith("module:"):
        raise Refused("role_needed", "A module neither gives nor takes roles; ask an administrator.",
                      {"data.roles": "leave them out"})  # fmt: skip


def _check_assistant(world: World, id: str, model: str | None) -> None:
    if model is None or live_model(world, model, "data.assistant").use != "personal":
        return
    if (serves := world.unique("assistants", model)) not in (None, id):
        raise Refused("assistant_taken", f"{model} is {serves}'s own assistant, and private to that person; "
                      "define another model for this one.", {"data.assistant": "taken"})  # fmt: skip


def _keep_an_administrator(world: World, id: str) -> None:
    if world.unique("administrators", "all") == id:
        raise Refused("last_administrator", "This is the last administrator; give somebody else the role first.")
