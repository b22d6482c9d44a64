"""The table of a model's lessons: filtered, sorted, paged by key, and counted by section and state.

Filters, order and counts are read from one covering index; texts are fetched for the lessons of the page alone.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select

from contracts import queries as q
from services.projections.answer_training import find_taught, lesson_fields
from services.projections.answering import Question
from services.projections.lineage import contributors
from services.projections.rivals import taken_by
from services.projections.standing import Standing
from services.projections.table_cursor import Cursor, Key
from services.projections.table_facets import facets_of, sections_of, states_of
from services.projections.table_filters import filters, of_state, taught_at, texts_of, worded
from services.projections.tables import body, lesson
from services.projections.training_set import LARGEST_PAGE, places_at

COUNTED: Final = 10_000
"""`total` goes no further."""
_SORTED: Final = {
    "taught": lesson.c.taught, "question": lesson.c.asked, "section": lesson.c.section_key,
    "teacher": lesson.c.teacher,
}  # fmt: skip
_FEW: Final = 1_000
"""So many texts are asked for by name; more are picked from a scan."""


def lesson_table(question: Question, wanted: q.LessonTableWanted) -> q.LessonTable:
    """A page of the table."""
    id = find_taught(question, wanted.model)
    standing = question.sources.standings.standing(question.training, id, question.position)
    scopes = _scopes(question, id, inherited=wanted.inherited)
    table = or_(*scopes)
    if wanted.inherited and wanted.state == "waiting":
        scopes = _waiting(question, standing, scopes)
    scope = or_(*scopes)
    cursor = Cursor.read(wanted.after, int if wanted.sort == "taught" else str) if wanted.after else None
    keys = _keys(question, wanted, scopes, standing, cursor)
    total = _total(question, wanted, scope, standing) if cursor is None else cursor.total
    back = cursor is not None and cursor.back
    shown = keys[: wanted.limit]
    rows = _rows(question, standing, shown)
    further = len(keys) > len(rows)
    # Read backwards, the rows come in reverse, and what was left of is behind them.
    shown, rows = (shown[: len(rows)][::-1], rows[::-1]) if back else (shown[: len(rows)], rows)
    before, behind = (further, True) if back else (cursor is not None, further)
    wants_facets = wanted.facets or (cursor is None and wanted.lesson is None)
    facets = facets_of(question, table, standing, inherited=wanted.inherited) if wants_facets else None
    return q.LessonTable(
        lessons=rows,
        next=Cursor.at(shown[-1], total) if shown and behind else None,
        previous=Cursor.at(shown[0], total, back=True) if shown and before else None,
        total=min(total, COUNTED),
        more=total > COUNTED,
        sections=sections_of(question, facets) if facets else None,
        states=states_of(facets, standing, inherited=wanted.inherited) if facets else None,
    )


def _scopes(question: Question, id: str, *, inherited: bool) -> list[ColumnElement[bool]]:
    """The model's own lessons, those that train nothing too, and what each relative brings in: one condition a model."""
    holds = and_(lesson.c.valid_from <= question.position, lesson.c.valid_to > question.position)
    own = and_(lesson.c.model == id, holds)
    relatives = contributors(places_at(question.training, question.position), id)[1:] if inherited else []
    return [own, *(and_(lesson.c.model == one.model, taken_by([one], question.position)) for one in relatives)]


