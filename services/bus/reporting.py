"""Making the envelope of a fact that is about to be reported."""

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
    """A fact of this module; `cause` is the event that led to it."""
    return Envelope(
        id=id or str(uuid.uuid4()),
        source=f"/{module}",
        type=type(data).__name__,
        time=time or datetime.now(UTC),
        subject=subject,
        schema_number=data.schema_number,
        actor=actor,
        correlationid=cause.correlationid if cause else None,
        causationid=cause.id if cause else None,
        data=data,
    )
