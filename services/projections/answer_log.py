"""Answers from the log itself: history, the chain, and the state of the system."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from contracts import queries as q
from contracts.envelope import Envelope
from services.eventlog.chain import beginning, verify
from services.eventlog.log import Recorded
from services.eventlog.sealing import unseal_all
from services.eventlog.upcasting import read
from services.projections.answer_training import find_model
from services.projections.answering import Question
from services.projections.project import Projector
from services.projections.tables import FOREVER, compilation, group, history, lesson, model

PAGE = 1_000
LARGEST_REPLY = 850_000


def events(question: Question, wanted: q.HistoryWanted) -> q.History:
    """A page of the log in order. Private events are shown sealed; modules see what is shared."""
    log = question.sources.log
    if wanted.model is None:
        found = log.read(wanted.after, wanted.limit, question.position)
    else:
        id = find_model(question, wanted.model)
        query = select(history.c.position).where(
            history.c.model == id, history.c.position > wanted.after, history.c.position <= question.position
        )
        positions = question.training.execute(query.order_by(history.c.position).limit(wanted.limit)).scalars()
        found = log.at(list(positions))
    rows, cut = _within(_rows(question, found))
    more = cut or len(found) == wanted.limit
    return q.History(events=rows, next=rows[-1].position if rows and more else (found[-1].position if more else None))


def chain(question: Question, _: q.Nothing) -> q.ChainChecked:
    """The hash chain, recomputed from the first event."""
    log = question.sources.log
    head, count, wrong = beginning(log.log_id), 0, None
    while page := log.read(head.position, PAGE, question.position):
        verdict = verify(page, head)
        head, count, wrong = verdict.head, count + verdict.events, verdict.wrong
        if wrong:
            break
    if wrong is None and head.position < question.position:
        wrong = f"Position {head.position + 1} is missing."
    return q.ChainChecked(
        whole=wrong is None, events=count, head=head.position, chain=head.chain.hex(), log_id=log.log_id, problem=wrong
    )


def state(question: Question, _: q.Nothing) -> q.SystemState:
    """Positions and counts."""
    head = question.sources.log.head()
    building = dict(question.sources.building)  # looked at before the models: one may come to serve meanwhile
    recorded = datetime.fromtimestamp(head.recorded_at / 1_000_000, UTC).isoformat() if head.position else None
    return q.SystemState(
        log_id=question.sources.log.log_id,
        head=head.position,
        recorded_at=recorded,
        read_models=[_read_model(one, building) for one in (question.sources.training, question.sources.chat)],
        counts=_counts(question),
    )


def _read_model(projector: Projector, building: Mapping[str, int]) -> q.ReadModelState:
    store = projector.store
    return q.ReadModelState(
        name=store.name,
        fingerprint=store.fingerprint,
        position=projector.position,
        rebuilding=building.get(store.name),
    )


def _counts(question: Question) -> dict[str, int]:
    def number(query: Any) -> int:
        return int(question.training.execute(query).scalar_one())

    now = lesson.c.valid_to == FOREVER
    return {
        "models": number(select(func.count()).select_from(model).where(model.c.valid_to == FOREVER)),
        "lessons": number(select(func.count()).select_from(lesson).where(now)),
        "training": number(select(func.count()).select_from(lesson).where(now, lesson.c.trains.is_(True))),
        "compilations": number(select(func.count()).select_from(compilation)),
    }


def _rows(question: Question, found: Sequence[Recorded]) -> list[q.HistoryRow]:
    stored = [read(one.state) for one in found]
    sources = question.sources
    shared = [event for event in stored if str(event.channel).startswith("shared.")]
    opened = {
        id(event): one for event, one in zip(shared, unseal_all(shared, sources.keys, sources.log.log_id), strict=True)
    }
    everything = not question.asker.actor.startswith("module:")
    hidden = _hidden(question, stored)
    pairs = zip(found, stored, strict=True)
    return [
        _row(one, opened.get(id(event), event), hidden=id(event) in hidden)
        for one, event in pairs
        if everything or id(event) in opened
    ]


def _hidden(question: Question, stored: Sequence[Envelope]) -> set[int]:
    """Which events happened, but of whose data nothing is said: those of chats of two and of somebody's own assistant."""
    if question.asker.service:
        return set()
    private = [event for event in stored if str(event.channel).startswith("private.")]
    wanted = {str(event.channel).rpartition(".")[2] for event in private if event.data.kind in ("group", "message")}
    rows = question.chat.execute(select(group.c.id, group.c.document).where(group.c.id.in_(sorted(wanted))))
    documents = {id: json.loads(document) for id, document in rows}
    open_to = {id for id, one in documents.items() if one["use"] == "group" or question.asker.among(one["members"])}
    return {id(event) for event in private if not _told(event, open_to)}


def _told(event: Envelope, groups: set[str]) -> bool:
    if event.data.kind in ("group", "message"):
        return str(event.channel).rpartition(".")[2] in groups
    return event.data.kind in ("person", "model")


def _row(recorded: Recorded, event: Envelope, *, hidden: bool) -> q.HistoryRow:
    return q.HistoryRow(
        position=recorded.position,
        fact=event.type,
        kind=event.data.kind,
        subject=event.subject or event.id,
        time=event.time.isoformat(),
        recorded_at=datetime.fromtimestamp(recorded.recorded_at / 1_000_000, UTC).isoformat(),
        actor=event.actor,
        id=event.id,
        source=event.source,
        correlation=event.correlationid,
        causation=event.causationid,
        fact_end=recorded.fact_end,
        log_stream=recorded.stream,
        revision=recorded.revision,
        chain=recorded.chain.hex(),
        channel=str(event.channel),
        data={} if hidden else json.loads(event.to_json())["data"],
    )


def _within(rows: list[q.HistoryRow]) -> tuple[list[q.HistoryRow], bool]:
    size = 0
    for index, row in enumerate(rows):
        size += len(row.model_dump_json().encode())
        if size > LARGEST_REPLY and index:
            return rows[:index], True
    return rows, False
