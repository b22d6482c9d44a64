"""Projects the log into a read model: pages of events, rows and position in one transaction, each event once."""

import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any, Protocol

from sqlalchemy import Connection

from contracts.envelope import Envelope
from contracts.facts import FACTS, KINDS, Kind
from services.eventlog.keys import KeyStore
from services.eventlog.log import EventLog, Recorded
from services.eventlog.sealing import unseal_all
from services.eventlog.upcasting import read
from services.projections import tables
from services.projections.chatting import Chatting
from services.projections.compilations import Compilations
from services.projections.erasing import Erasing
from services.projections.inserting import insert_rows
from services.projections.learning import Learning
from services.projections.lessons import Lessons
from services.projections.models import Models
from services.projections.noticing import Noticing
from services.projections.origins import Origins
from services.projections.reviewing import Reviewing
from services.projections.store import Store, fingerprint

PAGE = 1_000
TRAINING_CODE = (
    "project.py", "temporal.py", "inserting.py", "models.py", "lessons.py", "compilations.py", "reviewing.py", "noticing.py",
    "origins.py",
    "learning.py", "training_set.py", "rivals.py", "lineage.py", "erasing.py", "learnt_words.py",
)  # fmt: skip
CHAT_CODE = ("project.py", "chatting.py", "messaging.py", "answerers.py")

logger = logging.getLogger(__name__)


class Projection(Protocol):
    """Writes one batch of events into tables. `kinds`: what it wants to see; the rest isn't even parsed."""

    kinds: frozenset[Kind]

    def write(self, connection: Connection, events: Sequence[tuple[Recorded, Envelope]]) -> None:
        """All of the batch, in order, within the caller's transaction."""


class TrainingProjection:
    """Providers, models, lessons, proposals, compilations, notices, and where each model's history stands."""

    kinds: frozenset[Kind] = frozenset(KINDS)

    def __init__(self) -> None:
        compilations = Compilations()
        models = Models()
        noticing = Noticing(compilations.document, models.archived)
        # Learning and erasing read what is written before them; notices come after what they tell of.
        self._parts = (
            models,
            Lessons(),
            Origins(),
            compilations,
            Reviewing(),
            Learning(noticing.tell_teacher),
            Erasing(noticing.tell_administrators),
            noticing,
        )

    def write(self, connection: Connection, events: Sequence[tuple[Recorded, Envelope]]) -> None:
        """All of the batch."""
        for part in self._parts:
            part.begin(connection, events)
        for recorded, event in events:
            for part in self._parts:
                part.project(recorded, event)
        for part in self._parts:
            part.write(connection)
        insert_rows(connection, tables.history, [_history(recorded.position, event) for recorded, event in events])


class ChatProjection:
    """People, groups and messages; models for their virtual users."""

    kinds: frozenset[Kind] = frozenset({"person", "group", "message", "model"})

    def __init__(self) -> None:
        self._chatting = Chatting()

    def write(self, connection: Connection, events: Sequence[tuple[Recorded, Envelope]]) -> None:
        """All of the batch."""
        self._chatting.begin(connection, events)
        for recorded, event in events:
            self._chatting.project(recorded, event)
        self._chatting.write(connection)


class Projector:
    """One read model and the place it has reached. `advance` is called by one thread at a time."""

    def __init__(self, log: EventLog, keys: KeyStore, store: Store, projection: Projection) -> None:
        self.store = store
        self._log, self._keys, self._projection = log, keys, projection
        with store.engine.connect() as connection:
            self.position = store.position(connection)

    def advance(self, progress: Callable[[int], None] | None = None, stopped: Event | None = None) -> int:
        """Project all there is, or until it is stopped; gives the position reached.

        Raises what the database raises, and projects nothing then.
        """
        while not (stopped and stopped.is_set()) and (page := self._log.read(self.position, PAGE)):
            wanted = [one for one in page if self._wants(one.topic)]
            events = unseal_all([read(one.state) for one in wanted], self._keys, self._log.log_id)
            for event in events:
                if event.type == "PersonErased":
                    self._keys.forget(f"person:{event.subject}")
            self._write(list(zip(wanted, events, strict=True)), page[-1].position)
            if progress is not None:
                progress(self.position)
        return self.position

    def _wants(self, topic: str) -> bool:
        known = FACTS.get(topic)
        return known is None or known.kind in self._projection.kinds  # an unknown fact is read, and refused there

    def _write(self, events: list[tuple[Recorded, Envelope]], upto: int) -> None:
        with self.store.engine.begin() as connection:
            at = self.store.lock(connection)
            fresh = [pair for pair in events if pair[0].position > at]
            if fresh:
                self._projection.write(connection, fresh)
            if upto > at:
                self.store.reached(connection, upto)
        self.position = max(at, upto)


def open_training(url: str, log: EventLog, keys: KeyStore, generation: int | None = None) -> Projector:
    """The training read model of today's code, made when there is none."""
    mark = fingerprint(tables.training, TRAINING_CODE)
    store = Store(url, "training", tables.training, tables.training_meta, mark, log.log_id, generation)
    return Projector(log, keys, store, TrainingProjection())


def open_chat(url: str, log: EventLog, keys: KeyStore, generation: int | None = None) -> Projector:
    """The chat read model of today's code, made when there is none."""
    mark = fingerprint(tables.chat, CHAT_CODE)
    store = Store(url, "chat", tables.chat, tables.chat_meta, mark, log.log_id, generation)
    return Projector(log, keys, store, ChatProjection())


def _history(position: int, event: Envelope) -> dict[str, Any]:
    data: Any = event.data
    model = event.subject if data.kind == "model" else getattr(data, "model", None)
    if event.type == "QAMoved":
        model = data.to
    if event.type == "AnswerPosted":
        model = data.answering_model
    return {"position": position, "kind": data.kind, "model": model or ""}
