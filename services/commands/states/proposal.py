"""Proposals, and how far a module is trusted, as the rules see them."""

from dataclasses import dataclass, replace
from typing import Literal

from contracts.facts import Fact
from contracts.facts.conversation import ConversationChanges, ConversationContent
from contracts.facts.module import ModuleTrusted, Trust
from contracts.facts.proposal import LessonApproved, LessonDeclined, LessonProposed, ProposalWithdrawn
from contracts.facts.qa import QAChanges, QAContent
from services.commands.states.state import State

ProposalStatus = Literal["open", "approved", "declined", "withdrawn"]
Content = QAContent | ConversationContent | QAChanges | ConversationChanges


@dataclass(frozen=True, slots=True)
class Proposal(State):
    """A lesson, or a change of one, that waits for a trainer or was decided on. Texts may be sealed."""

    proposer: str
    model: str
    content: Content
    lesson: str | None
    status: ProposalStatus


@dataclass(frozen=True, slots=True)
class Module(State):
    """Another program of the company."""

    lessons: Trust
    name: str | None
    notes: object


def content_of(data: LessonProposed) -> list[Content]:
    """What the proposal gives of the four; exactly one when it is as it should be."""
    given = (data.qa, data.conversation, data.qa_changes, data.conversation_changes)
    return [one for one in given if one is not None]


def evolve_proposal(state: Proposal | None, id: str, data: Fact) -> Proposal:
    """Fold one event in."""
    if isinstance(data, LessonProposed):
        revision = state.revision + 1 if state is not None else 1
        return Proposal(id, revision, data.proposer or "", data.model or "", content_of(data)[0], data.lesson, "open")
    assert state is not None, f"{type(data).__name__} before LessonProposed"
    state = replace(state, revision=state.revision + 1)
    match data:
        case LessonApproved():
            return replace(state, status="approved")
        case LessonDeclined():
            return replace(state, status="declined")
        case ProposalWithdrawn():
            return replace(state, status="withdrawn")
        case _:
            return state


def evolve_module(state: Module | None, id: str, data: Fact) -> Module:
    """Fold one event in."""
    assert isinstance(data, ModuleTrusted)
    revision = state.revision + 1 if state is not None else 1
    given = data.changes()
    name = given.get("name", state.name if state else None)
    return Module(id, revision, data.lessons, name, given.get("notes", state.notes if state else ""))
