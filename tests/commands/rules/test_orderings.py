"""Orderings that nobody thinks of: what comes after, between and at once."""

import pytest

from contracts.envelope import Envelope
from contracts.facts.compilation import CompilationFailed
from contracts.facts.model import ActiveVersionChanged
from contracts.facts.proposal import LessonApproved, LessonDeclined
from services.refusals import Refused
from tests.commands.rules.given import PROVIDER, SALES, Given, compiling, fact, succeeded

ANN, TOM, CHAT = "person:ann", "person:tom", "service:chat"
PEOPLE = (
    fact("PersonAdded", "ann", name="Ann"),
    fact("PersonAdded", "tom", name="Tom", roles=["trainer"]),
)
ERASED = fact("PersonErased", "ann")
TURNS = [{"role": "user", "content": "Hot?", "author": ANN}, {"role": "assistant", "content": "Very."}]


def refused(world: Given, when: Envelope) -> Refused:
    with pytest.raises(Refused) as refusal:
        world.when(when)
    return refusal.value


# a model that goes and comes ------------------------------------------------------------------------------------------


def test_what_answered_when_a_model_was_archived_answers_again_when_it_is_restored() -> None:
    world = Given(PROVIDER, SALES, *compiling("c1"), succeeded("c1"), *compiling("c2"), succeeded("c2"))
    world.when(fact("VersionChosen", "sales", version=1))

    archived = world.when(fact("ModelArchived", "sales"))
    restored = world.when(fact("ModelRestored", "sales"))

    assert [type(one.data).__name__ for one in archived] == ["ModelArchived", "ActiveVersionChanged"]
    [_, changed] = restored
    assert isinstance(changed.data, ActiveVersionChanged)
    assert (changed.data.old, changed.data.new and changed.data.new.version, changed.data.reason) == (None, 1, "chosen")


def test_a_restored_model_is_silent_when_its_version_is_gone_or_never_was() -> None:
    world = Given(PROVIDER, SALES, fact("ModelArchived", "sales"))
    assert world.then(fact("ModelRestored", "sales")) == ["ModelRestored"]

    for one in (*compiling(), succeeded(), fact("ModelArchived", "sales"), fact("CompiledModelDeleted", "c")):
        world.when(one)
    assert world.then(fact("ModelRestored", "sales")) == ["ModelRestored"]


def test_whoever_wants_the_name_or_the_virtual_user_of_an_archived_model_is_told_that_it_is_archived() -> None:
    world = Given(PROVIDER, SALES, fact("ModelArchived", "sales"))

    assert "an archived model called Sales" in refused(world, fact("ModelDefined", name="sales")).message
    taken = refused(world, fact("ModelDefined", name="Other", virtual_user="sally"))
    assert "Sales, which is archived" in taken.message


def test_two_models_swap_their_places_and_never_stand_in_a_circle() -> None:
    world = Given(PROVIDER, SALES, fact("ModelDefined", "low", name="Low", parent="sales"))

    assert refused(world, fact("ParentAssigned", "sales", parent="low")).code == "cycle"
    world.when(fact("ParentAssigned", "low", parent=None))
    world.when(fact("ParentAssigned", "sales", parent="low"))
    assert refused(world, fact("ParentAssigned", "low", parent="sales")).code == "cycle"


# compilations ---------------------------------------------------------------------------------------------------------


def test_what_waits_for_a_provider_that_is_retired_meanwhile_never_begins() -> None:
    # given one that runs, two that wait for its provider, and one that waits for the provider chosen since
    world = Given(PROVIDER, SALES, fact("CompileRequested", "c1", model="sales"))
    for id in ("c2", "c3"):
        world.when(fact("CompileRequested", id, model="sales", queue=True))
    world.when(fact("ProviderRegistered", "q", name="Q", provider_kind="embedded", base_model="b"))
    world.when(fact("ModelRevised", "sales", provider="q"))
    world.when(fact("CompileRequested", "c4", model="sales", queue=True))
    world.when(fact("ProviderRetired", "p"))

    # when the running one ends
    error = {"code": "job_failed", "message": "It failed."}
    events = world.when(fact("CompilationFailed", "c1", by="service:compiler", error=error))

    # then those that can't begin any more have failed with the reason, and the next one begins
    assert [(type(one.data).__name__, one.subject) for one in events] == [
        ("CompilationFailed", "c1"), ("CompilationFailed", "c2"), ("CompilationFailed", "c3"),
        ("CompilationDequeued", "c4"),
    ]  # fmt: skip
    assert isinstance(events[1].data, CompilationFailed)
    assert events[1].data.error.message == "While it waited, its provider Embedded was retired."
    assert world.world.rows["running", "sales"] == "c4"
    assert ("queued", "sales") not in world.world.rows


