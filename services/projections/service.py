"""The projections service: keeps the read models up to the log, and answers `qry.<module>.<name>`."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final, TypeVar
from urllib.parse import quote

from faststream.nats import NatsBroker
from faststream.nats.annotations import NatsMessage
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from contracts import subjects
from contracts.queries import QUERIES, Query, Shape
from contracts.replies import Refused as RefusedReply
from services.asking import fitting, query_of, wanted_of
from services.bus.client import Bus
from services.bus.nats_py import settled
from services.eventlog import open_keys, open_log
from services.eventlog.log import LogUnavailable
from services.malformed import check_numbers
from services.projections import (
    answer_affected,
    answer_chat,
    answer_compilations,
    answer_finding,
    answer_findings,
    answer_imports,
    answer_learnt,
    answer_log,
    answer_messages,
    answer_reading,
    answer_review,
    answer_revisions,
    answer_table,
    answer_training,
    answer_why,
)
from services.projections.answering import Question, Sources
from services.projections.asker import asker_of, speaker_of
from services.projections.following import Following
from services.projections.project import open_chat, open_training
from services.projections.readers import admit
from services.projections.similar import Similar
from services.projections.training_set import TrainingSets
from services.refusals import Refused
from services.settings import Login, Settings
from services.waiting import first_set

WAIT_SECONDS: Final = 5.0
WAITING: Final = 16
"""How many queries of one name are waited with, or answered, at once."""
AT_ONCE: Final = 8
"""Answers that are worked out at once, each with a connection of its own. Those of one name are at most half of them, so
that no slow query keeps the others waiting."""
Result = TypeVar("Result")
Handler = Callable[[Question, Any], Shape]

logger = logging.getLogger(__name__)

HANDLERS: dict[str, Handler] = {
    "assistants": answer_training.assistants,
    "models": answer_training.models,
    "model": answer_training.model_row,
    "system_messages": answer_revisions.system_messages,
    "affected": answer_affected.affected,
    "providers": answer_training.providers,
    "lesson": answer_training.one_lesson,
    "lesson_revisions": answer_revisions.lesson_revisions,
    "lessons": answer_training.lessons,
    "lesson_table": answer_table.lesson_table,
    "training_page": answer_training.training_page,
    "conflicts": answer_findings.conflicts,
    "resemblances": answer_findings.resemblances,
    "known_questions": answer_findings.known_questions,
    "personal_data": answer_findings.personal_data,
    "difference": answer_findings.difference,
    "imported": answer_imports.import_rows,
    "undone": answer_imports.undone,
    "proposals": answer_review.proposals,
    "proposal": answer_review.one_proposal,
    "modules": answer_review.modules,
    "notices": answer_review.notices,
    "nearest": answer_training.nearest,
    "compilations": answer_compilations.compilations,
    "compilation": answer_compilations.one_compilation,
    "evaluation": answer_compilations.evaluation,
    "open_compilations": answer_compilations.open_compilations,
    "last_success": answer_compilations.last_success,
    "find": answer_finding.find,
    "people": answer_chat.people,
    "person": answer_chat.one_person,
    "learnt_from": answer_learnt.learnt_from,
    "sign_in": answer_chat.sign_in,
    "groups": answer_chat.groups,
    "group": answer_chat.one_group,
    "messages": answer_messages.messages,
    "message": answer_messages.one_message,
    "search_messages": answer_reading.search_messages,
    "unread": answer_reading.unread,
    "why": answer_why.why,
    "question": answer_messages.one_question,
    "open_questions": answer_messages.open_questions,
    "history": answer_log.events,
    "chain": answer_log.chain,
    "state": answer_log.state,
}


async def run(settings: Settings, *, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Catch up, then serve until `stop` is set."""
    sources = await asyncio.to_thread(_open, settings)
    following = Following(sources, settings.read_models_url)
    login = settings.login
    broker = NatsBroker(
        _address(login), inbox_prefix=login.inbox.encode(), name="projections", logger=None,
        max_reconnect_attempts=-1, ping_interval=20,
        reconnect_time_wait=0.1,  # type: ignore[arg-type]  # as in `Bus`
    )  # fmt: skip
    answers = _Answers(sources, following, broker)
    for name in (*HANDLERS, "rebuild"):
        broker.subscriber(f"qry.*.{name}", queue="projections", max_workers=WAITING)(answers.serve(name))

    @broker.subscriber(subjects.HINT)
    async def hint(message: NatsMessage) -> None:
        following.wake(int(message.body))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(following.run(stop))
        await first_set(following.caught_up, stop)
        if not stop.is_set():
            await _serve(broker, login, ready, stop)
    answers.close()
    for part in (sources.training.store, sources.chat.store, sources.log, sources.keys):
        await asyncio.to_thread(part.close)


