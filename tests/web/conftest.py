"""What tests of pages share, each with the system of its own file."""

import itertools

import pytest

from tests.fixtures.system import System

_NUMBERS = itertools.count(1)


@pytest.fixture
def scratch(system: System) -> str:
    """A model of the test's own, which it may change as it likes: its id, which is its name in small letters."""
    id = f"scratch-{next(_NUMBERS)}"
    system.send("ModelDefined", "--subject", id, name=id.title(), provider="embedded", parent="master")
    return id
