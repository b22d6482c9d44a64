"""The chat service: answers questions from EV, and `qry.<module>.ask`."""

import asyncio
import importlib
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from contracts.queries import (
    Asked,
    AskWanted,
    ModelRow,
    ModelWanted,
    Nothing,
    OpenQuestions,
    OpenQuestionsWanted,
    PersonRow,
    Query,
)
from services.asking import wanted_of
from services.bus.client import Bus, NoReply
from services.bus.nats_py import settled
from services.bus.serving import Serving
from services.bus.tail import tail
from services.cancelling import end
from services.chat.answering import Answering
from services.chat.speaking import ACTOR, MODULE, Speaking
from services.providers.choosing import Providers
from services.providers.grounding import with_system
from services.providers.port import ProviderProblem
from services.refusals import Refused
from services.settings import Settings

AT_ONCE = 16
POLL = 5.0
"""Seconds between two looks for questions that nobody answered."""
QUESTIONS = [f"ev.private.message.*.{fact}" for fact in ("MessagePosted", "RetryRequested", "AnswerStopRequested")]

logger = logging.getLogger(__name__)


async def run(settings: Settings, *, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; an answer that is interrupted is given anew by the next chat service."""
    bus = await Bus.connect(settings.login, name="chat")
    providers = Providers(settings)
    chat = _Chat(bus, providers)
    async with asyncio.TaskGroup() as tasks:
        working = [tasks.create_task(one) for one in (chat.follow(), chat.look(stop))]
        asked = Serving(bus, "ask", chat.ask)
        await asked.open("chat")
        await settled(bus.nc)
        ready()
        # The provider's client takes half a second to import: better now than under the first question.
        await asyncio.to_thread(importlib.import_module, "services.providers.openai_api")
        await stop.wait()
        await end((*working, *chat.answering_now()))
        await asked.close()
    await providers.close()
    await bus.close()


class _Chat:
    def __init__(self, bus: Bus, providers: Providers) -> None:
        self._bus = bus
        self._speaking = Speaking(bus, providers)
        self._answering = Answering(bus, self._speaking)
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._questions: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()

    def answering_now(self) -> list["asyncio.Task[None]"]:
        return list(self._questions.values())

    async def follow(self) -> None:
        async for message in tail(self._bus, subjects=QUESTIONS):
            self._heard(json.loads(message.data))

    async def look(self, stop: asyncio.Event) -> None:
        """What was asked while no chat service ran, and what an event that got lost would have told."""
        while not stop.is_set():
            try:
                _, found = await self._bus.query("open_questions", OpenQuestionsWanted(), module=MODULE, actor=ACTOR)
                questions: OpenQuestions = found
                for id in questions.messages:
                    self._begin(id)
            except (NoReply, Refused) as problem:
                logger.warning("open questions can't be listed now: %s", problem)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL)

    def _heard(self, event: dict[str, Any]) -> None:
        id, data = event["subject"], event["data"]
        match event["type"]:
            case "AnswerStopRequested":
                self._answering.stop(id, data["virtual_user"])
            case "RetryRequested":
                self._answering.allow(id, data["virtual_user"])
        if event["type"] != "MessagePosted" and id in self._questions:
            self._again.add(id)  # what is going on began before this was so
        self._begin(id)

    def _begin(self, id: str) -> None:
        if id not in self._questions:
            task = asyncio.create_task(self._answer(id), name=f"question {id}")
            self._questions[id] = task
            task.add_done_callback(partial(self._ended, id))

    def _ended(self, id: str, task: "asyncio.Task[None]") -> None:
        del self._questions[id]
        if id in self._again and not task.cancelled():
            self._again.discard(id)
            self._begin(id)

    async def _answer(self, id: str) -> None:
        try:
            async with self._gate:
                await self._answering.question(id)
        except (NoReply, Refused) as problem:
            logger.warning("the question %s waits: %s", id, problem)
        except Exception:
            logger.exception("the question %s waits because of an error in Apprentice", id)

    async def ask(self, module: str, query: Query) -> tuple[int, Asked]:
        """The answer to a query `ask`."""
        wanted = wanted_of(AskWanted, "ask", query)
        asker = await self._asker(module, query.actor)
        position, found = await self._bus.query(
            "model", ModelWanted(model=wanted.model), module=MODULE, actor=ACTOR, after=query.after
        )
        model: ModelRow = found
        if model.use == "personal" and (asker is None or asker.assistant != model.id):
            raise Refused("unknown_model", f"There is no model called {wanted.model}.", {"model": "unknown"})
        try:
            return position, await self._said(model, wanted.question)
        except ProviderProblem as problem:
            raise Refused(problem.code, f"{problem.message} {problem.fix}".strip()) from problem

    async def _said(self, model: ModelRow, question: str) -> Asked:
        voice = await self._speaking.voice(model, question)
        said = await voice.complete(with_system(voice.system_message, [{"role": "user", "content": question}]))
        return Asked(
            answer=said.text,
            known=said.known,
            model=model.id,
            version=voice.version.version if voice.version else None,
            lessons=list(voice.lessons),
        )

    async def _asker(self, module: str, actor: str) -> PersonRow | None:
        """The person who asks; None: a module does."""
        if module not in ("web", "cli"):
            return None
        _, people = await self._bus.query("people", Nothing(), module=MODULE, actor=ACTOR)
        for one in people.people:
            if actor == f"person:{one.id}" and not one.erased:
                found: PersonRow = one
                return found
        raise Refused("unknown_person", f"Nobody here is called {actor.removeprefix('person:')}.", {"actor": "unknown"})
