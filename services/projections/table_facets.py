"""How many lessons of a table stand in each section, and how often each state holds: counted once, then followed."""

import json
from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, case, func, select

from contracts import queries as q
from services.projections.answering import Question
from services.projections.facets import Facets
from services.projections.standing import FOREMOST, Standing
from services.projections.table_filters import of_state, taught_at, texts_of
from services.projections.tables import lesson

SECTIONS: Final = 200


def facets_of(question: Question, scope: ColumnElement[bool], standing: Standing, *, inherited: bool) -> Facets:
    """Of all lessons in the scope."""
    if inherited not in standing.counted:
        columns = (lesson.c.section_key, func.count(), func.max(lesson.c.taught))
        rows = question.training.execute(select(*columns).where(scope).group_by(lesson.c.section_key))
        sections = {key: (number, taught) for key, number, taught in rows}
        standing.counted[inherited] = Facets(sections, _states(question, scope, standing))
    return standing.counted[inherited]


def sections_of(question: Question, facets: Facets) -> list[q.SectionCount]:
    """The largest ones, each spelt as the lesson that was taught last spells it."""
    largest = sorted(facets.sections.items(), key=lambda pair: (-pair[1][0], pair[0]))[:SECTIONS]
    counted = [pair for _, pair in largest]
    spelt = taught_at([taught for _, taught in counted], question.position)
    rows = question.training.execute(select(lesson.c.taught, lesson.c.attributes).where(spelt))
    names = {taught: json.loads(text)["section"] for taught, text in rows}
    return [q.SectionCount(section=names[taught], lessons=number) for number, taught in counted]


def states_of(facets: Facets, standing: Standing, *, inherited: bool) -> dict[q.LessonState, int]:
    """As they are shown, the foremost first."""
    found = {word: facets.states.get(word, 0) for word in FOREMOST}
    # What leaves stands in a relative's table only, if at all, and waits here even so.
    return found | {"waiting": len(standing.waiting)} if inherited else found


def _states(question: Question, scope: ColumnElement[bool], standing: Standing) -> dict[q.LessonState, int]:
    """How often each state holds: from the rows where they tell, from their texts where only those do."""
    told: tuple[q.LessonState, ...] = ("inactive", "validation", "personal_data", "held_back")
    sums = [func.sum(case((of_state(word, standing), 1), else_=0)) for word in told]
    counted = question.training.execute(select(*sums).where(scope)).one()
    found: dict[q.LessonState, int] = {word: number or 0 for word, number in zip(told, counted, strict=True)}
    looked: dict[q.LessonState, Collection[int]] = {
        word: texts for word in FOREMOST if (texts := texts_of(word, standing)) is not None
    }
    bodies = question.training.execute(select(lesson.c.body).where(scope)).scalars().all()
    found |= {word: sum(map(texts.__contains__, bodies)) for word, texts in looked.items()}
    return found
