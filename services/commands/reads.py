"""What the decision on a fact will surely read, so that a batch can load it in one look-up. Only a hint."""

from dataclasses import dataclass
from functools import cache

from contracts.envelope import Envelope
from contracts.facts import Fact
from contracts.facts.compilation import CompileRequested
from contracts.facts.conversation import ConversationTrained
from contracts.facts.message import AnswerPosted
from contracts.facts.qa import QAAdded
from services.commands.states import stream_of
from services.folding import record_key

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reads:
    """Log streams by name, and unique rows."""

    streams: frozenset[str]
    unique: frozenset[Row]


_REFERENCES = {
    "model": "model", "to": "model", "training_set": "model", "other": "qa", "parent": "model", "assistant": "model", "provider": "provider",
    "group": "group", "question": "message", "reply_to": "message",
}  # fmt: skip


def reads(fact: Envelope) -> Reads:
    """The fact's own record, the records it names, and its actor."""
    data = fact.data
    streams = {stream_of(data.kind, fact.subject or fact.id)}
    for field, kind in _references(type(data)):
        if isinstance(id := getattr(data, field), str):
            streams.add(stream_of(kind, id))
    if fact.actor.startswith("person:"):
        streams.add(stream_of("person", fact.actor.removeprefix("person:")))
    return Reads(frozenset(streams), frozenset(_rows(fact)))


def _rows(fact: Envelope) -> set[Row]:
    match data := fact.data:
        case CompileRequested(model=model):
            return {("running", model), ("queued", model), ("versions", model)}
        case AnswerPosted(question=question, virtual_user=virtual_user):
            return {("answered", f"{question}/{virtual_user}")}
        case QAAdded() | ConversationTrained() if data.external_id is not None:
            return {("external", record_key(data.external_system, data.external_id))}
        case _:
            return set()


@cache
def _references(kind: type[Fact]) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in _REFERENCES.items() if pair[0] in kind.model_fields)
