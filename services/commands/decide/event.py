"""What the rules give: events that are to be appended."""

from dataclasses import dataclass

from contracts.facts import Fact, Kind


@dataclass(frozen=True, slots=True)
class Event:
    """One event: what it is about, its data, and the channel it stands in."""

    kind: Kind
    subject: str
    data: Fact
    channel: str
