"""The rules of review: what is proposed, and what a trainer makes of it."""

from typing import Any, assert_never

from contracts.envelope import Envelope
from contracts.facts import Fact
from contracts.facts.conversation import (
    ConversationChanges,
    ConversationContent,
    ConversationRevised,
    ConversationTrained,
)
from contracts.facts.proposal import LessonApproved, LessonDeclined, LessonProposed, ProposalWithdrawn
from contracts.facts.qa import QAAdded, QAChanges, QAContent, QARevised
from contracts.text import Sealed
from services.commands.channel import of_model
from services.commands.decide.event import Event
from services.commands.decide.lesson import (
    CONVERSATION_FIELDS,
    QA_FIELDS,
    conversation_events,
    differing,
    nothing_new,
    qa_events,
    taught_before,
)
from services.commands.decide.lookups import fresh, live_model, the_model, the_proposal
from services.commands.decide.revising import required
from services.commands.decide.roles import need, person_of
from services.commands.states import Proposal
from services.commands.states.proposal import Content, content_of
from services.commands.world import World
from services.folding import record_key
from services.refusals import Refused


def decide(world: World, fact: Envelope, id: str) -> list[Event]:
    """Anybody proposes; trainers approve and decline; proposers withdraw."""
    person_of(world, fact)
    if isinstance(fact.data, LessonProposed):
        return _proposed(world, fact, id, fact.data)
    proposal = the_proposal(world, id)
    if proposal.status != "open":
        raise Refused("proposal_closed", f"This proposal was {proposal.status} already.", {"subject": proposal.status})
    match fact.data:
        case LessonApproved():
            need(world, fact, "trainer")
            return _approved(world, proposal, fact.data)
        case ProposalWithdrawn() if fact.actor != proposal.proposer:
            raise Refused("not_the_proposer", "Only its proposer can take it back; a trainer may decline it.",
                          {"actor": "not the proposer"})  # fmt: skip
        case LessonDeclined():
            need(world, fact, "trainer")
    return [_event(world, id, _said(world, proposal, fact.data), proposer=proposal.proposer, model=proposal.model)]


def propose(world: World, fact: Envelope, id: str, data: Fact) -> list[Event]:
    """The proposal that a lesson becomes when whoever reports it may not teach. `id`: of the lesson it is about."""
    match data:
        case QAAdded() | ConversationTrained():
            return [_new(world, fact, id, _content(data))]
        case QARevised():
            return [_changes(world, fact, fact.id, id, QAChanges(**data.changes()))]
        case ConversationRevised():
            return [_changes(world, fact, fact.id, id, ConversationChanges(**data.changes()))]
        case _:
            raise AssertionError(f"{type(data).__name__} can't be proposed")


def key_of(proposer: str, content: Content, lesson: str | None) -> str | None:
    """By which an open proposal is found again when the same comes once more; None when it always is another."""
    if lesson is not None:
        return f"changes/{lesson}/{proposer}"
    if isinstance(content, QAContent | ConversationContent) and content.external_id is not None:
        return f"external/{record_key(content.external_system, content.external_id)}"
    return None


# proposing ------------------------------------------------------------------------------------------------------------


def _proposed(world: World, fact: Envelope, id: str, data: LessonProposed) -> list[Event]:
    given = content_of(data)
    changes = [one for one in given if isinstance(one, QAChanges | ConversationChanges)]
    if len(given) != 1 or (data.lesson is None) == bool(changes):
        raise Refused("malformed", "A proposal is one of qa, conversation, or changes together with their lesson.",
                      {"data": "give one of qa, conversation, qa_changes, conversation_changes"})  # fmt: skip
    content, lesson = given[0], data.lesson
    match content:
        case QAContent():
            qa_events(world, QAAdded(**_given(content)), id)
        case ConversationContent():
            conversation_events(world, ConversationTrained(**_given(content)), id)
        case QAChanges():
            qa_events(world, QARevised(**_given(content)), str(lesson))
        case ConversationChanges():
            conversation_events(world, ConversationRevised(**_given(content)), str(lesson))
        case _:
            assert_never(content)
    if isinstance(content, QAContent | ConversationContent):
        return [_new(world, fact, id, content)]
    return [_changes(world, fact, id, str(lesson), content)]


def _new(world: World, fact: Envelope, id: str, content: QAContent | ConversationContent) -> Event:
    before = taught_before(world, content.external_system, content.external_id)
    if before is not None:
        _check_texts_only(world, before, content)
        return _changes(world, fact, fact.id, before, _as_changes(world, before, content))
    live_model(world, content.model, "data.model")
    return _open(world, fact, id, content, None, content.model)


def _check_texts_only(world: World, id: str, content: QAContent | ConversationContent) -> None:
    # A proposal has no place for these, and leaving them out would tell the sender that all is as the record says.
    lesson = world.qa(id) if isinstance(content, QAContent) else world.conversation(id)
    given = _given(content)
    if lesson is None or not (wanted := differing(lesson, given, ("model", "active"))):
        return
    act = "moves it" if "model" in wanted else "reactivates it" if wanted["active"] else "deactivates it"
    raise Refused("role_needed", f"This record was taught before as the lesson {id}, and a trainer {act}; "
                  "propose changes of its texts only.", {f"data.{name}": "can't be proposed" for name in wanted})  # fmt: skip


