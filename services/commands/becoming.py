"""What becomes of a decided fact: its events as envelopes, its acceptance, its refusals by the writer. Pure."""

import uuid
from typing import Final

from contracts.envelope import Envelope
from contracts.replies import Accepted
from services.commands.decide import Event
from services.eventlog.log import FactKey
from services.refusals import Refused

_EVENTS: Final = uuid.UUID("5d0e3a52-4f1c-5c39-9d1b-6a6f3f0f7a11")


def key_of(fact: Envelope) -> FactKey:
    """By which a fact counts once."""
    return (fact.source, fact.id)


def accepted(fact: Envelope, position: int, stream: str, topic: str) -> Accepted:
    """`topic`: the name of its first event, which may be another than its own."""
    became = topic if topic != fact.type else None
    return Accepted(position=position, id=fact.id, subject=stream.partition(":")[2], became=became)


def not_stored(fact: Envelope) -> Refused:
    """Something of ours fails on this very fact."""
    return Refused(
        "internal_error",
        f"This {fact.type} can't be stored because of an error in Apprentice; tell whoever runs the server.",
    )


def reused(fact: Envelope) -> Refused:
    """Its id has come before, with something else."""
    return Refused(
        "id_reused",
        f"{fact.module} has already reported another fact with the id {fact.id}; give this one an id of its own.",
        {"id": "used before with another body"},
    )


def event_of(fact: Envelope, event: Event, number: int) -> Envelope:
    """`number` counts the fact's events from 1: the first has its id, the others name it as their cause."""
    first = number == 1
    return Envelope.model_construct(
        id=fact.id if first else str(uuid.uuid5(_EVENTS, f"{fact.source}#{fact.id}#{number}")),
        source=fact.source,
        type=type(event.data).__name__,
        time=fact.time,
        subject=event.subject,
        schema_number=event.data.schema_number,
        actor=fact.actor,
        correlationid=fact.correlationid or fact.id,
        causationid=fact.causationid if first else fact.id,
        channel=event.channel,
        data=event.data,
    )
