"""Which role a fact needs: every fact that a person may report stands in this table once."""

from typing import Any

import pytest

from contracts.envelope import Envelope
from contracts.facts import FACTS
from services.refusals import Refused
from tests.commands.bounds import Published
from tests.commands.rules.given import PROVIDER, SALES, Given, fact
from tests.commands.rules.reports import FOUNDED

MEMBER, TRAINER, AUDITOR, ADMINISTRATOR = "person:ann", "person:tom", "person:eve", "person:ada"

ADMINISTRATORS_ALONE = """
ProviderRegistered ProviderRevised ProviderRetired BaseModelRetirementAnnounced RecompilationRequested
ModelDefined ModelRevised SystemMessageSet ParentAssigned VirtualUserLinked DefaultModelChosen ModelArchived ModelRestored
VersionChosen CompileRequested CancelRequested DeletionRequested CompiledModelDeleted ModuleTrusted PersonAdded PersonErased
"""
TRAINERS_AND_ADMINISTRATORS = """
QADeactivated QAReactivated QAMoved ConflictSettled QAsDistinguished QAPersonalDataAccepted
ConversationDeactivated ConversationReactivated ConversationPersonalDataAccepted LessonApproved LessonDeclined
"""
BECOMES_A_PROPOSAL_FROM_OTHERS_THAN_TRAINERS = "QAAdded QARevised ConversationTrained ConversationRevised"
EVERYBODY = "LessonProposed ProposalWithdrawn GroupCreated"
MEMBERS_OF_THE_GROUP = """
GroupRevised MemberJoined MemberLeft GroupArchived MessagePosted MessageEdited MessageDeleted ReactionAdded
ReactionRemoved RetryRequested AnswerStopRequested AnswerMarked
"""
ONESELF = "PersonRevised ModelWatched ModelUnwatched NoticesRead"

SUBJECTS = {"provider": "p", "model": "a", "compilation": "k1", "module": "erp", "person": "tom", "qa": "q1",
            "conversation": "t1", "proposal": "n2"}  # fmt: skip
REFERENCES: dict[str, dict[str, Any]] = {
    "ConflictSettled": {"training_set": "a"}, "QAsDistinguished": {"other": "q2"}, "QAMoved": {"to": "c"},
    "QAAdded": {"model": "a"}, "ConversationTrained": {"model": "a"}, "QARevised": {"answer": "Another."},
    "ConversationRevised": {"section": "Another"},
}  # fmt: skip


def company() -> Given:
    ada = fact("PersonAdded", "ada", name="Ada", roles=["administrator"])
    return Given(*FOUNDED, ada, fact("QAAdded", "off", model="a", question="Off?", answer="Yes.", active=False))


def reported(name: str, by: str) -> Any:
    kind = FACTS[name]
    subject = {"QAReactivated": "off", "CancelRequested": "k2"}.get(name, SUBJECTS[kind.kind])
    data = Published(name).smallest() | REFERENCES.get(name, {})
    if name == "ConversationTrained":
        data["messages"] = [{"role": "user", "content": "How?"}, {"role": "assistant", "content": "So."}]
    return fact(name, "fresh" if kind.begins else subject, by=by, **data)


def code(name: str, by: str) -> str | None:
    """How it is refused; None: it is accepted."""
    world = company()
    if name == "ConversationReactivated":
        world.when(fact("ConversationDeactivated", "t1"))
    try:
        world.when(reported(name, by))
    except Refused as refused:
        return refused.code
    return None


def test_every_fact_that_a_person_may_report_stands_in_the_table_once() -> None:
    table = [
        *ADMINISTRATORS_ALONE.split(), *TRAINERS_AND_ADMINISTRATORS.split(), *EVERYBODY.split(), *ONESELF.split(),
        *BECOMES_A_PROPOSAL_FROM_OTHERS_THAN_TRAINERS.split(), *MEMBERS_OF_THE_GROUP.split(),
    ]  # fmt: skip

    assert sorted(table) == sorted(name for name, kind in FACTS.items() if "person" in kind.reporters)


@pytest.mark.parametrize("name", ADMINISTRATORS_ALONE.split())
def test_only_administrators(name: str) -> None:
    assert {code(name, by) for by in (MEMBER, TRAINER, AUDITOR)} == {"role_needed"}
    assert code(name, ADMINISTRATOR) != "role_needed"


@pytest.mark.parametrize("name", TRAINERS_AND_ADMINISTRATORS.split())
def test_only_trainers_and_administrators(name: str) -> None:
    assert {code(name, by) for by in (MEMBER, AUDITOR)} == {"role_needed"}
    assert {code(name, by) for by in (TRAINER, ADMINISTRATOR)} == {None}


@pytest.mark.parametrize("name", BECOMES_A_PROPOSAL_FROM_OTHERS_THAN_TRAINERS.split())
def test_a_trainer_teaches_and_others_propose(name: str) -> None:
    assert company().then(reported(name, TRAINER)) == [name]
    for by in (MEMBER, AUDITOR, ADMINISTRATOR):
        assert company().then(reported(name, by)) == ["LessonProposed"]


@pytest.mark.parametrize("name", MEMBERS_OF_THE_GROUP.split())
def test_nobody_from_outside_has_a_say_in_a_group(name: str) -> None:
    kind = FACTS[name]
    data = Published(name).smallest() | ({"group": "g"} if name == "MessagePosted" else {})
    subject = "g" if kind.kind == "group" else "fresh" if kind.begins else "m1"

    for by in (TRAINER, AUDITOR):
        with pytest.raises(Refused) as refusal:
            company().when(fact(name, subject, by=by, **data))
        assert refusal.value.code == "not_a_member"


@pytest.mark.parametrize("name", ONESELF.split())
def test_nobody_does_it_for_another(name: str) -> None:
    data = Published(name).smallest() | ({"name": "Thomas"} if name == "PersonRevised" else {})

    with pytest.raises(Refused) as refusal:
        company().when(fact(name, "tom", by=MEMBER, **data))
    assert refusal.value.code in ("not_yourself", "role_needed")


@pytest.mark.parametrize(
    "when",
    [
        fact("QAAdded", by=MEMBER, model="sales", question="Who?", answer="I."),
        fact("GroupCreated", by=MEMBER, name="G", members=[MEMBER]),
    ],
    ids=lambda when: when.type,
)
def test_who_was_erased_reports_nothing_more(when: Envelope) -> None:
    world = Given(PROVIDER, SALES, fact("PersonAdded", "ann", name="Ann"), fact("PersonErased", "ann"))

    with pytest.raises(Refused) as refusal:
        world.when(when)

    assert refusal.value.code == "unknown_person"
