"""Review: what those who may not teach report is proposed; a trainer decides."""

from typing import Any

import pytest

from contracts.envelope import Envelope
from services.refusals import Refused
from tests.commands.rules.given import PROVIDER, SALES, Given, fact

ANN, TOM = "person:ann", "person:tom"
HELPDESK = "module:helpdesk"
RECORD = {"external_system": "helpdesk", "external_id": "42"}
PEOPLE = (
    fact("PersonAdded", "ann", name="Ann", roles=["member"]),
    fact("PersonAdded", "tom", name="Tom", roles=["trainer"]),
    fact("PersonAdded", "ada", name="Ada", roles=["administrator"]),
)
TAUGHT = fact("QAAdded", "known", model="sales", question="When do we open?", answer="At 9.")
PROPOSED = fact("QAAdded", "new", by=ANN, model="sales", question="Do we ship abroad?", answer="Yes.")


def given(*facts: Envelope) -> Given:
    return Given(PROVIDER, SALES, *PEOPLE, TAUGHT, *facts)


def trained(by: str, **more: Any) -> Envelope:
    turns = [{"role": "user", "content": "Ship?"}, {"role": "assistant", "content": "Yes.", "author": ANN}]
    return fact("ConversationTrained", by=by, model="sales", messages=turns, **more)


@pytest.mark.parametrize("by", [ANN, "person:ada"])
def test_a_lesson_from_somebody_who_is_no_trainer_is_proposed(by: str) -> None:
    world = given()

    (event,) = world.when(fact("QAAdded", "new", by=by, model="sales", question="Ship?", answer="Yes."))

    assert (event.kind, event.subject, type(event.data).__name__) == ("proposal", "new", "LessonProposed")
    assert event.data.proposer == by
    assert event.channel == "shared.proposal.sales"
    assert world.world.qa("new") is None


@pytest.mark.parametrize(
    ("wanted", "act"),
    [
        ({"active": False}, "deactivates"),
        ({"active": False, "answer": "Yes."}, "deactivates"),
        ({"model": "parent"}, "moves"),
    ],
)
def test_a_record_that_its_proposer_wants_moved_or_switched_is_not_called_unchanged(
    wanted: dict[str, Any], act: str
) -> None:
    record = {"model": "sales", "question": "Ship?", "answer": "No."} | RECORD
    world = given(
        fact("ModelDefined", "parent", name="Parent"),
        fact("QAAdded", "record", **record),
        fact("ModuleTrusted", "helpdesk", lessons="proposes"),
    )

    for reported in (
        fact("QAAdded", by=HELPDESK, **record | wanted),
        fact("LessonProposed", by=HELPDESK, qa=record | wanted),
    ):
        with pytest.raises(Refused, match=f"a trainer {act} it") as refused:
            world.when(reported)
        assert refused.value.code == "role_needed"


def test_a_trainer_teaches_at_once() -> None:
    assert given().then(fact("QAAdded", by=TOM, model="sales", question="q", answer="a")) == ["QAAdded"]


def test_whoever_has_a_personal_assistant_teaches_it() -> None:
    world = given(
        fact("ModelDefined", "mine", name="Mine", use="personal"), fact("PersonRevised", "ann", assistant="mine")
    )

    assert world.then(fact("QAAdded", by=ANN, model="mine", question="q", answer="a")) == ["QAAdded"]


def test_an_approved_proposal_is_a_lesson_with_the_trainers_edits() -> None:
    world = given(PROPOSED)

    approved, added = world.when(fact("LessonApproved", "new", by=TOM, answer="To the EU."))

    assert (approved.data.lesson, approved.data.proposer) == ("new", ANN)
    assert (added.kind, added.subject, added.data.answer, added.data.proposal) == ("qa", "new", "To the EU.", "new")
    assert added.data.question_key == "do we ship abroad"
    assert world.world.proposal("new").status == "approved"


def test_a_proposed_conversation_is_approved() -> None:
    world = given(trained(ANN, train_as="exchange"))
    (id,) = [event.subject for event in world.events if event.kind == "proposal"]

    assert world.then(fact("LessonApproved", id, by=TOM)) == ["LessonApproved", "ConversationTrained"]


def test_a_proposed_revision_changes_what_it_names_and_nothing_else() -> None:
    world = given()

    (proposed,) = world.when(fact("QARevised", "known", id="change", by=ANN, answer="At 10."))
    assert (proposed.subject, proposed.data.lesson) == ("change", "known")
    world.when(fact("QARevised", "known", section="Opening hours"))
    world.when(fact("LessonApproved", "change", by=TOM))

    known = world.world.qa("known")
    assert (known.answer, known.section) == ("At 10.", "Opening hours")


def test_a_declined_proposal_stays_as_evidence_and_teaches_nothing() -> None:
    world = given(PROPOSED)

    (declined,) = world.when(fact("LessonDeclined", "new", by=TOM, reason="We don't."))

    assert declined.data.proposer == ANN
    assert world.world.proposal("new").status == "declined"
    assert world.world.qa("new") is None
    with pytest.raises(Refused, match="declined already"):
        world.when(fact("LessonApproved", "new", by=TOM))


