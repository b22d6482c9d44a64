"""What every state has: the record's id, and the revision of its log stream."""

from dataclasses import dataclass
from typing import Any

from contracts.facts import Fact


@dataclass(frozen=True, slots=True)
class State:
    """The fold of one log stream. Never mutated."""

    id: str
    revision: int


def given(data: Fact, *fields: str) -> dict[str, Any]:
    """Those of the fields that the fact gave, as the state names them."""
    changes = data.changes()
    return {name: changes[name] for name in fields if name in changes}
