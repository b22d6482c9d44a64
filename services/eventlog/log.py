"""What the event log is to everyone who uses it: its events, its doors and its failures. Cheap to import."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

FactKey = tuple[str, str]
"""(source, id) of a fact: `("/web", "0199...")`."""
UniqueKey = tuple[str, str]
"""(table, key) of a row of the unique tables: `("model_name", "ai marketing assistant")`."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event of the log.

    `recorded_at`: microseconds UTC, one per transaction, strictly increasing from one to the next. `fact_end`: the
    position of the last event of the same fact. `state`: the sealed envelope's bytes. `chain`: 32 bytes, see `chain`.
    """

    position: int
    recorded_at: int
    fact_end: int
    stream: str
    revision: int
    topic: str
    state: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The log's last event; of an empty log position 0, recorded_at 0 and the log id's bytes as chain."""

    position: int
    recorded_at: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is to be appended to its log stream at this revision."""

    stream: str
    revision: int
    topic: str
    state: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """One accepted fact: its events in order, and the unique rows it takes (or, with None, gives up)."""

    source: str
    id: str
    digest: bytes
    events: Sequence[NewEvent]
    claims: Mapping[UniqueKey, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """A fact that was accepted before: the position of its last event, and the digest of its body."""

    position: int
    digest: bytes


class LogError(Exception):
    """What the log can't do. Nothing was changed."""


class LogUnavailable(LogError):
    """The database is locked, full, unreachable or closed. Nothing is half done; trying again later is right."""


class NotALog(LogError):
    """What stands at the URL is not a log of ours, or one of a newer program."""


class Conflict(LogError):
    """What was to be appended is already there; the whole transaction is taken back."""


class RevisionTaken(Conflict):
    """Another writer has appended to the log stream since it was read."""

    def __init__(self, stream: str, revision: int) -> None:
        super().__init__(f"Log stream {stream} already has a revision {revision}; read it again and decide anew.")
        self.stream = stream
        self.revision = revision


class FactTaken(Conflict):
    """A fact with this source and id was appended before."""

    def __init__(self, source: str, id: str) -> None:
        super().__init__(f"The fact {id} of {source} is already in the log; ask for its position instead.")
        self.source = source
        self.id = id


class Writing(Protocol):
    """One transaction, with the write lock held. What it appends becomes visible when the context is left."""

    @property
    def head(self) -> Head:
        """The log's last event, with what this transaction has appended."""

    @property
    def recorded_at(self) -> int:
        """What every event of this transaction is recorded with."""

    def facts(self, keys: Collection[FactKey]) -> dict[FactKey, Seen]:
        """Those of the facts that were accepted before."""

    def streams(self, names: Collection[str]) -> dict[str, list[Recorded]]:
        """The events of each log stream in order; one without events is left out."""

    def unique(self, keys: Collection[UniqueKey]) -> dict[UniqueKey, str]:
        """Those of the keys that are taken, with their values."""

    def append(self, appends: Sequence[Append]) -> list[int]:
        """Each fact's position (its `fact_end`). Raises `RevisionTaken` or `FactTaken`, which end the transaction."""

    def replace_unique(self, rows: Mapping[UniqueKey, str]) -> None:
        """Set all unique tables anew. For repair only: they are a pure function of the log."""


class EventLog(Protocol):
    """The append-only store of events. Synchronous; usable from any thread. Methods raise `LogUnavailable`."""

    @property
    def log_id(self) -> str:
        """The log's own id, 32 hexadecimal digits, given when it was made."""

    def head(self) -> Head:
        """The last event."""

    def read(self, after: int, limit: int = 500, upto: int | None = None) -> list[Recorded]:
        """At most `limit` events with `after` < position <= `upto`, in order."""

    def at(self, positions: Sequence[int]) -> list[Recorded]:
        """The events at these positions, in the log's order."""

    def stream(self, name: str) -> list[Recorded]:
        """One log stream's events in order."""

    def unique_rows(self) -> dict[UniqueKey, str]:
        """All rows of the unique tables."""

    def resolve(self, at: int | datetime) -> int:
        """The greatest fact_end <= `at`. Raises `Refused`: `instant_in_future`, `instant_without_zone`."""

    def writing(self) -> AbstractContextManager[Writing]:
        """Take the write lock, then read and append; commits on leaving, takes all back when an error leaves."""

    def close(self) -> None:
        """Give the connections back."""