def test_a_proposal_is_withdrawn_by_its_proposer_alone() -> None:
    world = given(PROPOSED)

    with pytest.raises(Refused, match="Only its proposer can take it back"):
        world.when(fact("ProposalWithdrawn", "new", by=TOM))
    assert world.then(fact("ProposalWithdrawn", "new", by=ANN)) == ["ProposalWithdrawn"]


def test_a_module_that_is_set_to_propose_proposes() -> None:
    world = given(fact("ModuleTrusted", "helpdesk", lessons="proposes"))
    lesson = {"model": "sales", "question": "q", "answer": "a"}

    assert world.then(fact("QAAdded", by=HELPDESK, **lesson)) == ["LessonProposed"]
    world.when(fact("ModuleTrusted", "helpdesk", lessons="teaches"))
    assert world.then(fact("QAAdded", by=HELPDESK, **lesson)) == ["QAAdded"]


def test_any_module_may_propose_instead_of_teaching() -> None:
    lesson = {"model": "sales", "question": "q", "answer": "a"}

    assert given().then(fact("LessonProposed", by=HELPDESK, qa=lesson)) == ["LessonProposed"]


def test_the_same_record_proposed_again_replaces_its_open_proposal() -> None:
    world = given()

    def proposed(answer: str) -> str:
        lesson = {"model": "sales", "question": "q", "answer": answer, **RECORD}
        return world.when(fact("LessonProposed", by=HELPDESK, qa=lesson))[0].subject

    first = proposed("a")
    with pytest.raises(Refused, match="waits for a trainer"):
        proposed("a")
    assert proposed("b") == first
    world.when(fact("LessonDeclined", first, by=TOM))
    with pytest.raises(Refused, match="was declined"):
        proposed("b")
    assert proposed("c") == first

    # approved, the record is a lesson; what it says next is proposed as a change of that
    world.when(fact("LessonApproved", first, by=TOM))
    (change,) = world.when(
        fact("LessonProposed", by=HELPDESK, qa={"model": "sales", "question": "q", "answer": "d", **RECORD})
    )
    assert change.data.lesson == first
    assert change.data.qa_changes.model_dump() == {"answer": "d"}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"qa": {"model": "sales", "question": "q", "answer": "a"}, "lesson": "known"},
        {"qa_changes": {"answer": "b"}},
        {"qa": {"model": "sales", "question": "q", "answer": "a"}, "qa_changes": {"answer": "b"}},
    ],
)
def test_a_proposal_is_exactly_one_lesson_or_change(data: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        given().when(fact("LessonProposed", by=HELPDESK, **data))
    assert refusal.value.code == "malformed"


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (fact("LessonApproved", "new", by=ANN), "role_needed"),
        (fact("LessonDeclined", "new", by="person:nobody"), "unknown_person"),
        (fact("LessonApproved", "nothing", by=TOM), "unknown_proposal"),
        (fact("LessonApproved", "new", by=TOM, train_as="both"), "malformed"),
        (fact("LessonProposed", by=HELPDESK, qa={"model": "nobody", "question": "q", "answer": "a"}), "unknown_model"),
        (fact("LessonProposed", by=HELPDESK, lesson="nobody", qa_changes={"answer": "x"}), "unknown_qa"),
        (fact("QARevised", "known", by=ANN, answer="At 9."), "nothing_changes"),
        (fact("ModuleTrusted", "helpdesk", by=TOM, lessons="proposes"), "role_needed"),
        (fact("ModuleTrusted", "compiler", lessons="proposes"), "malformed"),
    ],
)
def test_what_is_refused(when: Envelope, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        given(PROPOSED).when(when)
    assert refusal.value.code == code


def test_a_module_that_proposes_changes_nothing_that_is_taught() -> None:
    world = given(fact("ModelDefined", "other", name="Other"), fact("ModuleTrusted", "helpdesk", lessons="proposes"))

    for change in (fact("QADeactivated", "known", by=HELPDESK), fact("QAMoved", "known", by=HELPDESK, to="other")):
        with pytest.raises(Refused) as refusal:
            world.when(change)
        assert refusal.value.code == "role_needed"


@pytest.mark.parametrize("field", ["question", "answer", "section", "notes"])
def test_an_approval_empties_no_field_that_a_lesson_needs(field: str) -> None:
    with pytest.raises(Refused, match=f"{field} can't be empty"):
        given(PROPOSED).when(fact("LessonApproved", "new", by=TOM, **{field: None}))


def test_records_of_two_systems_are_never_taken_for_one() -> None:
    lesson = {"model": "sales", "question": "q", "answer": "a"}
    world = given(fact("QAAdded", "one", by=HELPDESK, external_system="a/b", external_id="c", **lesson))

    assert world.then(fact("QAAdded", "two", by=HELPDESK, external_system="a", external_id="b/c", **lesson)) == [
        "QAAdded"
    ]
