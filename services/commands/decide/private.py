"""The rules of chats of two: one direct chat for every two, and conversations with one's own assistant."""

from collections.abc import Collection
from typing import Any

from contracts.envelope import Envelope
from contracts.facts.group import GroupCreated, GroupRevised, GroupUse
from services.commands.states import Group, Model, Person
from services.commands.world import World
from services.refusals import Refused


def direct_key(members: Collection[str]) -> str:
    """By which the one direct chat of two members is known."""
    return ",".join(sorted(members))


def check_direct(world: World, fact: Envelope, data: GroupCreated) -> None:
    """Raises `Refused`: `not_a_member`, or `group_exists` with the id of the chat in `fields.group`."""
    _check_own(fact, data)
    existing = world.unique("direct", direct_key(data.members))
    if existing is not None:
        raise Refused("group_exists", "These two have their direct chat already; go on there.", {"group": existing})


def created(world: World, fact: Envelope, data: GroupCreated, person: Person | None) -> GroupCreated:
    """The conversation as it is kept: its name sealed, that of the assistant in its place.

    Raises:
        Refused: `not_a_member`, `malformed`, or `not_your_assistant`.
    """
    if person is None:
        raise Refused(
            "not_a_member", "A conversation with an assistant is begun by its person.", {"actor": "no person"}
        )
    _check_own(fact, data)
    [user] = [one.removeprefix("virtual_user:") for one in data.members if one.startswith("virtual_user:")]
    name = _check_assistant(world, person, user)
    return data.model_copy(update={"name": name, "title": data.name})


def revised(data: GroupRevised) -> GroupRevised:
    """The revision of an assistant chat as it is kept."""
    changes: dict[str, Any] = data.changes()
    title = {"title": changes.pop("name")} if "name" in changes else {}
    return GroupRevised(**changes, **title)


def check_fields(use: GroupUse, data: GroupCreated | GroupRevised) -> None:
    """Raises `Refused`: `malformed`, for what this use of a group doesn't have."""
    missing = ("names", "topic") if use == "assistant" else ("instructions",)
    wrong = [name for name in missing if getattr(data, name)]
    if wrong:
        what = "has a name and instructions only" if use == "assistant" else "has no instructions"
        raise Refused("malformed", f"A {use} chat {what}.", {f"data.{name}": "not in this chat" for name in wrong})


def serves(world: World, model: Model, members: Collection[str]) -> bool:
    """Whether the model is the own assistant of a person among the members."""
    people = [world.person(one.removeprefix("person:")) for one in members if one.startswith("person:")]
    return any(one is not None and one.assistant == model.id for one in people)


def check_served(world: World, group: Group) -> None:
    """An own assistant that was given to somebody else speaks with that person only.

    Raises:
        Refused: `not_your_assistant`.
    """
    for user in (one.removeprefix("virtual_user:") for one in group.members if one.startswith("virtual_user:")):
        model = world.model(world.unique("virtual_user", user) or "")
        if model is not None and model.use == "personal" and not serves(world, model, group.members):
            raise Refused("not_your_assistant", f"{user} isn't your assistant any more; begin a new conversation.")


def _check_own(fact: Envelope, data: GroupCreated) -> None:
    if fact.actor.startswith("person:") and fact.actor not in data.members:
        raise Refused("not_a_member", f"You are one of the two in every {data.use} chat that you begin.",
                      {"data.members": "yourself are missing"})  # fmt: skip


def _check_assistant(world: World, person: Person, virtual_user: str) -> str:
    own = person.assistant or world.unique("default", "model")
    model = world.model(own) if own is not None else None
    wrong = {"data.members": "not your assistant"}
    if model is None:
        raise Refused("not_your_assistant", "You have no assistant, and no model is the default one; ask an administrator.",
                      wrong)  # fmt: skip
    if model.virtual_user is None:
        raise Refused("not_your_assistant", f"Your assistant, {model.name}, has no virtual user, so nobody can talk with it; "
                      "ask an administrator to link one.", wrong)  # fmt: skip
    if model.virtual_user != virtual_user:
        raise Refused("not_your_assistant", f"Your assistant is {model.name} (virtual user {model.virtual_user}); talk with "
                      "others in groups and direct chats.", wrong)  # fmt: skip
    return model.name
