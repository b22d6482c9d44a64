"""Lessons as the rules see them: QAs and training conversations."""

from dataclasses import dataclass, replace

from contracts.facts import Fact
from contracts.facts.conversation import (
    ConversationDeactivated,
    ConversationReactivated,
    ConversationRevised,
    ConversationTrained,
    TrainAs,
    Turn,
)
from contracts.facts.qa import Purpose, QAAdded, QADeactivated, QAMoved, QAReactivated, QARevised
from services.commands.states.state import State, given


@dataclass(frozen=True, slots=True)
class QA(State):
    """A question and its answer. Texts may be sealed."""

    model: str
    question: object
    answer: object
    section: str
    purpose: Purpose
    language: str | None
    notes: object
    active: bool


@dataclass(frozen=True, slots=True)
class Conversation(State):
    """A dialogue that is learnt from. Texts may be sealed."""

    model: str
    messages: tuple[Turn, ...]
    train_as: TrainAs
    straight_question: int | None
    section: str
    language: str | None
    notes: object
    active: bool


def evolve_qa(state: QA | None, id: str, data: Fact) -> QA:
    """Fold one event in."""
    if isinstance(data, QAAdded):
        return QA(id, 1, data.model, data.question, data.answer, data.section, data.purpose, data.language, data.notes,
                  data.active)  # fmt: skip
    assert state is not None, f"{type(data).__name__} before QAAdded"
    state = replace(state, revision=state.revision + 1)
    match data:
        case QARevised():
            return replace(state, **given(data, "question", "answer", "section", "purpose", "language", "notes"))
        case QADeactivated():
            return replace(state, active=False)
        case QAReactivated():
            return replace(state, active=True)
        case QAMoved():
            return replace(state, model=data.to)
        case _:
            return state


def evolve_conversation(state: Conversation | None, id: str, data: Fact) -> Conversation:
    """Fold one event in."""
    if isinstance(data, ConversationTrained):
        return Conversation(id, 1, data.model, data.messages, data.train_as, data.straight_question, data.section,
                            data.language, data.notes, data.active)  # fmt: skip
    assert state is not None, f"{type(data).__name__} before ConversationTrained"
    state = replace(state, revision=state.revision + 1)
    match data:
        case ConversationRevised():
            fields = ("messages", "train_as", "straight_question", "section", "language", "notes")
            return replace(state, **given(data, *fields))
        case ConversationDeactivated():
            return replace(state, active=False)
        case ConversationReactivated():
            return replace(state, active=True)
        case _:
            return state
