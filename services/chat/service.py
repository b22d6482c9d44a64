"""The chat service: answers questions from EV, and `qry.<module>.ask`."""

import asyncio
import importlib
import json
import logging
from collections.abc import Callable
from contextlib import suppress

from nats.aio.msg import Msg
from pydantic import ValidationError

from contracts.queries import (
    Asked,
    AskWanted,
    ModelRow,
    ModelWanted,
    Nothing,
    OpenQuestions,
    OpenQuestionsWanted,
    Query,
)
from contracts.replies import Refused as RefusedReply
from services.bus.client import Bus, NoReply
from services.bus.tail import tail
from services.cancelling import end
from services.chat.answering import Answering
from services.chat.speaking import ACTOR, MODULE, Speaking
from services.chat.versions import Versions
from services.providers.choosing import Providers
from services.providers.grounding import with_system
from services.providers.port import ProviderProblem
from services.refusals import Refused
from services.settings import Settings

AT_ONCE = 16
POLL = 5.0
"""Seconds between two looks for questions that nobody answered."""
QUESTIONS = ["ev.private.message.*.MessagePosted", "ev.private.message.*.RetryRequested"]

logger = logging.getLogger(__name__)


async def run(settings: Settings, *, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; an answer that is interrupted is given anew by the next chat service."""
    bus = await Bus.connect(settings.login, name="chat")
    providers = Providers(settings)
    chat = _Chat(bus, Versions(), providers)
    async with asyncio.TaskGroup() as tasks:
        working = [tasks.create_task(one) for one in (chat.follow_versions(), chat.follow(), chat.look(stop))]
        await chat.versions.known.wait()
        subscription = await bus.nc.subscribe("qry.*.ask", queue="chat", cb=chat.take)
        await bus.nc.flush()
        ready()
        # The provider's client takes half a second to import: better now than under the first question.
        await asyncio.to_thread(importlib.import_module, "services.providers.openai_api")
        await stop.wait()
        await subscription.unsubscribe()
        await end((*working, *chat.answering_now()))
        await chat.finish()
    await providers.close()
    await bus.close()


class _Chat:
    def __init__(self, bus: Bus, versions: Versions, providers: Providers) -> None:
        self._bus, self.versions = bus, versions
        self._speaking = Speaking(bus, versions, providers)
        self._answering = Answering(bus, self._speaking)
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._questions: dict[str, asyncio.Task[None]] = {}
        self._asked: set[asyncio.Task[None]] = set()

    def answering_now(self) -> list["asyncio.Task[None]"]:
        return list(self._questions.values())

    async def finish(self) -> None:
        """Answer what was asked to try out."""
        await asyncio.gather(*self._asked, return_exceptions=True)

    async def follow_versions(self) -> None:
        await self.versions.follow(self._bus)

    async def follow(self) -> None:
        async for message in tail(self._bus, subjects=QUESTIONS):
            self._begin(json.loads(message.data)["subject"])

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

    def _begin(self, id: str) -> None:
        if id not in self._questions:
            task = asyncio.create_task(self._answer(id), name=f"question {id}")
            self._questions[id] = task
            task.add_done_callback(lambda _: self._questions.pop(id, None))

    async def _answer(self, id: str) -> None:
        try:
            async with self._gate:
                await self._answering.question(id)
        except (NoReply, Refused) as problem:
            logger.warning("the question %s waits: %s", id, problem)
        except Exception:
            logger.exception("the question %s waits because of an error in Apprentice", id)

    async def take(self, message: Msg) -> None:
        """A query `ask`; answered in a task of its own, so that one slow provider holds nobody up."""
        task = asyncio.create_task(self._reply(message))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _reply(self, message: Msg) -> None:
        try:
            body = await self._ask(message)
        except Refused as refused:
            body = _refusal(refused)
        except ProviderProblem as problem:
            body = _refusal(Refused(problem.code, f"{problem.message} {problem.fix}".strip()))
        except ValidationError as invalid:
            fields = {".".join(map(str, one["loc"])): one["msg"] for one in invalid.errors(include_url=False)}
            body = _refusal(Refused("malformed", "The query ask needs a model and a question.", fields))
        except NoReply as problem:
            body = _refusal(Refused("unavailable", f"This can't be answered now: {problem}"))
        except Exception:
            logger.exception("a question could not be tried out")
            body = _refusal(Refused("internal_error", "The question failed because of an error in Apprentice."))
        await self._bus.nc.publish(message.reply, body)

    async def _ask(self, message: Msg) -> bytes:
        query = Query.model_validate_json(message.data)
        wanted = AskWanted.model_validate(query.data)
        await self._check_asker(message.subject.split(".")[1], query.actor)
        position, found = await self._bus.query(
            "model", ModelWanted(model=wanted.model), module=MODULE, actor=ACTOR, after=query.after
        )
        model: ModelRow = found
        voice = await self._speaking.voice(model, wanted.question)
        said = await voice.complete(with_system(voice.system_message, [{"role": "user", "content": wanted.question}]))
        asked = Asked(
            answer=said.text,
            known=said.known,
            model=model.id,
            version=voice.version.version if voice.version else None,
            lessons=list(voice.lessons),
        )
        return b'{"position":%d,"data":%s}' % (position, asked.model_dump_json().encode())

    async def _check_asker(self, module: str, actor: str) -> None:
        if module not in ("web", "cli"):
            return
        _, people = await self._bus.query("people", Nothing(), module=MODULE, actor=ACTOR)
        if not any(actor == f"person:{one.id}" and not one.erased for one in people.people):
            raise Refused(
                "unknown_person", f"Nobody here is called {actor.removeprefix('person:')}.", {"actor": "unknown"}
            )


def _refusal(refused: Refused) -> bytes:
    return RefusedReply(refused=refused.refusal).model_dump_json().encode()
