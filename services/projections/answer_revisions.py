"""Answers from one log stream: a model's system messages, and what became of a lesson, with who said so and when."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from contracts import queries as q
from contracts.envelope import Envelope
from contracts.facts.model import ModelDefined, SystemMessageSet
from contracts.text import Sealed
from services.eventlog.log import Recorded
from services.eventlog.sealing import unseal_all
from services.eventlog.upcasting import read
from services.projections.answer_training import find_model, visible_lesson
from services.projections.answering import Question
from services.projections.training_set import LARGEST_PAGE

Fields = dict[str, Any]
Row = TypeVar("Row", bound=q.Shape)
_SWITCHED: Final = {
    "QADeactivated": False, "QAReactivated": True, "ConversationDeactivated": False, "ConversationReactivated": True,
}  # fmt: skip


def system_messages(question: Question, wanted: q.SystemMessagesWanted) -> q.SystemMessages:
    """A model's system messages, newest first."""
    id = find_model(question, wanted.model)
    said = [
        (recorded, event.actor, event.data.system_message)
        for recorded, event in _stream(question, "model", id)
        if isinstance(event.data, (ModelDefined, SystemMessageSet))
    ]
    rows = [
        q.SystemMessageRow(
            number=number,
            position=recorded.position,
            recorded_at=_when(recorded),
            actor=actor,
            text=text if isinstance(text, str) else None,
        )
        for number, (recorded, actor, text) in enumerate(said, 1)
    ]
    shown, following = _newest(rows, wanted.before, wanted.limit, lambda row: row.position)
    return q.SystemMessages(revisions=shown, next=following)


def lesson_revisions(question: Question, wanted: q.LessonRevisionsWanted) -> q.LessonRevisions:
    """What happened to a lesson, newest first, for those who may see it."""
    found = visible_lesson(question, wanted.lesson)
    rows = list(_revisions(_stream(question, found.kind, found.id)))
    shown, following = _newest(rows, wanted.before, wanted.limit, lambda row: row.position)
    return q.LessonRevisions(lesson=found.id, kind=found.kind, revisions=shown, next=following)


def _stream(question: Question, kind: str, id: str) -> list[tuple[Recorded, Envelope]]:
    sources = question.sources
    found = [one for one in sources.log.stream(f"{kind}:{id}") if one.position <= question.position]
    events = unseal_all([read(one.state) for one in found], sources.keys, sources.log.log_id)
    return list(zip(found, events, strict=True))


def _revisions(stream: Sequence[tuple[Recorded, Envelope]]) -> Iterator[q.LessonRevision]:
    before: Fields = {}
    for recorded, event in stream:
        now = before | _changes(event)
        yield q.LessonRevision(
            position=recorded.position,
            revision=recorded.revision,
            fact=event.type,
            recorded_at=_when(recorded),
            actor=event.actor,
            proposed_by=getattr(event.data, "proposed_by", None),
            changes=[
                q.FieldChange(field=name, old=before.get(name), new=value)
                for name, value in now.items()
                if value != before.get(name)
            ],
        )
        before = now


def _changes(event: Envelope) -> Fields:
    data = event.data
    if event.type in _SWITCHED:
        return {"active": _SWITCHED[event.type]}
    if event.type == "QAMoved":
        return {"model": getattr(data, "to", None)}
    if event.type in ("QAAdded", "QARevised", "ConversationTrained", "ConversationRevised"):
        aside = data.derived_fields() | data.of_itself
        given = {name: one for name, one in data.given().items() if name not in aside}
        # What was never said isn't a change: a new lesson's empty fields are left out.
        said = given if event.type.endswith("Revised") else {name: one for name, one in given.items() if _says(one)}
        return {name: _readable(one) for name, one in said.items()}
    return {}


def _says(value: Any) -> bool:
    return isinstance(value, bool) or bool(value)


def _readable(value: Any) -> Any:
    """Sealed texts, whose key was destroyed, are null."""
    if isinstance(value, list):
        return [_readable(one) for one in value]
    if not isinstance(value, dict):
        return value
    return None if _is_sealed(value) else {name: _readable(one) for name, one in value.items()}


def _is_sealed(value: Fields) -> bool:
    try:
        return value.keys() == Sealed.model_fields.keys() and bool(Sealed.model_validate(value))
    except ValidationError:
        return False


def _newest(
    rows: Sequence[Row], before: int | None, limit: int, position: Callable[[Row], int]
) -> tuple[list[Row], int | None]:
    """The newest rows first, as many as fit in a reply, and the `before` of the next page."""
    older = [one for one in reversed(rows) if before is None or position(one) < before]
    shown: list[Row] = []
    size = 0
    for row in older[:limit]:
        size += len(json.dumps(row.model_dump(mode="json")))
        if shown and size > LARGEST_PAGE:
            break
        shown.append(row)
    return shown, position(shown[-1]) if len(shown) < len(older) else None


def _when(recorded: Recorded) -> str:
    return datetime.fromtimestamp(recorded.recorded_at / 1_000_000, UTC).isoformat()
