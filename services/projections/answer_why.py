"""Answers why an assistant may have answered so: the lessons that resemble the question."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from contracts import queries as q
from services.capture.cleaning import clean
from services.projections.answer_messages import visible_message
from services.projections.answer_training import lesson_row
from services.projections.answering import Question
from services.projections.tables import assistant, compilation, message
from services.projections.training_set import document_at
from services.refusals import Refused

SHOWN = 5
LOOKED_AT = 20
"""Lessons of personal assistants are left out of them afterwards."""
Document = dict[str, Any]


def why(question: Question, wanted: q.MessageWanted) -> q.Why:
    """The lessons that most resemble what was asked, from the training set of the version that answered."""
    answer = visible_message(question, wanted.message)
    if answer["question"] is None:
        raise Refused("not_an_answer", "Only an assistant's answer rests on lessons.", {"message": "not an answer"})
    asked = _asked(question, answer)
    learnt = _compilation(question, answer)
    position = int(learnt["position"]) if learnt else question.position
    grounded = learnt is not None and learnt["plan"]["target"] == "grounded"
    lessons = _lessons(question, answer, asked, position, grounded=grounded)
    return q.Why(
        message=wanted.message, question=asked, model=answer["model"], version=answer["version"], position=position,
        lessons=sorted(lessons, key=lambda one: one.score, reverse=True)[:SHOWN],
    )  # fmt: skip


def _asked(question: Question, answer: Document) -> str:
    query = select(message.c.document).where(message.c.id == answer["question"])
    text: str = json.loads(question.chat.execute(query).scalar_one())["text"]
    return text


def _compilation(question: Question, answer: Document) -> Document | None:
    """That of the version that answered."""
    query = select(compilation.c.document).where(
        compilation.c.model == answer["model"], compilation.c.version == answer["version"]
    )
    found = question.training.execute(query).scalar() if answer["version"] is not None else None
    document: Document | None = json.loads(found) if found is not None else None
    return document


def _lessons(question: Question, answer: Document, asked: str, position: int, *, grounded: bool) -> list[q.WhyLesson]:
    text, model, given = _without_mention(question, answer, asked), answer["model"], set(answer["lessons"])
    if not text:
        return []
    found = {one.lesson: one for one in _resembling(question, model, text, position, given)}
    then = min(answer["position"], question.position)
    if given and then > position:
        # What it was given besides is newer than the version. Of a revised lesson a grounded version was given its own form.
        newer = {one.lesson: one for one in _resembling(question, model, text, then, given, than=position)}
        found = newer | found if grounded else found | newer
    return list(found.values())


def _resembling(
    question: Question, model: str, text: str, position: int, given: set[str], than: int | None = None
) -> Iterable[q.WhyLesson]:
    """Lessons of the training set at a position; with `than`, those that were given and are newer than this position."""
    then = replace(question, position=position)
    plan = question.sources.sets.plan(question.training, model, position)
    for near in question.sources.similar.nearest(question.training, plan, position, text, LOOKED_AT):
        row = lesson_row(then, near.id)
        if row is None or not _visible(then, row):
            continue
        if than is None or (row.id in given and row.position > than):
            yield q.WhyLesson(
                lesson=row.id, kind=row.kind, model=row.model, section=row.section, question=near.question,
                answer=near.answer, score=near.score, added_by=row.added_by, added_at=row.added_at,
                given=row.id in given, uncompiled=than is not None,
            )  # fmt: skip


def _visible(question: Question, lesson: q.LessonRow) -> bool:
    use = document_at(question.training, lesson.model, question.position)["use"]
    return question.asker.sees_lessons_of(lesson.model, use)


def _without_mention(question: Question, answer: Document, asked: str) -> str:
    document = question.chat.execute(select(assistant.c.document).where(assistant.c.model == answer["model"])).scalar()
    names = json.loads(document)["names"] if document else []
    user = str(answer["author"]).removeprefix("virtual_user:")
    return clean(asked, [user, *names], [], by_assistant=False)
