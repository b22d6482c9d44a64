"""A system for a file of tests, and a model for each of them."""

import itertools
from collections.abc import Iterator

import pytest

from tests.fixtures.system import System

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("importing") / "home", "--no-demo").start()
    yield system
    assert system.stop() == 0, system.said


@pytest.fixture
def model(company: System) -> str:
    """A model of the test's own, with a lesson that was there before."""
    name = f"m{next(NUMBERS)}"
    company.send("ModelDefined", id=name, name=name)
    company.send("QAAdded", model=name, question="Who was here first?", answer="This lesson.")
    return name
