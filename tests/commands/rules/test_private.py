"""What is private: somebody's own assistant, and chats of two. For everybody else they aren't there."""

import pytest

from contracts.envelope import Envelope
from services.refusals import Refused
from tests.commands.rules.given import PROVIDER, SALES, Given, fact

OWN = fact("ModelDefined", "own", name="Ann's assistant", use="personal", virtual_user="mine")
ANN = fact("PersonAdded", "ann", name="Ann", assistant="own")
BOB, TOM = fact("PersonAdded", "bob", name="Bob"), fact("PersonAdded", "tom", name="Tom", roles=["trainer"])
TAUGHT = fact("QAAdded", "note", by="person:ann", model="own", question="When do I swim?", answer="On Mondays.")
CHAT = fact("GroupCreated", "chat", by="person:ann", name="Mine", use="assistant", members=["virtual_user:mine"])
TALK = fact("GroupCreated", "talk", by="person:ann", name="Us", use="direct", members=["person:bob"])
OPEN = fact("GroupCreated", "open", by="person:ann", name="All", members=["person:bob"])
SAID = fact("MessagePosted", "said", by="person:ann", group="chat", text="When do I swim?")


def given(*more: Envelope) -> Given:
    return Given(PROVIDER, SALES, OWN, ANN, BOB, TOM, TAUGHT, CHAT, TALK, OPEN, SAID, *more)


def refused(world: Given, when: Envelope) -> Refused:
    with pytest.raises(Refused) as refusal:
        world.when(when)
    return refusal.value


def test_a_person_talks_with_their_own_assistant_and_nobody_else_does() -> None:
    world = given()

    for use, members in (("assistant", []), ("direct", []), ("group", ["person:ann"])):
        chat = fact("GroupCreated", by="person:bob", name="X", use=use, members=["virtual_user:mine", *members])
        assert refused(world, chat).code == "personal_model"
    joins = fact("MemberJoined", "open", by="person:ann", member="virtual_user:mine")
    assert refused(world, joins).code == "personal_model"


@pytest.mark.parametrize("chat", ["chat", "talk"])
@pytest.mark.parametrize("by", ["person:owner", "person:tom", "module:erp"])
def test_a_chat_of_two_is_not_there_for_administrators_trainers_and_modules(chat: str, by: str) -> None:
    world = given()

    for intrusion in (
        fact("MessagePosted", by=by, group=chat, text="Hello"),
        fact("MemberJoined", chat, by=by, member="person:owner"),
        fact("GroupRevised", chat, by=by, name="Renamed"),
        fact("GroupArchived", chat, by=by),
    ):
        refusal = refused(world, intrusion)
        assert (refusal.code, refusal.message) == ("unknown_group", f"There is no group {chat}.")


def test_a_refusal_tells_a_stranger_no_groups_name() -> None:
    refusal = refused(given(), fact("MessagePosted", by="person:tom", group="open", text="Hi"))

    assert (refusal.code, "All" in refusal.message) == ("not_a_member", False)


def test_nobody_begins_a_chat_of_two_for_others() -> None:
    begins = fact("GroupCreated", by="person:tom", name="X", use="direct", members=["person:ann", "person:bob"])

    assert refused(given(), begins).code == "not_a_member"


def test_what_an_own_assistant_learns_goes_nowhere_else_without_a_trainer() -> None:
    world = given()
    record = {"external_system": "notes", "external_id": "1", "question": "q", "answer": "a"}
    world.when(fact("QAAdded", "noted", by="person:ann", model="own", **record))

    assert refused(world, fact("QAMoved", "note", by="person:ann", to="sales")).code == "role_needed"
    again = fact("QAAdded", by="person:ann", model="sales", **(record | {"answer": "b"}))
    assert world.then(again) == ["LessonProposed"]
    assert world.world.qa("noted").model == "own"  # type: ignore[union-attr]


def test_an_own_assistant_serves_one_person() -> None:
    world = given()

    assert refused(world, fact("PersonRevised", "bob", assistant="own")).code == "assistant_taken"
    assert refused(world, fact("PersonAdded", name="Eve", assistant="own")).code == "assistant_taken"
    world.when(fact("PersonRevised", "ann", assistant=None))
    assert world.then(fact("PersonRevised", "bob", assistant="own")) == ["PersonRevised"]
    world.when(fact("PersonErased", "bob"))
    assert world.then(fact("PersonRevised", "ann", assistant="own")) == ["PersonRevised"]


def test_an_own_assistant_is_nobody_elses_default() -> None:
    world = given()

    assert refused(world, fact("DefaultModelChosen", "own")).code == "personal_model"
    assert refused(world, fact("ModelDefined", name="X", use="personal", default=True)).code == "personal_model"
    world.when(fact("DefaultModelChosen", "sales"))
    assert refused(world, fact("ModelRevised", "sales", use="personal")).code == "personal_model"


def test_an_assistant_of_several_people_does_not_become_personal() -> None:
    world = given(fact("PersonRevised", "bob", assistant="sales"), fact("PersonRevised", "tom", assistant="sales"))

    assert refused(world, fact("ModelRevised", "sales", use="personal")).code == "personal_model"
    world.when(fact("PersonRevised", "tom", assistant=None))
    assert world.then(fact("ModelRevised", "sales", use="personal")) == ["ModelRevised"]
