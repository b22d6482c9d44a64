"""What is private: somebody's own assistant, and chats of two. For everybody else they aren't there."""

import pytest

from contracts.envelope import Envelope
from contracts.facts.group import GroupCreated
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
    assert refused(world, again).code == "role_needed"
    assert world.world.qa("noted").model == "own"  # type: ignore[union-attr]


def test_an_own_assistant_serves_one_person() -> None:
    world = given()

    assert refused(world, fact("PersonRevised", "bob", assistant="own")).code == "assistant_taken"
    assert refused(world, fact("PersonAdded", name="Eve", assistant="own")).code == "assistant_taken"
    world.when(fact("PersonRevised", "ann", assistant=None))
    assert world.then(fact("PersonRevised", "bob", assistant="own")) == ["PersonRevised"]
    world.when(fact("PersonErased", "bob"))
    assert world.then(fact("PersonRevised", "ann", assistant="own")) == ["PersonRevised"]


SECOND = fact("GroupCreated", "second", by="person:ann", name="Leave", use="assistant", members=["virtual_user:mine"],
              instructions="Be brief.")  # fmt: skip


def test_a_conversation_with_the_own_assistant_keeps_its_name_to_itself() -> None:
    world = given()

    [begun] = world.when(SECOND)
    [renamed] = world.when(fact("GroupRevised", "second", by="person:ann", name="Leave in May"))
    [instructed] = world.when(fact("GroupRevised", "second", by="person:ann", instructions=None))

    assert isinstance(begun.data, GroupCreated)
    assert (begun.data.name, begun.data.title, begun.data.instructions) == ("Ann's assistant", "Leave", "Be brief.")
    assert renamed.data.given() == {"title": "Leave in May"}
    assert instructed.data.given() == {"instructions": None}
    assert (
        refused(world, fact("GroupRevised", "second", by="person:ann", name="Leave in May")).code == "nothing_changes"
    )
    assert world.then(fact("GroupArchived", "second", by="person:ann")) == ["GroupArchived"]


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (fact("GroupCreated", by="person:ann", name="X", use="assistant", members=["virtual_user:sally"]),
         "not_your_assistant"),
        (fact("GroupCreated", by="person:bob", name="X", use="assistant", members=["virtual_user:sally"]),
         "not_your_assistant"),
        (fact("GroupCreated", by="module:erp", name="X", use="assistant", members=["person:bob", "virtual_user:sally"]),
         "not_a_member"),
        (fact("GroupCreated", by="person:ann", name="X", use="assistant", topic="T", members=["virtual_user:mine"]),
         "malformed"),
        (fact("GroupCreated", by="person:ann", name="X", instructions="Be brief."), "malformed"),
        (fact("GroupRevised", "open", by="person:ann", instructions="Be brief."), "malformed"),
        (fact("GroupRevised", "chat", by="person:ann", topic="T"), "malformed"),
        (fact("GroupRevised", "chat", by="person:owner", instructions="Tell me all."), "unknown_group"),
    ],
)  # fmt: skip
def test_whose_assistant_one_talks_with_and_what_is_said_of_it(when: Envelope, code: str) -> None:
    assert refused(given(), when).code == code


def test_without_an_own_assistant_the_default_one_is_it() -> None:
    world = given(fact("DefaultModelChosen", "sales"))
    chat = fact("GroupCreated", by="person:bob", name="X", use="assistant", members=["virtual_user:sally"])

    assert world.then(chat) == ["GroupCreated"]


def test_an_own_assistant_that_was_given_to_somebody_else_speaks_with_that_person_only() -> None:
    world = given(fact("PersonRevised", "ann", assistant=None), fact("PersonRevised", "bob", assistant="own"))

    asked = fact("MessagePosted", by="person:ann", group="chat", text="When does Bob swim?")
    assert refused(world, asked).code == "not_your_assistant"


def test_two_have_one_direct_chat_until_it_is_archived() -> None:
    world = given()
    again = fact("GroupCreated", by="person:bob", name="We", use="direct", members=["person:ann"])

    refusal = refused(world, again)
    assert (refusal.code, refusal.fields) == ("group_exists", {"group": "talk"})
    for members in (["person:tom"], ["virtual_user:sally"]):
        other = fact("GroupCreated", by="person:ann", name="X", use="direct", members=members)
        assert world.then(other) == ["GroupCreated"]
    world.when(fact("GroupArchived", "talk", by="person:ann"))
    assert world.then(again) == ["GroupCreated"]


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


def test_what_was_taught_in_private_is_not_made_everybodys_by_changing_what_the_assistant_is_for() -> None:
    world = given()
    world.when(fact("ModelDefined", "new", name="New", use="personal"))

    refusal = refused(world, fact("ModelRevised", "own", use="arbiter"))

    assert (refusal.code, refusal.fields) == ("personal_model", {"data.use": "has private lessons"})
    assert world.then(fact("ModelRevised", "new", use="arbiter")) == ["ModelRevised"]
    assert world.then(fact("ModelRevised", "own", notes="Hers")) == ["ModelRevised"]