def _waiting(question: Question, standing: Standing, scopes: list[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """What waits in the table, and what leaves without standing there any more: a relative's lesson that was deactivated,
    one that went to another model."""
    holds = and_(lesson.c.valid_from <= question.position, lesson.c.valid_to > question.position)
    if len(standing.waiting) <= _FEW:
        return [and_(_whose(standing.waiting), holds)]
    leaving = [text for text, word in standing.waiting.items() if word == "removed"]
    elsewhere = and_(holds, not_(or_(*scopes)))
    if len(leaving) <= _FEW:
        elsewhere = and_(_whose(leaving), elsewhere)
    return [*scopes, elsewhere] if leaving else scopes


def _whose(texts: Collection[int]) -> ColumnElement[bool]:
    """The lessons that have, or had, these texts."""
    return lesson.c.id.in_(select(body.c.lesson).where(body.c.id.in_(list(texts))))


# the order ------------------------------------------------------------------------------------------------------------


def _keys(
    question: Question,
    wanted: q.LessonTableWanted,
    scopes: Sequence[ColumnElement[bool]],
    standing: Standing,
    cursor: Cursor | None,
) -> list[Key]:
    """One more than a page in the order that is wanted, from behind the cursor."""
    column = _SORTED[wanted.sort]
    descending = wanted.descending != (cursor is not None and cursor.back)
    order = [one.desc() if descending else one.asc() for one in dict.fromkeys((column, lesson.c.taught))]
    texts, enough = _picked(wanted, standing), wanted.limit + 1
    found: list[Key] = []
    # Each model's lessons stand in the index as they were taught; together they would have to be sorted by the database.
    for scope in scopes if column is lesson.c.taught else [or_(*scopes)]:
        query = _of_table(wanted, standing, (column, lesson.c.taught, lesson.c.body)).where(scope).order_by(*order)
        if cursor is not None:
            query = query.where(_beyond(column, cursor, descending=descending))
        if texts is None:
            query = query.limit(enough)
        with question.training.execute(query.execution_options(stream_results=True)) as rows:
            found += islice((Key(*row) for row in rows if texts is None or row[2] in texts), enough)
    if column is lesson.c.taught:
        found.sort(key=lambda key: key.taught, reverse=descending)
    return found[:enough]


def _total(question: Question, wanted: q.LessonTableWanted, scope: ColumnElement[bool], standing: Standing) -> int:
    """How many there are, counted no further than one beyond `COUNTED`."""
    texts = _picked(wanted, standing)
    query = _of_table(wanted, standing, (lesson.c.body,)).where(scope)
    if texts is None:
        counted = select(func.count()).select_from(query.limit(COUNTED + 1).subquery())
        return int(question.training.execute(counted).scalar_one())
    with question.training.execute(query.execution_options(stream_results=True)) as found:
        return len(list(islice((text for text in found.scalars() if text in texts), COUNTED + 1)))


def _of_table(wanted: q.LessonTableWanted, standing: Standing, columns: Sequence[Any]) -> Select[Any]:
    """The rows that the filters leave, but for texts that are too many to be asked for by name."""
    query = worded(select(*columns).where(*filters(wanted)), wanted.text)
    texts = texts_of(wanted.state, standing)
    if texts is None:
        return query.where(of_state(wanted.state, standing))
    return query.where(lesson.c.body.in_(list(texts))) if len(texts) <= _FEW else query


def _picked(wanted: q.LessonTableWanted, standing: Standing) -> Collection[int] | None:
    """The texts that are picked from a scan, where they are too many to be asked for by name."""
    texts = texts_of(wanted.state, standing)
    return texts if texts is not None and len(texts) > _FEW else None


def _beyond(column: Any, cursor: Cursor, *, descending: bool) -> ColumnElement[bool]:
    later = lesson.c.taught < cursor.taught if descending else lesson.c.taught > cursor.taught
    if column is lesson.c.taught:
        return later
    farther = column < cursor.value if descending else column > cursor.value
    return or_(farther, and_(column == cursor.value, later))


# the page -------------------------------------------------------------------------------------------------------------


def _rows(question: Question, standing: Standing, keys: list[Key]) -> list[q.TableRow]:
    query = select(lesson, body.c.document).join(body, body.c.id == lesson.c.body)
    found = question.training.execute(query.where(taught_at([one.taught for one in keys], question.position)))
    by_place = {row["taught"]: row for row in found.mappings()}
    rows: list[q.TableRow] = []
    size = 0
    for key in keys:
        row = _row(by_place[key.taught], standing)
        size += len(row.model_dump_json())
        if rows and size > LARGEST_PAGE:
            break
        rows.append(row)
    return rows


def _row(row: Mapping[Any, Any], standing: Standing) -> q.TableRow:
    states = standing.words(row)
    text = row["body"]
    loss = standing.rivals.get(text)
    stands = {
        "state": states[0] if states else None,
        "states": states,
        "change": standing.waiting.get(text),
        "version": standing.version if text in standing.learnt else None,
        "winner": loss.winner if loss else None,
        "inherited_from": row["model"] if row["model"] != standing.model else None,
        "erased": row["erased"],
    }
    return q.TableRow.model_validate(lesson_fields(row, row["document"]) | stands)
