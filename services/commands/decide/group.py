"""The rules of groups: who is in, and who may change that."""

from contracts.envelope import Envelope
from contracts.facts.group import GroupArchived, GroupCreated, GroupRevised, MemberJoined, MemberLeft
from services.commands.channel import of_group
from services.commands.decide import private
from services.commands.decide.event import Event
from services.commands.decide.lookups import fresh, live_model, the_group, the_person
from services.commands.decide.revising import changed, required
from services.commands.decide.roles import person_of
from services.commands.states import Group, Person
from services.commands.world import World
from services.refusals import Refused


def decide(world: World, fact: Envelope, id: str) -> list[Event]:
    """Anyone may create a group; its members and administrators change it."""
    person = person_of(world, fact)
    data = fact.data
    if isinstance(data, GroupCreated):
        fresh(world.group(id), "group", id)
        data = _created(world, fact, data, person)
    else:
        group = _live(world, id)
        check_visible(fact, group, "subject")
        if person is not None and fact.actor not in group.members and "administrator" not in person.roles:
            raise Refused("not_a_member", "Only its members may change a group.", {"actor": "not a member"})
        _check_change(world, group, fact)
        if isinstance(data, GroupRevised) and group.use == "assistant":
            data = private.revised(data)
    return [Event("group", id, data, of_group("group", id))]


def check_visible(fact: Envelope, group: Group, field: str) -> None:
    """A chat of two is theirs alone: for everybody else, administrators and modules too, it isn't there.

    Raises:
        Refused: `unknown_group`.
    """
    if group.use != "group" and not fact.actor.startswith("service:") and fact.actor not in group.members:
        raise Refused("unknown_group", f"There is no group {group.id}.", {field: "unknown"})


def _live(world: World, id: str) -> Group:
    group = the_group(world, id)
    if group.archived:
        raise Refused(
            "group_archived", f"{group.name} is archived; nobody changes it any more.", {"subject": "archived"}
        )
    return group


def _created(world: World, fact: Envelope, data: GroupCreated, person: Person | None) -> GroupCreated:
    data = _with_creator(fact, data)
    _check_members(world, data)
    private.check_fields(data.use, data)
    if data.use == "assistant":
        return private.created(world, fact, data, person)
    if data.use == "direct":
        private.check_direct(world, fact, data)
    return data


def _with_creator(fact: Envelope, data: GroupCreated) -> GroupCreated:
    if not fact.actor.startswith("person:") or fact.actor in data.members:
        return data
    if data.use == "group" or len(data.members) < 2:
        return data.model_copy(update={"members": (fact.actor, *data.members)})
    return data


def _check_members(world: World, data: GroupCreated) -> None:
    if len(set(data.members)) != len(data.members):
        raise Refused("malformed", "A member is named twice.", {"data.members": "named twice"})
    if data.use != "group" and len(data.members) != 2:
        raise Refused("malformed", f"A {data.use} chat has exactly two members.", {"data.members": "must be two"})
    kinds = sorted(member.partition(":")[0] for member in data.members)
    if data.use == "assistant" and kinds != ["person", "virtual_user"]:
        raise Refused(
            "malformed", "An assistant chat has one person and one virtual user.", {"data.members": "wrong kinds"}
        )
    for member in data.members:
        _check_member(world, member, "data.members", data.members if data.use != "group" else ())


def _check_member(world: World, member: str, field: str, two: tuple[str, ...] = ()) -> None:
    kind, _, id = member.partition(":")
    if kind == "person":
        the_person(world, id, field)
        return
    owner = world.unique("virtual_user", id)
    if owner is None:
        raise Refused("unknown_virtual_user", f"No model is linked to the virtual user {id}.", {field: "unknown"})
    model = live_model(world, owner, field)
    if model.use == "personal" and not private.serves(world, model, two):
        raise Refused("personal_model", f"{id} is somebody's own assistant: it talks with that person alone.",
                      {field: "somebody's own assistant"})  # fmt: skip


def _check_change(world: World, group: Group, fact: Envelope) -> None:
    match data := fact.data:
        case GroupRevised():
            required(data, "name", "names", "answers")
            changed(group, data)
            private.check_fields(group.use, data)
        case MemberJoined(member=member):
            _check_open(group)
            if member in group.members:
                raise Refused("nothing_changes", f"{member} is in {group.name} already.")
            _check_member(world, member, "data.member")
        case MemberLeft(member=member):
            _check_open(group)
            if member not in group.members:
                raise Refused("nothing_changes", f"{member} isn't in {group.name}.")
        case GroupArchived():
            pass


def _check_open(group: Group) -> None:
    if group.use != "group":
        raise Refused("members_fixed", f"The members of a {group.use} chat never change; create a group instead.")
