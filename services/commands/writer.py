"""The one writer: group commit that takes the write lock first and decides waiting facts in order over an overlay."""

import asyncio
import hmac
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from contracts.envelope import LARGEST_EVENT, Envelope
from contracts.facts.conversation import ConversationChanges, ConversationContent
from contracts.facts.person import PersonErased
from contracts.facts.qa import QAChanges, QAContent
from contracts.replies import Accepted
from services.commands.becoming import accepted, event_of, key_of, not_stored, reused
from services.commands.claims import claims
from services.commands.decide import Event, check_revision, decide
from services.commands.overlay import Overlay
from services.commands.reads import reads
from services.commands.states import stream_of
from services.eventlog.keys import KeyStore, Passing
from services.eventlog.log import Append, EventLog, FactKey, LogUnavailable, NewEvent, Seen, UniqueKey, Writing
from services.eventlog.sealing import holders, seal
from services.refusals import Refused

LARGEST_BATCH = 1_000
LARGEST_QUEUE = 20_000
_MAY_BECOME = (QAContent, QAChanges, ConversationContent, ConversationChanges)
"""Facts that may be appended as another: as a proposal, or as a revision of a lesson that was taught before."""
MOST_EVENTS = 8
"""That such a fact gives."""
HEADERS = 1_000
"""Bytes that an event's headers on the bus may take."""

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class InOrder:
    """Facts of which none is decided any more once one of them couldn't be stored: the rest waits with it."""

    problem: LogUnavailable | None = None


@dataclass(slots=True, eq=False)
class _Waiting:
    fact: Envelope
    digest: bytes
    expected: int | None
    dry: bool
    order: InOrder | None
    reply: "asyncio.Future[Accepted]"
    outcome: Accepted | Exception | None = None


@dataclass(slots=True)
class _Batch:
    """What one transaction is about to append, up to which position, and which facts it has met on the way."""

    head: int
    appends: list[Append] = field(default_factory=list)
    accepted: list[_Waiting] = field(default_factory=list)
    repeats: list[tuple[_Waiting, _Waiting]] = field(default_factory=list)
    met: dict[FactKey, _Waiting] = field(default_factory=dict)


