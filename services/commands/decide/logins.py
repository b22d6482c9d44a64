"""Logins: whoever signs in by one is one person. An id is a login too.

In logs of before this rule several people may have the same.
"""

from contracts.envelope import Envelope
from services.commands.decide.roles import person_of
from services.commands.states import Person
from services.commands.world import World
from services.folding import fold
from services.refusals import Refused


def login_key(world: World, login: str) -> str:
    """By which a login is found again, however it is spelt; it tells nobody the login."""
    return world.digest(fold(login))


def check_id(world: World, fact: Envelope, id: str) -> None:
    """Whoever has no login signs in by the id, so it is nobody's login. Raises `Refused`: `login_taken`."""
    if (owner := _owner(world, id, id)) is not None:
        raise _taken(world, fact, owner, "id", "subject")


def check_login(world: World, fact: Envelope, id: str, login: object) -> None:
    """It is nobody else's, and nobody else's id. Raises `Refused`: `login_taken`."""
    if not isinstance(login, str):
        return
    if (owner := _owner(world, login, id)) is not None:
        raise _taken(world, fact, owner, "login", "data.login")


def _owner(world: World, login: str, but: str) -> Person | None:
    ids = (world.unique("login", login_key(world, login)) or "").split(",")
    return next((world.person(one) for one in ids if one not in ("", but)), None)


def _taken(world: World, fact: Envelope, owner: Person, what: str, field: str) -> Refused:
    # Logins are for administrators and their owners to see: to a module it isn't said whose this one is.
    asking = person_of(world, fact)
    knows = asking is not None and "administrator" in asking.roles and isinstance(owner.name, str)
    who = owner.name if knows else "Somebody else"
    return Refused("login_taken", f"{who} signs in with this {what} already; choose another one.", {field: "taken"})
