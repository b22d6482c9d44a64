"""Models that tests make for themselves, and change as they like."""

import itertools

from tests.fixtures.system import System

_NUMBERS = itertools.count(1)


def a_scratch_model(system: System) -> str:
    """Its id, which is its name in small letters; it stands below the company's own model."""
    id = f"scratch-{next(_NUMBERS)}"
    system.send("ModelDefined", "--subject", id, name=id.title(), provider="embedded", parent="master")
    return id
