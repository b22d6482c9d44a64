"""What the rules may ask: the state of every record, and the unique rows."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from contracts.envelope import Envelope
from contracts.facts import Kind
from services.commands.states import (
    QA,
    Compilation,
    Conversation,
    Group,
    Message,
    Model,
    Module,
    Person,
    Proposal,
    Provider,
    stream_of,
)


class World(Protocol):
    """Every method answers None for what isn't there."""

    def provider(self, id: str, /) -> Provider | None: ...
    def model(self, id: str, /) -> Model | None: ...
    def qa(self, id: str, /) -> QA | None: ...
    def conversation(self, id: str, /) -> Conversation | None: ...
    def proposal(self, id: str, /) -> Proposal | None: ...
    def module(self, id: str, /) -> Module | None: ...
    def compilation(self, id: str, /) -> Compilation | None: ...
    def group(self, id: str, /) -> Group | None: ...
    def message(self, id: str, /) -> Message | None: ...
    def person(self, id: str, /) -> Person | None: ...
    def unique(self, table: str, key: str, /) -> str | None: ...
    def digest(self, words: str, /) -> str:
        """Always the same for the same words, which nobody without the installation's keys finds out from it."""
        ...

    def since(self, kind: Kind, id: str, revision: int, /) -> Sequence[Envelope]:
        """The events of a record after a revision, oldest first; texts may be sealed."""
        ...


@dataclass
class DictWorld:
    """A world held in dictionaries: states and events by log stream, unique rows by table and key."""

    states: dict[str, Any] = field(default_factory=dict)
    rows: dict[tuple[str, str], str] = field(default_factory=dict)
    events: dict[str, list[Envelope]] = field(default_factory=dict)

    def provider(self, id: str) -> Provider | None:
        """Its state."""
        return self.states.get(stream_of("provider", id))

    def model(self, id: str) -> Model | None:
        """Its state."""
        return self.states.get(stream_of("model", id))

    def qa(self, id: str) -> QA | None:
        """Its state."""
        return self.states.get(stream_of("qa", id))

    def conversation(self, id: str) -> Conversation | None:
        """Its state."""
        return self.states.get(stream_of("conversation", id))

    def proposal(self, id: str) -> Proposal | None:
        """Its state."""
        return self.states.get(stream_of("proposal", id))

    def module(self, id: str) -> Module | None:
        """Its state."""
        return self.states.get(stream_of("module", id))

    def compilation(self, id: str) -> Compilation | None:
        """Its state."""
        return self.states.get(stream_of("compilation", id))

    def group(self, id: str) -> Group | None:
        """Its state."""
        return self.states.get(stream_of("group", id))

    def message(self, id: str) -> Message | None:
        """Its state."""
        return self.states.get(stream_of("message", id))

    def person(self, id: str) -> Person | None:
        """Its state."""
        return self.states.get(stream_of("person", id))

    def unique(self, table: str, key: str) -> str | None:
        """The row's value."""
        return self.rows.get((table, key))

    def digest(self, words: str) -> str:
        """Of a world that keeps nothing."""
        return hashlib.sha256(words.encode()).hexdigest()

    def since(self, kind: Kind, id: str, revision: int) -> Sequence[Envelope]:
        """The record's events after the revision."""
        return self.events.get(stream_of(kind, id), [])[revision:]

    def take(self, claims: Mapping[tuple[str, str], str | None]) -> None:
        """Keep the rows that an event takes, drop those it gives up."""
        for key, value in claims.items():
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value
