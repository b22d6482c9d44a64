"""The state of one record is the fold of its log stream: pure, and the same for reader and writer."""

from typing import cast

from contracts.envelope import Envelope
from contracts.facts import Kind
from services.commands.states import chat, compilation, lesson, model, proposal, provider
from services.commands.states.chat import Group, Message, Person
from services.commands.states.compilation import Compilation
from services.commands.states.lesson import QA, Conversation
from services.commands.states.model import Model
from services.commands.states.proposal import Module, Proposal
from services.commands.states.provider import Provider
from services.commands.states.state import State

__all__ = [
    "QA", "Compilation", "Conversation", "Group", "Message", "Model", "Module", "Person", "Proposal",
    "Provider", "State", "evolve",
    "stream_of",
]  # fmt: skip


def stream_of(kind: str, id: str) -> str:
    """The name of a record's log stream: `<kind>:<id>`."""
    return f"{kind}:{id}"


def evolve(kind: Kind, state: State | None, event: Envelope) -> State:  # noqa: C901 - one line per kind
    """Fold one stored event into the state before it (None before the first)."""
    id, data = event.subject or event.id, event.data
    match kind:
        case "provider":
            return provider.evolve(cast(Provider | None, state), id, data)
        case "model":
            return model.evolve(cast(Model | None, state), id, data)
        case "qa":
            return lesson.evolve_qa(cast(QA | None, state), id, data)
        case "conversation":
            return lesson.evolve_conversation(cast(Conversation | None, state), id, data)
        case "proposal":
            return proposal.evolve_proposal(cast(Proposal | None, state), id, data)
        case "module":
            return proposal.evolve_module(cast(Module | None, state), id, data)
        case "compilation":
            return compilation.evolve(cast(Compilation | None, state), event)
        case "group":
            return chat.evolve_group(cast(Group | None, state), id, data)
        case "message":
            return chat.evolve_message(cast(Message | None, state), event)
        case "person":
            return chat.evolve_person(cast(Person | None, state), id, data)