async def _serve(broker: NatsBroker, login: Login, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Until `stop` is set. Raises `BusUnreachable` when the connection has ended for good."""
    await broker.start()
    # FastStream's own way with errors gives up coming back after some of them, unheard.
    bus = Bus.look_after(await broker.connect(), login)
    try:
        await settled(bus.nc)  # without it the first requests after the start find nobody
        ready()
        await bus.until(stop)
    finally:
        for each in broker.subscribers:
            if bus.nc.is_closed:
                each.subscription = None  # type: ignore[attr-defined]  # there is nothing left to unsubscribe from
            await each.stop()
        await bus.close()


def _address(login: Login) -> str:
    scheme, _, rest = login.url.partition("://")
    return f"{scheme}://{quote(login.user)}:{quote(login.password or '', safe='')}@{rest}" if login.user else login.url


def _open(settings: Settings) -> Sources:
    log = open_log(settings.log_url)
    keys = open_keys(settings.keys_url, settings.master_key)
    training = open_training(settings.read_models_url, log, keys)
    chat = open_chat(settings.read_models_url, log, keys)
    return Sources(log, keys, training, chat, TrainingSets(), Similar(), {})


class _Answers:
    """Answers queries, each name several at once. Whoever waits for the read models holds no thread meanwhile."""

    def __init__(self, sources: Sources, following: Following, broker: NatsBroker) -> None:
        self._sources, self._following, self._broker = sources, following, broker
        # Threads of its own: what others do in the process's common ones, pages included, and answers don't wait for
        # each other.
        self._threads = ThreadPoolExecutor(AT_ONCE, "answers")

    def serve(self, name: str) -> Callable[[NatsMessage], Coroutine[Any, Any, bytes]]:
        """What answers this query, refusals included."""
        turns = asyncio.Semaphore(AT_ONCE // 2)

        async def handle(message: NatsMessage) -> bytes:
            try:
                answer = await self._answer(name, message.raw_message.subject.split(".")[1], message.body, turns)
                return fitting(name, answer, (await self._broker.connect()).max_payload)
            except Refused as refused:
                problem = refused
            except (SQLAlchemyError, LogUnavailable) as broken:
                logger.exception("the query %s failed", name)
                problem = Refused(
                    "unavailable", f"This can't be answered now ({type(broken).__name__}); try again in a moment."
                )
            except Exception:
                logger.exception("the query %s failed", name)
                problem = Refused(
                    "internal_error",
                    f"The query {name} failed because of an error in Apprentice; tell whoever runs the server.",
                )
            return RefusedReply(refused=problem.refusal).model_dump_json().encode()

        return handle

    def close(self) -> None:
        """Begin no more answers."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, name: str, module: str, body: Any, turns: asyncio.Semaphore) -> bytes:
        query = query_of(name, body)
        check_numbers(f"The query {name}", (query.at, query.after, query.data))
        wanted = wanted_of(QUERIES[name][0], name, query)
        if (speaker := speaker_of(module, query.actor)) is not None:
            admit(speaker, name)
        position = await self._work(turns, _position, query, self._sources)
        await self._following.reached(position, WAIT_SECONDS)
        if name == "rebuild":
            await self._work(turns, _may_rebuild, self._sources, module, query.actor)
            self._following.rebuild()
            name, wanted = "state", QUERIES["state"][0]()
        return await self._work(turns, _reply, name, module, query.actor, position, wanted, self._sources)

    async def _work(self, turns: asyncio.Semaphore, do: Callable[..., Result], *given: Any) -> Result:
        async with turns:
            return await asyncio.get_running_loop().run_in_executor(self._threads, do, *given)


def _position(query: Query, sources: Sources) -> int:
    if query.at is not None:
        return sources.log.resolve(query.at)
    head = sources.log.head().position
    # A position is told only when it is in the log: one beyond its end is a mistake, and waiting would not mend it.
    if query.after is not None and query.after > head:
        raise Refused("behind", f"The log ends at position {head}; {query.after} isn't there yet.")
    return head


def _reply(name: str, module: str, actor: str, position: int, wanted: Shape, sources: Sources) -> bytes:
    with ExitStack() as open_connections:
        training = open_connections.enter_context(sources.training.store.engine.connect())
        chat = open_connections.enter_context(sources.chat.store.engine.connect())
        found = _ask(name, module, actor, position, wanted, sources, training, chat)
    return b'{"position":%d,"data":%s}' % (position, found.model_dump_json().encode())


def _ask(
    name: str,
    module: str,
    actor: str,
    position: int,
    wanted: Shape,
    sources: Sources,
    training: Connection,
    chat: Connection,
) -> Shape:
    return answer(name, Question(asker_of(module, actor, chat), position, training, chat, sources), wanted)


def answer(name: str, question: Question, wanted: Shape) -> Shape:
    """A query's answer, for those who may ask it. Raises `Refused`."""
    admit(question.asker, name)
    return HANDLERS[name](question, wanted)


def _may_rebuild(sources: Sources, module: str, actor: str) -> None:
    with sources.chat.store.engine.connect() as chat:
        admit(asker_of(module, actor, chat), "rebuild")
