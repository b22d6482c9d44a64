"""Queries about the log and the system."""

from typing import Annotated, Any

from pydantic import Field

from contracts.facts.fact import Kind
from contracts.identifiers import Id
from contracts.queries.shape import Shape


class HistoryWanted(Shape):
    after: int = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 500
    model: str | None = None


class HistoryRow(Shape):
    """One event of the log. Sealed texts are opened for those who may read them, else shown sealed."""

    position: int
    fact: str
    kind: Kind
    subject: Id
    time: str
    recorded_at: str
    actor: str
    id: Id
    source: str
    correlation: str | None
    causation: str | None
    fact_end: int
    log_stream: str
    revision: int
    chain: str
    channel: str
    data: dict[str, Any]


class History(Shape):
    events: list[HistoryRow]
    next: int | None


class ChainChecked(Shape):
    """The log's hash chain was recomputed from its first event."""

    whole: bool
    events: int
    head: int
    chain: str
    log_id: str
    problem: str | None


class ReadModelState(Shape):
    """`rebuilding`: the position that the one being built beside it has reached."""

    name: str
    fingerprint: str
    position: int
    rebuilding: int | None = None


class SystemState(Shape):
    log_id: str
    head: int
    recorded_at: str | None
    read_models: list[ReadModelState]
    counts: dict[str, int]


class SequenceWanted(Shape):
    """Where to begin to follow EV: `position` is the last one that was seen; 0 for everything."""

    position: Annotated[int, Field(ge=0)]


class Sequence(Shape):
    """`start`: the `opt_start_seq` of a consumer that is to get what comes after the position; `last`: EV's last sequence."""

    position: int
    start: int
    last: int
