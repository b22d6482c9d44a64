"""Reading stored events of any schema up to ours: older ones are upcast, newer ones are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from contracts.envelope import Envelope
from contracts.facts import FACTS

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]
"""Pure: the data of one schema as that of the next. Sealed values are moved, never opened."""

_UPCASTERS: Final[dict[tuple[str, int], Upcaster]] = {}


class NewerSchema(Exception):
    """The log was written by a newer Apprentice."""

    def __init__(self, fact: str, schema: int, ours: int | None) -> None:
        known = f"this program knows schema {ours}" if ours else "this program doesn't know it"
        super().__init__(f"The log holds {fact} with schema {schema}; {known}. Install the newer Apprentice again.")


def upcaster(fact: str, from_schema: int) -> Callable[[Upcaster], Upcaster]:
    """Register how a fact's data of this schema becomes that of the next one."""

    def register(function: Upcaster) -> Upcaster:
        if (fact, from_schema) in _UPCASTERS:
            raise ValueError(f"{fact} has an upcaster from schema {from_schema} already")
        _UPCASTERS[fact, from_schema] = function
        return function

    return register


def forget_upcaster(fact: str, from_schema: int) -> None:
    """Take a registration back."""
    _UPCASTERS.pop((fact, from_schema), None)


def read(state: bytes) -> Envelope:
    """A stored event.

    Raises:
        NewerSchema: its schema, or the fact itself, is not known here.
    """
    raw = orjson.loads(state)
    name, schema = raw["type"], raw["schema"]
    ours = check_schema(name, schema)
    while schema < ours:
        raw["data"] = _UPCASTERS[name, schema](raw["data"])
        schema += 1
        raw["schema"] = schema
    return Envelope.model_validate(raw)


def check_schema(fact: str, schema: int) -> int:
    """Our schema number of the fact. Raises `NewerSchema`."""
    known = FACTS.get(fact)
    ours = known.schema_number if known else None
    if ours is None or schema > ours:
        raise NewerSchema(fact, schema, ours)
    return ours