class Writer:
    """Decides and appends facts in a thread of its own. `grown` is called in the loop after every commit."""

    def __init__(self, log: EventLog, keys: KeyStore, *, grown: Callable[[int], None] = lambda _: None) -> None:
        self._log = log
        self._keys = keys
        self._grown = grown
        self._overlay = Overlay(keys, log.log_id)
        self._head = -1
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def submit(
        self, fact: Envelope, expected_revision: int | None = None, *, dry: bool = False, order: InOrder | None = None
    ) -> "asyncio.Future[Accepted]":
        """Queue a fact; facts are decided in the order of these calls. `order`: those that wait for each other.

        `dry`: decide it as it would be now, append nothing, leave nothing for the facts after it. The acceptance then
        has a position that the log hasn't reached, unless the very fact was accepted before.

        The future ends with the acceptance, or raises `Refused` (a rule, `id_reused`, `too_large`, `busy`, or
        `internal_error`: something of ours fails on this very fact) or `LogUnavailable` (nothing was stored, or
        the key of an erased person is still there; it may be sent again).
        """
        reply: asyncio.Future[Accepted] = self._loop.create_future()
        if self._queue.qsize() >= LARGEST_QUEUE:
            reply.set_exception(Refused("busy", "Too many facts are waiting; send it again in a moment."))
        else:
            self._queue.put(_Waiting(fact, self._digest(fact), expected_revision, dry, order, reply))
        return reply

    async def write(
        self, fact: Envelope, expected_revision: int | None = None, *, dry: bool = False, order: InOrder | None = None
    ) -> Accepted:
        """Decide and append one fact; raises as `submit` says."""
        return await self.submit(fact, expected_revision, dry=dry, order=order)

    async def stop(self) -> None:
        """Finish what is queued, then end the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _digest(self, fact: Envelope) -> bytes:
        body = f"{fact.type}\0{fact.subject}\0{fact.actor}\0{fact.data.model_dump_json(exclude_unset=True)}"
        return hmac.digest(self._keys.body_secret, body.encode(), "sha256")

    def _work(self) -> None:
        going = True
        while going:
            batch, going = self._next_batch()
            if batch:
                self._commit_or_fail(batch)
                self._loop.call_soon_threadsafe(self._answer, batch, self._head)

    def _next_batch(self) -> tuple[list[_Waiting], bool]:
        first = self._queue.get()
        batch: list[_Waiting] = []
        while first is not None:
            batch.append(first)
            if len(batch) >= LARGEST_BATCH:
                return batch, True
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit_or_fail(self, batch: Sequence[_Waiting]) -> None:
        batch = [waiting for waiting in batch if not _waits_for_another(waiting)]
        if not batch:
            return
        try:
            self._commit(batch)
        except LogUnavailable as problem:
            self._roll_back(batch, problem)
        except Exception:
            logger.exception("a batch of %d facts was rolled back", len(batch))
            # Sent again it would fail again: whatever another time may mend is LogUnavailable.
            self._roll_back(batch, not_stored(batch[0].fact))
            if len(batch) > 1:
                for waiting in batch:
                    self._commit_or_fail([waiting])

    def _roll_back(self, batch: Sequence[_Waiting], problem: LogUnavailable | Refused) -> None:
        self._overlay.forget()
        self._head = -1
        for waiting in batch:
            waiting.outcome = problem
            if waiting.order is not None and isinstance(problem, LogUnavailable):
                waiting.order.problem = problem

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        self._keys.ensure({holder for waiting in batch if not waiting.dry for holder in holders(waiting.fact)})
        with self._log.writing() as writing:
            if writing.head.position != self._head:
                self._overlay.forget()
            seen = writing.facts([key_of(waiting.fact) for waiting in batch])
            self._begin(writing, [waiting for waiting in batch if key_of(waiting.fact) not in seen])
            decided = _Batch(writing.head.position)
            for waiting in batch:
                self._decide(waiting, seen, decided)
            positions = writing.append(decided.appends) if decided.appends else []
            head = positions[-1] if positions else writing.head.position
        self._overlay.end()
        self._head = head
        for waiting, append, position in zip(decided.accepted, decided.appends, positions, strict=True):
            waiting.outcome = accepted(waiting.fact, position, append.events[0].stream, append.events[0].topic)
        for waiting in batch:
            self._destroy_key(waiting)
        for repeat, first in decided.repeats:
            repeat.outcome = first.outcome

    def _destroy_key(self, waiting: _Waiting) -> None:
        """Of an erased person, also when they were erased before: the key may have outlived that."""
        erased = isinstance(waiting.fact.data, PersonErased) and isinstance(waiting.outcome, Accepted)
        if not erased or waiting.dry:
            return
        try:
            self._keys.destroy(f"person:{waiting.fact.subject}")
        except LogUnavailable as problem:
            # All is stored, its neighbours too; when this one is sent again, the key is tried again.
            logger.warning("the key of an erased person could not be destroyed: %s", problem)
            waiting.outcome = LogUnavailable("The person is erased, but not yet the key of their words; send it again.")

    def _begin(self, writing: Writing, fresh: Sequence[_Waiting]) -> None:
        wanted = [reads(waiting.fact) for waiting in fresh]
        streams = {name for read in wanted for name in read.streams}
        unique = {key for read in wanted for key in read.unique}
        self._overlay.begin(writing, streams, unique)

    def _decide(self, waiting: _Waiting, seen: dict[FactKey, Seen], batch: _Batch) -> None:
        key = key_of(waiting.fact)
        before, twin = seen.get(key), batch.met.get(key)
        if before is not None and before.digest == waiting.digest:
            waiting.outcome = self._accepted_before(waiting.fact, before.position)
        elif twin is not None and twin.digest == waiting.digest:
            batch.repeats.append((waiting, twin))
        elif before is not None or twin is not None:
            waiting.outcome = reused(waiting.fact)
        else:
            self._decide_fresh(waiting, batch)

    def _accepted_before(self, fact: Envelope, position: int) -> Accepted:
        if not issubclass(type(fact.data), _MAY_BECOME):
            return accepted(fact, position, stream_of(fact.data.kind, fact.subject or fact.id), fact.type)
        events = self._log.read(position - MOST_EVENTS, MOST_EVENTS, position)
        first = next(one for one in events if one.fact_end == position)
        return accepted(fact, position, first.stream, first.topic)

    def _decide_fresh(self, waiting: _Waiting, batch: _Batch) -> None:
        try:
            events = self._rule(waiting)
            if waiting.dry:
                waiting.outcome = self._try(waiting.fact, events, batch.head)
                return
            append = self._append(waiting.fact, waiting.digest, events)
        except Refused as refusal:
            waiting.outcome = refusal
            return
        batch.appends.append(append)
        batch.head += len(append.events)
        batch.accepted.append(waiting)
        batch.met[key_of(waiting.fact)] = waiting

    def _rule(self, waiting: _Waiting) -> Sequence[Event]:
        try:
            check_revision(self._overlay, waiting.fact, waiting.expected)
            return decide(self._overlay, waiting.fact)
        except (Refused, LogUnavailable):
            raise
        except Exception as bug:
            logger.exception("the rules failed on %s %s", waiting.fact.type, waiting.fact.id)
            raise Refused(
                "internal_error", f"The rules failed on this {waiting.fact.type}; tell whoever runs the server."
            ) from bug

    def _try(self, fact: Envelope, events: Sequence[Event], head: int) -> Accepted:
        for number, event in enumerate(events, start=1):
            self._seal(event_of(fact, event, number), Passing())
        stream = stream_of(events[0].kind, events[0].subject)
        return accepted(fact, head + len(events), stream, type(events[0].data).__name__)

    def _append(self, fact: Envelope, digest: bytes, events: Sequence[Event]) -> Append:
        envelopes = [event_of(fact, event, number) for number, event in enumerate(events, start=1)]
        states = [self._seal(envelope, self._keys) for envelope in envelopes]
        new: list[NewEvent] = []
        taken: dict[UniqueKey, str | None] = {}
        for event, envelope, state in zip(events, envelopes, states, strict=True):
            changed = claims(self._overlay, event)
            revision = self._overlay.apply(event.kind, envelope, changed)
            taken.update(changed)
            new.append(NewEvent(stream_of(event.kind, event.subject), revision, envelope.type, state))
        return Append(source=fact.source, id=fact.id, digest=digest, events=new, claims=taken)

    def _seal(self, envelope: Envelope, keys: KeyStore | Passing) -> bytes:
        state = seal(envelope, keys, self._log.log_id).to_json()
        if len(state) + HEADERS > LARGEST_EVENT:
            raise Refused(
                "too_large", f"{envelope.type} may have {LARGEST_EVENT - HEADERS:,} bytes; this has {len(state):,}."
            )
        return state

    def _answer(self, batch: Sequence[_Waiting], head: int) -> None:
        for waiting in batch:
            if waiting.reply.done():
                continue
            if isinstance(waiting.outcome, Accepted):
                waiting.reply.set_result(waiting.outcome)
            elif waiting.outcome is not None:
                waiting.reply.set_exception(waiting.outcome)
        if head >= 0:
            self._grown(head)


def _waits_for_another(waiting: _Waiting) -> bool:
    if waiting.order is None or waiting.order.problem is None:
        return False
    waiting.outcome = waiting.order.problem
    return True
