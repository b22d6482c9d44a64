"""Answering a question in a group: once, streamed, and recorded with the version that gave it."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from contracts.facts import Fact
from contracts.facts.message import AnswerFailed, AnswerPosted
from contracts.identifiers import answer_id
from contracts.queries import AnswererRow, ModelRow, ModelWanted, Nothing, People, QuestionRow, QuestionWanted
from services.bus.client import Bus
from services.bus.reporting import new_fact
from services.chat.chunks import Chunks
from services.chat.prompt import prompt, without_mention
from services.chat.speaking import ACTOR, MODULE, Speaking, Voice
from services.providers.port import Chunk, Completion, ProviderProblem
from services.refusals import PASSING, Refused

TOO_LATE: Final = timedelta(minutes=10)
LARGEST_ANSWER: Final = 60_000
_SETTLED: Final = frozenset(
    {
        "already_answered",
        "answer_stopped",
        "nothing_changes",
        "message_deleted",
        "group_archived",
        "not_a_member",
        "person_erased",
    }
)

logger = logging.getLogger(__name__)


class Answering:
    """Answers questions; every method may be called for the same question again."""

    def __init__(self, bus: Bus, speaking: Speaking) -> None:
        self._bus, self._speaking = bus, speaking
        self._attempts: dict[str, int] = {}
        self._speaks: dict[str, asyncio.Task[None]] = {}
        self._stopped: set[str] = set()

    async def question(self, id: str) -> None:
        """Everybody who should answer the message does, side by side.

        Raises:
            NoReply, Refused: it can't be answered now; nothing is recorded, so that it is asked for again.
        """
        row: QuestionRow = await self._ask("question", QuestionWanted(message=id))
        waiting = [one for one in row.answerers if not one.answered and not one.failed]
        await asyncio.gather(*(self._answer(row, one) for one in waiting))

    def stop(self, question: str, virtual_user: str) -> None:
        """Somebody wants no answer any more: the one that grows ends at once, one that is about to begin doesn't."""
        key = answer_id(question, virtual_user)
        self._stopped.add(key)
        if (speaking := self._speaks.get(key)) is not None:
            speaking.cancel()

    def allow(self, question: str, virtual_user: str) -> None:
        """Somebody asks for the answer again."""
        self._stopped.discard(answer_id(question, virtual_user))

    async def _answer(self, row: QuestionRow, answerer: AnswererRow) -> None:
        key = answer_id(row.message.id, answerer.virtual_user)
        if key in self._speaks:
            return
        if not answerer.stopped and key not in self._stopped:
            await self._unless_stopped(key, self._try(row, answerer))
        if answerer.stopped or key in self._stopped:
            await self._fail(row, answerer, "stopped", "The answer was stopped.")
            self._stopped.discard(key)

    async def _unless_stopped(self, key: str, trying: Coroutine[Any, Any, None]) -> None:
        self._speaks[key] = speaking = asyncio.create_task(trying)
        try:
            await speaking
        except asyncio.CancelledError:
            if key not in self._stopped or _cancelled():
                raise
        finally:
            del self._speaks[key]

    async def _try(self, row: QuestionRow, answerer: AnswererRow) -> None:
        if not answerer.retry and _too_old(row.message.time):
            late = "The question waited for more than ten minutes; ask for a retry if it still matters."
            await self._fail(row, answerer, "too_late", late)
            return
        try:
            await self._speak(row, answerer)
        except ProviderProblem as problem:
            await self._fail(row, answerer, problem.code, f"{problem.message} {problem.fix}".strip(), problem.raw)
        except Refused as refused:
            if refused.code in PASSING:
                raise
            if refused.code not in _SETTLED:
                await self._fail(row, answerer, refused.code, refused.message)

    async def _speak(self, row: QuestionRow, answerer: AnswererRow) -> None:
        began = time.monotonic()
        model: ModelRow = await self._ask("model", ModelWanted(model=answerer.model))
        names = (answerer.virtual_user, model.name, *model.names.values())
        asked = without_mention(row.message.text, names) or row.message.text
        voice = await self._speaking.voice(model, asked, row.instructions)
        messages = prompt(
            voice.system_message, row.message, row.context, answerer.virtual_user, names, await self._people(row)
        )
        said = await self._stream(row, answerer, voice, messages)
        if not said.text.strip():
            raise ProviderProblem("empty_answer", "The provider gave an empty answer.", "Ask for a retry.")
        await self._report(
            AnswerPosted(
                group=row.message.group,
                question=row.message.id,
                virtual_user=answerer.virtual_user,
                asker=row.message.author,
                text=said.text[:LARGEST_ANSWER],
                answering_model=model.id,
                version=voice.version.version if voice.version else None,
                known=said.known,
                provider=voice.provider_id,
                compiled_model=voice.speaks,
                lessons=voice.lessons[:50],
                prompt_tokens=said.prompt_tokens,
                completion_tokens=said.completion_tokens,
                milliseconds=round((time.monotonic() - began) * 1000),
            ),
            subject=answer_id(row.message.id, answerer.virtual_user),
        )

    async def _stream(
        self, row: QuestionRow, answerer: AnswererRow, voice: Voice, messages: list[dict[str, str]]
    ) -> Completion:
        key = answer_id(row.message.id, answerer.virtual_user)
        self._attempts[key] = attempt = self._attempts.get(key, 0) + 1
        chunks = Chunks(self._bus, row.message.group, row.message.id, answerer.virtual_user, attempt)
        said = Completion("")
        async for piece in voice.stream(messages):
            said = _joined(said, piece)
            await chunks.send(piece.text)
        await chunks.end()
        return said

    async def _fail(self, row: QuestionRow, answerer: AnswererRow, code: str, message: str, raw: str = "") -> None:
        failed = AnswerFailed(virtual_user=answerer.virtual_user, code=code, message=message[:2_000], raw=raw)
        try:
            await self._report(failed, subject=row.message.id)
        except Refused as refused:
            if refused.code not in _SETTLED:
                raise

    async def _report(self, fact: Fact, *, subject: str) -> None:
        id = subject if isinstance(fact, AnswerPosted) else None
        await self._bus.report(new_fact(fact, module=MODULE, actor=ACTOR, subject=subject, id=id))

    async def _people(self, row: QuestionRow) -> dict[str, str]:
        authors = {one.author for one in (*row.context, row.message) if one.author.startswith("person:")}
        if len(authors) < 2:
            return {}
        found: People = await self._ask("people", Nothing())
        return {f"person:{one.id}": one.name for one in found.people}

    async def _ask(self, name: str, data: Any) -> Any:
        _, answer = await self._bus.query(name, data, module=MODULE, actor=ACTOR)
        return answer


def _cancelled() -> bool:
    """Whether it is the present task that was cancelled, and not one it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _joined(said: Completion, piece: Chunk) -> Completion:
    """What has come so far; a piece without a figure leaves the one before."""
    return Completion(
        said.text + piece.text,
        said.known if piece.known is None else piece.known,
        said.prompt_tokens if piece.prompt_tokens is None else piece.prompt_tokens,
        said.completion_tokens if piece.completion_tokens is None else piece.completion_tokens,
    )


def _too_old(time: str) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(time) > TOO_LATE
