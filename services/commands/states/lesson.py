"""Lessons as the rules see them: QAs and training conversations."""

from dataclasses import dataclass, replace
from typing import Any

from contracts.facts import Fact
from contracts.facts.conversation import (
    ConversationDeactivated,
    ConversationPersonalDataAccepted,
    ConversationReactivated,
    ConversationRevised,
    ConversationTrained,
    TrainAs,
    Turn,
)
from contracts.facts.qa import (
    Purpose,
    QAAdded,
    QADeactivated,
    QAMoved,
    QAPersonalDataAccepted,
    QAReactivated,
    QARevised,
    QAsDistinguished,
)
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
    held_back: bool | None = None
    question_key: str = ""
    distinguished: frozenset[str] = frozenset()
    personal_data_accepted: bool = False


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
    held_back: bool | None = None
    personal_data_accepted: bool = False


def evolve_qa(state: QA | None, id: str, data: Fact) -> QA:
    """Fold one event in."""
    if isinstance(data, QAAdded):
        return QA(id, 1, data.model, data.question, data.answer, data.section, data.purpose, data.language, data.notes,
                  data.active, data.held_back, data.question_key)  # fmt: skip
    assert state is not None, f"{type(data).__name__} before QAAdded"
    state = replace(state, revision=state.revision + 1)
    match data:
        case QARevised():
            fields = ("question", "answer", "section", "purpose", "language", "notes", "held_back")
            return _revised(state, data, given(data, *fields))
        case QADeactivated():
            return replace(state, active=False)
        case QAReactivated():
            return replace(state, active=True)
        case QAMoved():
            return replace(state, model=data.to)
        case QAsDistinguished():
            return replace(state, distinguished=state.distinguished | {data.other})
        case QAPersonalDataAccepted():
            return replace(state, personal_data_accepted=True)
        case _:
            return state


def _revised(state: QA, data: QARevised, changes: dict[str, Any]) -> QA:
    # What was said of it was said of the text of then; the same text said again is no other.
    if any(name in changes and changes[name] != getattr(state, name) for name in ("question", "answer")):
        changes |= {"distinguished": frozenset(), "personal_data_accepted": False}
    return replace(state, **changes, question_key=data.question_key or state.question_key)


def evolve_conversation(state: Conversation | None, id: str, data: Fact) -> Conversation:
    """Fold one event in."""
    if isinstance(data, ConversationTrained):
        return Conversation(id, 1, data.model, data.messages, data.train_as, data.straight_question, data.section,
                            data.language, data.notes, data.active, data.held_back)  # fmt: skip
    assert state is not None, f"{type(data).__name__} before ConversationTrained"
    state = replace(state, revision=state.revision + 1)
    match data:
        case ConversationRevised():
            names = ("messages", "train_as", "straight_question", "section", "language", "notes", "held_back")
            changes = given(data, *names)
            accepted = state.personal_data_accepted and changes.get("messages", state.messages) == state.messages
            return replace(state, **changes, personal_data_accepted=accepted)
        case ConversationDeactivated():
            return replace(state, active=False)
        case ConversationReactivated():
            return replace(state, active=True)
        case ConversationPersonalDataAccepted():
            return replace(state, personal_data_accepted=True)
        case _:
            return state
