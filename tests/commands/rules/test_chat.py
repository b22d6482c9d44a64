"""What the rules say about groups and messages."""

from typing import Any

import pytest

from contracts.envelope import Envelope
from services.refusals import Refused
from tests.commands.rules.given import PROVIDER, SALES, Given, fact

ANN, BOB = (fact("PersonAdded", name.lower(), name=name, roles=["member"]) for name in ("Ann", "Bob"))
GROUP = fact("GroupCreated", "g", by="person:ann", name="G", members=["virtual_user:sally"])
ASKED = fact("MessagePosted", "q", by="person:ann", group="g", text="@sally how often?")
ANSWER = {"group": "g", "question": "q", "virtual_user": "sally", "asker": "person:ann", "text": "Weekly.",
          "answering_model": "sales"}  # fmt: skip


def given() -> Given:
    return Given(PROVIDER, SALES, ANN, BOB, GROUP, ASKED)


def answered(id: str = "a", **more: Any) -> Envelope:
    return fact("AnswerPosted", id, by="service:chat", **(ANSWER | more))


def test_who_creates_a_group_is_in_it() -> None:
    assert given().world.group("g").members == {"person:ann", "virtual_user:sally"}  # type: ignore[union-attr]


def test_what_is_said_stands_in_the_groups_private_channel() -> None:
    [event] = given().when(fact("MessagePosted", by="person:ann", group="g", text="Hi"))

    assert event.channel == "private.message.g"


def test_a_question_is_answered_once() -> None:
    world = given()

    assert world.then(answered()) == ["AnswerPosted"]
    with pytest.raises(Refused) as refusal:
        world.when(answered())
    assert refusal.value.code == "already_answered"
    with pytest.raises(Refused) as other_id:
        world.when(answered("another-id"))
    assert other_id.value.code == "already_answered"
    with pytest.raises(Refused) as too_late:
        world.when(fact("AnswerFailed", "q", by="service:chat", virtual_user="sally", code="down", message="Down."))
    assert too_late.value.code == "already_answered"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"asker": "person:bob"}, "malformed"),
        ({"answering_model": "nobody"}, "unknown_model"),
        ({"version": 1}, "unknown_version"),
        ({"question": "nothing"}, "unknown_message"),
    ],
)
def test_an_answer_names_its_asker_and_a_version_that_there_is(more: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        given().when(answered(**more))
    assert refusal.value.code == code


def test_a_question_that_was_taken_back_is_not_answered() -> None:
    world = given()
    world.when(fact("MessageDeleted", "q", by="person:ann"))

    with pytest.raises(Refused) as refusal:
        world.when(answered())
    assert refusal.value.code == "message_deleted"


def test_a_failed_answer_may_be_tried_again_once_somebody_asks() -> None:
    world = given()
    retry = fact("RetryRequested", "q", by="person:ann", virtual_user="sally")
    failure = {"virtual_user": "sally", "code": "provider_silent", "message": "It is down."}

    with pytest.raises(Refused):
        world.when(retry)
    world.when(fact("AnswerFailed", "q", by="service:chat", **failure))

    assert world.then(retry) == ["RetryRequested"]
    assert world.then(answered()) == ["AnswerPosted"]


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (fact("MessagePosted", by="person:bob", group="g", text="Hi"), "not_a_member"),
        (fact("MessagePosted", by="person:ann", group="nowhere", text="Hi"), "unknown_group"),
        (fact("MessagePosted", by="person:ann", group="g", text="Hi", reply_to="nothing"), "unknown_message"),
        (fact("MessagePosted", by="person:ann", group="g", text="Hi", mentions=["person:bob"]), "not_a_member"),
        (fact("MessageEdited", "q", by="person:owner", text="x"), "not_a_member"),
        (fact("MessageEdited", "q", by="person:ann", text="@sally how often?"), "nothing_changes"),
        (fact("AnswerMarked", "q", by="person:ann", verdict="right"), "not_an_answer"),
        (answered(virtual_user="other"), "not_a_member"),
        (fact("MemberJoined", "g", by="person:bob", member="person:bob"), "not_a_member"),
        (fact("MemberJoined", "g", by="person:ann", member="virtual_user:nobody"), "unknown_virtual_user"),
        (fact("MemberJoined", "g", by="person:ann", member="person:ann"), "nothing_changes"),
        (fact("GroupCreated", name="D", by="person:ann", use="direct", members=["person:ann"]), "malformed"),
        (fact("GroupCreated", name="A", use="assistant", members=["person:ann", "person:bob"]), "malformed"),
    ],
)
def test_what_is_refused(when: Envelope, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        given().when(when)

    assert refusal.value.code == code


STOP = fact("AnswerStopRequested", "q", by="person:ann", virtual_user="sally")
STOPPED = fact("AnswerFailed", "q", by="service:chat", virtual_user="sally", code="stopped", message="Stopped.")
RETRY = fact("RetryRequested", "q", by="person:ann", virtual_user="sally")


def test_a_stopped_answer_never_appears_unless_somebody_asks_for_it_again() -> None:
    world = given()

    assert world.then(STOP) == ["AnswerStopRequested"]
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            world.when(answered())
        assert refusal.value.code == "answer_stopped"
        if not world.world.message("q").failed:  # type: ignore[union-attr]
            assert world.then(STOPPED) == ["AnswerFailed"]
    assert world.then(RETRY) == ["RetryRequested"]
    assert world.then(answered()) == ["AnswerPosted"]


@pytest.mark.parametrize(
    ("before", "by", "code"),
    [
        ([], "person:bob", "not_a_member"),
        ([STOP], "person:ann", "nothing_changes"),
        ([STOP, STOPPED], "person:ann", "nothing_to_stop"),
        ([answered()], "person:ann", "already_answered"),
        ([fact("MemberLeft", "g", by="person:ann", member="virtual_user:sally")], "person:ann", "not_a_member"),
    ],
)
def test_only_an_awaited_answer_is_stopped_and_only_by_members(before: list[Envelope], by: str, code: str) -> None:
    world = given()
    for one in before:
        world.when(one)

    with pytest.raises(Refused) as refusal:
        world.when(fact("AnswerStopRequested", "q", by=by, virtual_user="sally"))
    assert refusal.value.code == code


def test_an_answer_that_was_given_can_no_longer_fail() -> None:
    world = given()
    world.when(answered())

    with pytest.raises(Refused) as refusal:
        world.when(STOPPED)
    assert refusal.value.code == "already_answered"


def test_virtual_users_never_answer_each_other() -> None:
    world = given()
    world.when(answered())

    with pytest.raises(Refused) as refusal:
        world.when(answered("b", question="a"))
    assert refusal.value.code == "not_a_question"


def test_only_the_author_changes_a_message() -> None:
    world = given()
    world.when(fact("MemberJoined", "g", by="person:ann", member="person:bob"))

    with pytest.raises(Refused, match="author"):
        world.when(fact("MessageDeleted", "q", by="person:bob"))
    assert world.then(fact("MessageDeleted", "q", by="person:ann")) == ["MessageDeleted"]
