"""Making the envelope of a fact that is to be reported."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from contracts.envelope import Envelope
from contracts.facts import Fact


def new_fact(
    data: Fact,
    *,
    module: str,
    actor: str,
    subject: str | None = None,
    id: str | None = None,
    time: datetime | None = None,
    cause: Envelope | None = None,
) -> Envelope:
    """An envelope around `data`, with a new id and the present time unless given.

    `subject` is the record's id; a fact that begins a record may leave it out. `cause`: the event that led to it,
    whose correlation it takes over.
    """
    return Envelope(
        id=id or str(uuid.uuid4()),
        source=f"/{module}",
        type=type(data).__name__,
        time=time or datetime.now(UTC),
        subject=subject,
        schema_number=data.schema_number,
        actor=actor,
        correlationid=(cause.correlationid or cause.id) if cause else None,
        causationid=cause.id if cause else None,
        data=data,
    )
