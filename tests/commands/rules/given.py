"""Given / when / then for the rules: a world built from facts, one fact, and what it gives."""

import uuid
from datetime import UTC, datetime
from typing import Any

from contracts.envelope import Envelope
from contracts.facts import FACTS
from services.commands.claims import claims
from services.commands.decide import Event, decide
from services.commands.states import evolve, stream_of
from services.commands.world import DictWorld

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OWNER = "person:owner"


def fact(
    type_: str, subject: str | None = None, *, by: str = OWNER, id: str | None = None, at: datetime = NOON, **data: Any
) -> Envelope:
    """A fact as reception hands it on."""
    fact_id = id or uuid.uuid4().hex
    module = by.partition(":")[2] if not by.startswith("person:") else "cli"
    return Envelope(
        id=fact_id, source=f"/{module}", type=type_, time=at, subject=subject or fact_id, actor=by,
        data=FACTS[type_].model_validate(data),
    )  # fmt: skip


class Given:
    """A world in which facts have happened. The owner is an administrator and trainer."""

    def __init__(self, *facts: Envelope) -> None:
        self.world = DictWorld()
        self.events: list[Event] = []
        self.when(fact("PersonAdded", "owner", by="service:commands", name="Owner", roles=["administrator", "trainer"]))
        for one in facts:
            self.when(one)

    def when(self, one: Envelope) -> list[Event]:
        """What the fact gives; it has happened then. Raises `Refused`."""
        events = decide(self.world, one)
        for event in events:
            taken = claims(self.world, event)
            self._evolve(event, one)
            self.world.take(taken)
        self.events += events
        return events

    def then(self, one: Envelope) -> list[str]:
        """The names of the events that the fact gives."""
        return [type(event.data).__name__ for event in self.when(one)]

    def _evolve(self, event: Event, cause: Envelope) -> None:
        stored = cause.model_copy(
            update={
                "type": type(event.data).__name__,
                "subject": event.subject,
                "data": event.data,
                "channel": event.channel,
            }
        )
        name = stream_of(event.kind, event.subject)
        self.world.states[name] = evolve(event.kind, self.world.states.get(name), stored)
        self.world.events.setdefault(name, []).append(stored)


PROVIDER = fact("ProviderRegistered", "p", name="Embedded", provider_kind="embedded", base_model="b")
SALES = fact("ModelDefined", "sales", name="Sales", provider="p", virtual_user="sally")


def compiling(id: str = "c", model: str = "sales") -> list[Envelope]:
    """Everything up to the moment at which the compilation may succeed."""
    compiler = "service:compiler"
    runner = {"runner": "r", "deadline": 0}
    return [
        fact("CompileRequested", id, model=model),
        fact(
            "TrainingSetPackaged",
            id,
            by=compiler,
            position=1,
            packaging=1,
            sha256="a" * 64,
            examples=1,
            lessons=1,
            bytes=1,
        ),
        fact("FileUploadIntended", id, by=compiler, upload_sha256="a" * 64, bytes=1, **runner),
        fact("FileUploaded", id, by=compiler, file="f"),
        fact("JobCreationIntended", id, by=compiler, **runner),
        fact("JobCreated", id, by=compiler, job="j"),
        fact("EvaluationStarted", id, by=compiler, compiled_model="ft"),
    ]


def succeeded(id: str = "c", **more: Any) -> Envelope:
    """The compiler reports the success."""
    return fact("CompilationSucceeded", id, by="service:compiler", **({"compiled_model": "ft"} | more))
