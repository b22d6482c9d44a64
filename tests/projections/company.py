"""A company in memory of a test: the real writer on a real log, real read models, no bus."""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.envelope import Envelope
from contracts.facts import FACTS
from contracts.queries import QUERIES
from contracts.replies import Accepted
from services.commands.writer import Writer
from services.eventlog import open_keys, open_log
from services.projections.answering import Question, Sources
from services.projections.asker import asker_of
from services.projections.project import open_chat, open_training
from services.projections.service import answer
from services.projections.similar import Similar
from services.projections.training_set import TrainingSets


class Company:
    """Reports facts and asks queries as the services do. Close it."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        """`url`: of a PostgreSQL database; otherwise everything is SQLite in the folder."""
        self.log = open_log(url or f"sqlite:///{folder}/log.db")
        self.keys = open_keys(f"sqlite:///{folder}/keys.db", b"m" * 32)
        self.models_url = url or f"sqlite:///{folder}/models"
        self._writer = Writer(self.log, self.keys)
        self.sources = self.open_read_models()

    def open_read_models(self, generation: int | None = None) -> Sources:
        training = open_training(self.models_url, self.log, self.keys, generation)
        chat = open_chat(self.models_url, self.log, self.keys, generation)
        return Sources(self.log, self.keys, training, chat, TrainingSets(), Similar(), {})

    async def begin(self) -> "Company":
        owner = {"name": "Owner", "roles": ["administrator", "trainer"]}
        await self.report("PersonAdded", "owner", by="service:commands", **owner)
        return self

    async def report(
        self, type_: str, subject: str | None = None, *, by: str = "person:owner", **data: Any
    ) -> Accepted:
        """One fact, accepted. Raises `Refused`."""
        id = uuid.uuid4().hex
        module = by.partition(":")[2] if not by.startswith("person:") else "cli"
        envelope = Envelope(
            id=id, source=f"/{module}", type=type_, time=datetime.now(UTC), subject=subject or id, actor=by,
            data=FACTS[type_].model_validate(data),
        )  # fmt: skip
        return await self.write(envelope)

    async def write(self, fact: Envelope) -> Accepted:
        """A fact in its envelope, accepted. Raises `Refused`."""
        return await self._writer.write(fact)

    async def ask(
        self, name: str, at: int | None = None, *, by: str = "person:owner", module: str = "cli",
        sources: Sources | None = None, **data: Any,
    ) -> Any:  # fmt: skip
        """A query's answer, as of `at` or now."""
        return await asyncio.to_thread(self._ask, name, at, by, module, sources or self.sources, data)

    async def ask_anything(self, name: str, wanted: dict[str, Any], *, by: str) -> Any:
        """A query's answer now, its parameters as they come."""
        return await asyncio.to_thread(self._ask, name, None, by, "cli", self.sources, wanted)

    def _ask(self, name: str, at: int | None, by: str, module: str, sources: Sources, data: dict[str, Any]) -> Any:
        position = self.log.resolve(at) if at is not None else self.log.head().position
        sources.training.advance()
        sources.chat.advance()
        with sources.training.store.engine.connect() as training, sources.chat.store.engine.connect() as chat:
            question = Question(asker_of(module, by, chat), position, training, chat, sources)
            found = answer(name, question, QUERIES[name][0].model_validate(data, extra="forbid"))
            return QUERIES[name][1].model_validate_json(found.model_dump_json())

    async def learns(self, model: str, at: int | None = None, **more: Any) -> list[str]:
        """The ids of the lessons of a training set, in their order."""
        page = await self.ask("training_page", at, model=model, **more)
        return [lesson.id for lesson in page.lessons]

    async def qa(self, model: str, id: str, question: str | None = None, answer: str = "Yes.", **more: Any) -> Accepted:
        """Teach one."""
        return await self.report("QAAdded", id, model=model, question=question or f"{id}?", answer=answer, **more)

    async def close(self) -> None:
        await self._writer.stop()
        for one in (self.sources.training.store, self.sources.chat.store, self.log, self.keys):
            one.close()