def _as_changes(world: World, id: str, content: QAContent | ConversationContent) -> QAChanges | ConversationChanges:
    # A record that was taught before: what it says otherwise now is a change of that lesson.
    given = _given(content)
    if isinstance(content, QAContent):
        qa = world.qa(id)
        changes = differing(qa, given, QA_FIELDS) if qa else {}
        proposed: QAChanges | ConversationChanges = QAChanges(**changes)
    else:
        conversation = world.conversation(id)
        changes = differing(conversation, given, CONVERSATION_FIELDS) if conversation else {}
        proposed = ConversationChanges(**changes)
    if not changes:
        raise nothing_new(id)
    return proposed


def _changes(world: World, fact: Envelope, id: str, lesson: str, changes: QAChanges | ConversationChanges) -> Event:
    target = world.qa(lesson) if isinstance(changes, QAChanges) else world.conversation(lesson)
    if target is None:
        raise Refused("unknown_lesson", f"There is no such lesson {lesson}.", {"data.lesson": "unknown"})
    return _open(world, fact, id, changes, lesson, target.model)


def _open(world: World, fact: Envelope, id: str, content: Content, lesson: str | None, model: str) -> Event:
    key = key_of(fact.actor, content, lesson)
    before = world.unique("proposed", key) if key is not None else None
    if before is not None:
        id = before
        _check_again(the_proposal(world, id), fact, content)
    else:
        fresh(world.proposal(id), "proposal", id)
    given: dict[str, Any] = {_FIELDS[type(content)]: content, "lesson": lesson}
    return _event(world, id, LessonProposed(**given), proposer=fact.actor, model=model)


def _check_again(proposal: Proposal, fact: Envelope, content: Content) -> None:
    if proposal.proposer != fact.actor:
        raise Refused("external_id_taken", "This record was proposed by somebody else already; a trainer decides on it.",
                      {"data.external_id": "taken"})  # fmt: skip
    if proposal.content.model_dump() == content.model_dump() and proposal.status in ("open", "declined"):
        said = "waits for a trainer" if proposal.status == "open" else "was declined"
        raise Refused("nothing_changes", f"This was proposed before, exactly like this, as {proposal.id}; it {said}.")


# deciding on it -------------------------------------------------------------------------------------------------------


def _approved(world: World, proposal: Proposal, data: LessonApproved) -> list[Event]:
    lesson = proposal.lesson or proposal.id
    try:
        events = _taught(world, proposal, lesson, data)
    except Refused as refused:
        # Somebody has taught the very same meanwhile: it is taken, and there is nothing left to change.
        if refused.code != "nothing_changes":
            raise
        events, lesson = [], proposal.lesson or _record_of(world, proposal) or lesson
    lesson = events[0].subject if events else lesson
    done = _event(world, proposal.id, data, lesson=lesson, proposer=proposal.proposer, model=proposal.model)
    return [done, *events]


def _record_of(world: World, proposal: Proposal) -> str | None:
    content = proposal.content
    if not isinstance(content, QAContent | ConversationContent):
        return None
    return taught_before(world, content.external_system, content.external_id)


def _taught(world: World, proposal: Proposal, lesson: str, data: LessonApproved) -> list[Event]:
    edits = data.changes()
    content = proposal.content
    _check_readable(world, proposal)
    by = {"proposal": proposal.id, "proposed_by": proposal.proposer}
    fields = QA_FIELDS if isinstance(content, QAContent | QAChanges) else CONVERSATION_FIELDS
    if foreign := edits.keys() - set(fields):
        name = sorted(foreign)[0]
        raise Refused("malformed", f"The proposed lesson has no {name}.", {f"data.{name}": "doesn't belong here"})
    required(data, "question", "answer", "section", "purpose", "notes", "messages", "train_as")
    match content:
        case QAContent():
            return qa_events(world, QAAdded(**(_given(content) | edits | by)), lesson)
        case ConversationContent():
            return conversation_events(world, ConversationTrained(**(_given(content) | edits | by)), lesson)
        case QAChanges():
            return qa_events(world, QARevised(**(_given(content) | edits | by)), lesson)
        case ConversationChanges():
            return conversation_events(world, ConversationRevised(**(_given(content) | edits | by)), lesson)
        case _:
            assert_never(content)


def _check_readable(world: World, proposal: Proposal) -> None:
    # Nobody can read any more what somebody who was erased has proposed, so nobody takes it unread.
    turns = getattr(proposal.content, "messages", None) or ()
    if _erased(world, proposal.proposer) or any(isinstance(turn.content, Sealed) for turn in turns):
        raise Refused("erased", "It holds words of somebody who was erased; decline it.", {"subject": "erased"})


def _erased(world: World, actor: str) -> bool:
    person = world.person(actor.removeprefix("person:")) if actor.startswith("person:") else None
    return person is not None and person.erased


def _said(world: World, proposal: Proposal, data: Fact) -> Fact:
    # The reason is sealed for its proposer; one who was erased has no key any more, and nobody would read it.
    unread = isinstance(data, LessonDeclined) and _erased(world, proposal.proposer)
    return data.model_copy(update={"reason": ""}) if unread else data


_FIELDS: dict[type[Content], str] = {
    QAContent: "qa",
    ConversationContent: "conversation",
    QAChanges: "qa_changes",
    ConversationChanges: "conversation_changes",
}


def _content(data: QAAdded | ConversationTrained) -> QAContent | ConversationContent:
    kind = QAContent if isinstance(data, QAAdded) else ConversationContent
    return kind(**data.changes())


def _given(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.model_fields_set}


def _event(world: World, id: str, data: Fact, **derived: Any) -> Event:
    model = the_model(world, derived["model"])
    return Event("proposal", id, data.model_copy(update=derived), of_model("proposal", model, model.id))
