"""What the decision on a fact will surely read, so that a batch can load it in one look-up. Only a hint."""

from dataclasses import dataclass

from contracts.envelope import Envelope
from services.commands.states import stream_of

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reads:
    """Log streams by name, and unique rows."""

    streams: frozenset[str]
    unique: frozenset[Row]


_REFERENCES = {
    "model": "model", "to": "model", "parent": "model", "assistant": "model", "provider": "provider",
    "group": "group", "question": "message", "reply_to": "message",
}  # fmt: skip


def reads(fact: Envelope) -> Reads:
    """The fact's own record, the records it names, and its actor."""
    data = fact.data
    streams = {stream_of(data.kind, fact.subject or fact.id)}
    for field, kind in _REFERENCES.items():
        if isinstance(id := getattr(data, field, None), str):
            streams.add(stream_of(kind, id))
    if fact.actor.startswith("person:"):
        streams.add(stream_of("person", fact.actor.removeprefix("person:")))
    return Reads(frozenset(streams), frozenset(_rows(fact)))


def _rows(fact: Envelope) -> set[Row]:
    data = fact.data
    model = getattr(data, "model", None)
    match data.kind:
        case "compilation" if model is not None:
            return {("running", model), ("queued", model), ("versions", model)}
        case "qa" | "conversation" if getattr(data, "external_id", None) is not None:
            return {("external", f"{getattr(data, 'external_system', '')}/{getattr(data, 'external_id', '')}")}
        case _:
            return set()
