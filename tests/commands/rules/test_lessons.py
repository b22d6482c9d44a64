"""What the rules say about lessons."""

from typing import Any

import pytest

from contracts.envelope import Envelope
from services.refusals import Refused
from tests.commands.rules.given import PROVIDER, SALES, Given, fact

OTHER = fact("ModelDefined", "other", name="Other", parent="sales")
TAUGHT = fact("QAAdded", "qa", model="sales", question="How often?", answer="Weekly.")
ASK = {"role": "user", "content": "How often?"}
WRONG = {"role": "assistant", "content": "Daily.", "learn": False}
NO = {"role": "user", "content": "No, weekly."}
RIGHT = {"role": "assistant", "content": "Weekly."}


def trained(*turns: dict[str, Any], **more: Any) -> Envelope:
    return fact("ConversationTrained", "talk", model="sales", messages=list(turns), **more)


def given() -> Given:
    return Given(PROVIDER, SALES, OTHER, TAUGHT, fact("PersonAdded", "ann", name="Ann", roles=["member"]))


def test_a_question_is_stored_with_its_key() -> None:
    [event] = given().when(fact("QAAdded", model="sales", question="  HOW   often?? ", answer="x"))

    assert event.data.question_key == "how often"  # type: ignore[attr-defined]
    assert event.channel == "shared.qa.sales"


def test_a_revision_names_the_model_and_the_new_key() -> None:
    [event] = given().when(fact("QARevised", "qa", question="When?"))

    assert (event.data.model, event.data.question_key) == ("sales", "when")  # type: ignore[attr-defined]


def test_a_qa_is_moved_to_another_model_and_stands_there() -> None:
    [event] = given().when(fact("QAMoved", "qa", to="other"))

    assert (event.data.to, event.data.model) == ("other", "sales")  # type: ignore[attr-defined]
    assert event.channel == "shared.qa.other"


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (fact("QAAdded", model="nobody", question="q", answer="a"), "unknown_model"),
        (fact("QAAdded", "qa", model="sales", question="q", answer="a"), "already_exists"),
        (fact("QADeactivated", "qa", by="person:ann"), "role_needed"),
        (fact("ConflictSettled", "qa", training_set="sales", by="person:ann"), "role_needed"),
        (fact("ConflictSettled", "qa", training_set="nobody"), "unknown_model"),
        (fact("QAsDistinguished", "qa", other="qa"), "malformed"),
        (fact("QAsDistinguished", "qa", other="nobody"), "unknown_qa"),
        (fact("QAAdded", model="sales", question="q", answer="a", external_id="1"), "malformed"),
        (fact("QARevised", "qa", answer="Weekly."), "nothing_changes"),
        (fact("QARevised", "qa", answer=None), "malformed"),
        (fact("QARevised", "nobody", answer="x"), "unknown_qa"),
        (fact("QAMoved", "qa", to="sales"), "nothing_changes"),
        (fact("QAMoved", "qa", to="nobody"), "unknown_model"),
        (fact("QAReactivated", "qa"), "nothing_changes"),
        (trained(ASK, WRONG), "nothing_learnt"),
        (trained(RIGHT), "no_question"),
        (trained(ASK | {"learn": True}, RIGHT), "malformed"),
        (trained(ASK, RIGHT, train_as="straight"), "no_straight"),
        (trained(ASK, RIGHT, straight_question=0), "no_straight"),
        (trained(ASK, WRONG, NO, RIGHT, straight_question=1), "malformed"),
        (trained(ASK, WRONG, NO, RIGHT, straight_question=9), "malformed"),
        (fact("ConversationRevised", "nobody", section="X"), "unknown_conversation"),
    ],
)
def test_what_is_refused(when: Envelope, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        given().when(when)

    assert refusal.value.code == code


def test_a_corrected_exchange_is_trained() -> None:
    assert given().then(trained(ASK, WRONG, NO, RIGHT, straight_question=0)) == ["ConversationTrained"]


def test_a_revision_may_not_leave_a_conversation_without_an_answer() -> None:
    world = given()
    world.when(trained(ASK, WRONG, NO, RIGHT))

    with pytest.raises(Refused, match="No turn of the assistant"):
        world.when(fact("ConversationRevised", "talk", messages=[ASK, WRONG]))


def test_the_same_record_again_revises_its_lesson_and_never_doubles_it() -> None:
    world = given()
    world.when(fact("ModelDefined", "support", name="Support"))
    record = {"external_system": "helpdesk", "external_id": "42", "model": "sales", "question": "q"}
    world.when(fact("QAAdded", "one", by="module:helpdesk", answer="a", section="Set here", **record))

    def again(**more: Any) -> list[tuple[str, str]]:
        events = world.when(fact("QAAdded", by="module:helpdesk", **record | more))
        return [(event.subject, type(event.data).__name__) for event in events]

    assert again(answer="b") == [("one", "QARevised")]
    assert again(answer="b", active=False) == [("one", "QADeactivated")]
    assert again(answer="c", model="support", active=True) == [
        ("one", "QARevised"),
        ("one", "QAMoved"),
        ("one", "QAReactivated"),
    ]
    with pytest.raises(Refused, match="exactly like this, as the lesson one") as refusal:
        again(answer="c", model="support")
    assert refusal.value.code == "nothing_changes"
    assert world.world.qa("one").section == "Set here"  # what the record doesn't say stays as people set it


def test_a_deactivated_qa_is_reactivated() -> None:
    world = given()

    assert world.then(fact("QADeactivated", "qa")) == ["QADeactivated"]
    assert world.then(fact("QAReactivated", "qa")) == ["QAReactivated"]


def test_a_conflict_is_settled_anew_when_somebody_changes_their_mind() -> None:
    world = given()
    world.when(fact("QAAdded", "rival", model="sales", question="How often?", answer="Daily."))

    for winner in ("qa", "rival", "qa"):
        assert world.then(fact("ConflictSettled", winner, training_set="sales")) == ["ConflictSettled"]


def test_what_trains_nothing_wins_no_conflict() -> None:
    world = given()
    world.when(fact("QADeactivated", "qa"))

    with pytest.raises(Refused) as refusal:
        world.when(fact("ConflictSettled", "qa", training_set="sales"))
    assert refusal.value.code == "trains_nothing"
