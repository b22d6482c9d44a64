"""Logins: whoever signs in by one is one person."""

import pytest

from contracts.envelope import Envelope
from services.refusals import Refused
from tests.commands.rules.given import Given, fact

ANN = fact("PersonAdded", "ann", name="Ann", login="Ann@Rowan")
ADA = fact("PersonAdded", "ada", name="Ada", roles=["administrator"])


def refused(world: Given, when: Envelope) -> Refused:
    with pytest.raises(Refused) as refusal:
        world.when(when)
    return refusal.value


def test_two_people_never_have_one_login_however_it_is_spelt() -> None:
    world = Given(ANN, fact("PersonAdded", "bob", name="Bob"))

    for login in ("Ann@Rowan", "ann@rowan", " ANN@ROWAN "):
        assert refused(world, fact("PersonAdded", name="Eve", login=login)).code == "login_taken"
        assert refused(world, fact("PersonRevised", "bob", login=login)).code == "login_taken"
    assert world.then(fact("PersonRevised", "ann", login="ann@rowan")) == ["PersonRevised"]


def test_administrators_are_told_whose_login_it_is_and_modules_are_not() -> None:
    world = Given(ANN, ADA)
    again = {"name": "Eve", "login": "ann@rowan"}

    told = refused(world, fact("PersonAdded", by="person:ada", **again))
    untold = refused(world, fact("PersonAdded", by="module:hr", **again))

    assert told.message == "Ann signs in with this login already; choose another one."
    assert untold.message == "Somebody else signs in with this login already; choose another one."
    assert told.fields == untold.fields == {"data.login": "taken"}


@pytest.mark.parametrize(
    "given_up",
    [fact("PersonRevised", "ann", login=None), fact("PersonRevised", "ann", login="a"), fact("PersonErased", "ann")],
)
def test_a_login_that_was_given_up_may_be_taken(given_up: Envelope) -> None:
    world = Given(ANN, given_up)

    assert world.then(fact("PersonAdded", "eve", name="Eve", login="ann@rowan")) == ["PersonAdded"]


def test_an_id_by_which_somebody_signs_in_is_nobodys_login_and_a_login_nobodys_id() -> None:
    world = Given(ADA, fact("PersonAdded", "bob", name="Bob", login="Robert"))

    for login in ("ada", "ADA"):
        assert refused(world, fact("PersonAdded", name="Eve", login=login)).code == "login_taken"
    assert refused(world, fact("PersonAdded", "Ada", name="Another")).code == "login_taken"
    assert refused(world, fact("PersonAdded", "robert", name="Robert")).fields == {"subject": "taken"}
    assert world.then(fact("PersonRevised", "ada", login="ada")) == ["PersonRevised"]


def test_rows_of_logins_hold_no_login() -> None:
    rows = Given(ANN).world.rows

    assert [value for (table, _), value in rows.items() if table == "login"].count("ann") == 2
    assert not any("rowan" in key.casefold() for _, key in rows)