def test_a_demand_of_nothing_is_met_and_one_without_questions_says_so() -> None:
    world = Given(PROVIDER, SALES, fact("ModelRevised", "sales", acceptance=0.5), *compiling(), succeeded())

    assert "was asked no validation questions" in refused(world, fact("VersionChosen", "sales", version=1)).message
    world.when(fact("ModelRevised", "sales", acceptance=0))
    assert world.then(fact("VersionChosen", "sales", version=1)) == ["VersionChosen", "ActiveVersionChanged"]


# people who were erased -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["module:crm", TOM, ANN])
def test_words_of_somebody_who_was_erased_are_taken_in_no_more(by: str) -> None:
    world = Given(PROVIDER, SALES, *PEOPLE, fact("ConversationTrained", "talk", model="sales", messages=TURNS), ERASED)

    taught = fact("ConversationTrained", by=by, model="sales", messages=TURNS)
    assert refused(world, taught).code in ("person_erased", "unknown_person")
    revised = fact("ConversationRevised", "talk", by=by, messages=TURNS)
    assert refused(world, revised).code in ("person_erased", "unknown_person", "nothing_changes")


def test_an_answer_to_somebody_who_was_erased_meanwhile_is_not_kept() -> None:
    world = Given(PROVIDER, SALES, *PEOPLE)
    world.when(fact("GroupCreated", "g", by=ANN, name="G", members=["virtual_user:sally"]))
    world.when(fact("MessagePosted", "m", by=ANN, group="g", text="How?"))
    world.when(ERASED)

    answer = {"group": "g", "question": "m", "virtual_user": "sally", "asker": ANN, "answering_model": "sales"}
    assert refused(world, fact("AnswerPosted", by=CHAT, text="So.", **answer)).code == "person_erased"


def test_what_somebody_proposed_who_was_erased_is_declined_unread_and_never_approved() -> None:
    world = Given(PROVIDER, SALES, *PEOPLE, fact("QAAdded", "new", by=ANN, model="sales", question="q", answer="a"))
    world.when(ERASED)

    assert refused(world, fact("LessonApproved", "new", by=TOM)).code == "erased"
    [declined] = world.when(fact("LessonDeclined", "new", by=TOM, reason="Ann, nobody reads this."))
    assert isinstance(declined.data, LessonDeclined)
    assert declined.data.reason == ""


# proposals ------------------------------------------------------------------------------------------------------------


def test_a_proposal_that_somebody_else_has_taught_meanwhile_is_approved_with_nothing_left_to_change() -> None:
    known = fact("QAAdded", "known", model="sales", question="When?", answer="At 9.")
    proposed = fact("QARevised", "known", id="change", by=ANN, answer="At 10.")
    world = Given(PROVIDER, SALES, *PEOPLE, known, proposed, fact("QARevised", "known", answer="At 10."))

    [approved] = world.when(fact("LessonApproved", "change", by=TOM))

    assert isinstance(approved.data, LessonApproved)
    assert (approved.data.lesson, approved.data.proposer) == ("known", ANN)
    assert world.world.proposal("change").status == "approved"  # type: ignore[union-attr]


def test_a_proposed_record_that_was_taught_meanwhile_is_approved_as_that_lesson() -> None:
    record = {"model": "sales", "question": "q", "answer": "a", "external_system": "crm", "external_id": "1"}
    world = Given(PROVIDER, SALES, *PEOPLE, fact("LessonProposed", "p1", by="module:crm", qa=record))
    world.when(fact("QAAdded", "taught", by=TOM, **record))

    [approved] = world.when(fact("LessonApproved", "p1", by=TOM))

    assert approved.data.lesson == "taught"  # type: ignore[attr-defined]
