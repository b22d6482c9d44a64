"""Answers about imports: what one changed, and what was taken back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select

from contracts import queries as q
from services.projections.answering import Question
from services.projections.tables import imported, lesson


def import_rows(question: Question, wanted: q.ImportedWanted) -> q.ImportedLessons:
    """What an import changed, newest first."""
    latest = wanted.before if wanted.before is not None else question.position + 1
    own = imported.alias("own")
    last = select(func.max(own.c.position)).where(
        own.c.import_id == imported.c.import_id, own.c.lesson == imported.c.lesson
    )
    columns = (imported.c.position, imported.c.lesson, imported.c.fact, imported.c.kind, lesson.c.valid_from)
    query = (
        select(*columns, last.scalar_subquery())
        .outerjoin(lesson, and_(lesson.c.id == imported.c.lesson, _valid(lesson, question.position)))
        .where(imported.c.import_id == wanted.import_id, imported.c.undoes.is_(False), imported.c.position < latest)
        .order_by(imported.c.position.desc())
        .limit(wanted.limit)
    )
    rows = [
        q.ImportedLesson(position=at, lesson=id, kind=kind, fact=fact, touched_since=since is not None and since > upto)
        for at, id, fact, kind, since, upto in question.training.execute(query)
    ]
    return q.ImportedLessons(lessons=rows, next=rows[-1].position if len(rows) == wanted.limit else None)


def undone(question: Question, wanted: q.UndoneWanted) -> q.Undone:
    """Of the given lessons, proposals and records those that were taken back and left alone since."""
    asked = _asked(question, wanted.ids)
    latest = _latest(question, list(asked))
    changed = _changed_at(question, list(latest))
    return q.Undone(
        lessons=[
            q.UndoneLesson(id=asked[row.lesson], lesson=row.lesson, kind=row.kind, position=row.position)
            for row in latest.values()
            if row.undoes and changed.get(row.lesson, 0) <= row.position
        ]
    )


def _asked(question: Question, ids: Sequence[str]) -> dict[str, str]:
    """Lessons and proposals that imports brought, with the id by which they are asked for."""
    query = select(imported.c.lesson, imported.c.record).where(
        or_(imported.c.lesson.in_(ids), imported.c.record.in_(ids)), imported.c.position <= question.position
    )
    given = set(ids)
    return {row.lesson: row.lesson if row.lesson in given else row.record for row in question.training.execute(query)}


def _latest(question: Question, lessons: Sequence[str]) -> Mapping[str, Any]:
    """The last that imports, and their undoings, did to each."""
    query = select(imported).where(imported.c.lesson.in_(lessons), imported.c.position <= question.position)
    return {row.lesson: row for row in question.training.execute(query.order_by(imported.c.position))}


def _changed_at(question: Question, lessons: Sequence[str]) -> dict[str, int]:
    query = select(lesson.c.id, lesson.c.valid_from).where(lesson.c.id.in_(lessons), _valid(lesson, question.position))
    return {row.id: row.valid_from for row in question.training.execute(query)}


def _valid(table: Any, position: int) -> Any:
    return and_(table.c.valid_from <= position, table.c.valid_to > position)
