"""What every revision has in common: it must change something."""

from typing import Any

from contracts.facts import Fact
from services.commands.states import State
from services.refusals import Refused


def changed(state: State, data: Fact, *, renamed: dict[str, str] | None = None) -> dict[str, Any]:
    """The given fields whose value differs from the state's.

    Raises:
        Refused: `nothing_changes`.
    """
    names = renamed or {}
    changes = {name: value for name, value in data.changes().items() if getattr(state, names.get(name, name)) != value}
    if not changes:
        raise Refused("nothing_changes", "This is how it is already; nothing was changed.")
    return changes


def required(data: Fact, *fields: str) -> None:
    """None of these fields may be given as null.

    Raises:
        Refused: `malformed`.
    """
    changes = data.changes()
    empty = [name for name in fields if name in changes and changes[name] is None]
    if empty:
        raise Refused("malformed", f"{empty[0]} can't be empty.", {f"data.{name}": "can't be null" for name in empty})
