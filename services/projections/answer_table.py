"""The table of a model's lessons: filtered, sorted, paged by key, and counted by section and state.

Filters, order and counts are read from one covering index; texts are fetched for the lessons of the page alone.
"""

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select, true

from contracts import queries as q
from services.folding import fold
from services.projections.answer_training import find_taught, lesson_fields
from services.projections.answering import Question
from services.projections.facets import Facets
from services.projections.lineage import contributors
from services.projections.rivals import taken_by
from services.projections.standing import FOREMOST, Standing
from services.projections.tables import HELD_BACK, PERSONAL, UNSET, body, lesson, wording
from services.projections.training_set import LARGEST_PAGE, places_at
from services.refusals import Refused

COUNTED: Final = 10_000
"""`total` goes no further."""
SECTIONS: Final = 200
_SORTED: Final = {
    "taught": lesson.c.taught, "question": lesson.c.asked, "section": lesson.c.section_key,
    "teacher": lesson.c.teacher,
}  # fmt: skip
_FEW: Final = 1_000
"""So many texts are asked for by name; more are picked from a scan."""


@dataclass(frozen=True, slots=True)
class _Key:
    """A row's place in the order, and its text."""

    value: str | int
    taught: int
    body: int


@dataclass(frozen=True, slots=True)
class _Cursor:
    """What `next` and `previous` carry: the place of the last or first row, and the total, which is counted once."""

    value: str | int
    taught: int
    total: int
    back: bool = False

    @classmethod
    def at(cls, key: _Key, total: int, *, back: bool = False) -> str:
        """From this row on, or back."""
        given = [key.value, key.taught, total, back]
        return base64.urlsafe_b64encode(json.dumps(given).encode()).decode()

    @classmethod
    def read(cls, text: str, value: type[str] | type[int]) -> "_Cursor":
        """Raises `Refused`: `malformed`."""
        try:
            found = json.loads(base64.urlsafe_b64decode(text.encode()))
        except (binascii.Error, ValueError):
            found = None
        match found:
            case [one, int(taught), int(total), bool(back)] if isinstance(one, value):
                return cls(one, taught, total, back)
        raise Refused(
            "malformed",
            "`after` must be the `next` or `previous` of a page with the same sorting.",
            {"after": "not a next of a page"},
        )


def lesson_table(question: Question, wanted: q.LessonTableWanted) -> q.LessonTable:
    """A page of the table."""
    id = find_taught(question, wanted.model)
    standing = question.sources.standings.standing(question.training, id, question.position)
    scopes = _scopes(question, id, inherited=wanted.inherited)
    table = or_(*scopes)
    if wanted.inherited and wanted.state == "waiting":
        scopes = _waiting(question, standing, scopes)
    scope = or_(*scopes)
    cursor = _Cursor.read(wanted.after, int if wanted.sort == "taught" else str) if wanted.after else None
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
    facets = _facets(question, table, standing, inherited=wanted.inherited) if wants_facets else None
    return q.LessonTable(
        lessons=rows,
        next=_Cursor.at(shown[-1], total) if shown and behind else None,
        previous=_Cursor.at(shown[0], total, back=True) if shown and before else None,
        total=min(total, COUNTED),
        more=total > COUNTED,
        sections=_sections(question, facets) if facets else None,
        states=_counted(facets, standing, inherited=wanted.inherited) if facets else None,
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
        whose = select(body.c.lesson).where(body.c.id.in_(list(standing.waiting)))
        return [and_(lesson.c.id.in_(whose), holds)]
    return [*scopes, and_(holds, not_(or_(*scopes)))] if "removed" in standing.waiting.values() else scopes


# the order ------------------------------------------------------------------------------------------------------------


def _keys(
    question: Question,
    wanted: q.LessonTableWanted,
    scopes: Sequence[ColumnElement[bool]],
    standing: Standing,
    cursor: _Cursor | None,
) -> list[_Key]:
    """One more than a page in the order that is wanted, from behind the cursor."""
    column = _SORTED[wanted.sort]
    descending = wanted.descending != (cursor is not None and cursor.back)
    order = [one.desc() if descending else one.asc() for one in dict.fromkeys((column, lesson.c.taught))]
    texts, enough = _picked(wanted, standing), wanted.limit + 1
    found: list[_Key] = []
    # Each model's lessons stand in the index as they were taught; together they would have to be sorted by the database.
    for scope in scopes if column is lesson.c.taught else [or_(*scopes)]:
        query = _of_table(wanted, standing, (column, lesson.c.taught, lesson.c.body)).where(scope).order_by(*order)
        if cursor is not None:
            query = query.where(_beyond(column, cursor, descending=descending))
        if texts is None:
            query = query.limit(enough)
        with question.training.execute(query.execution_options(stream_results=True)) as rows:
            found += islice((_Key(*row) for row in rows if texts is None or row[2] in texts), enough)
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
    query = _worded(select(*columns).where(*_filters(wanted)), wanted.text)
    texts = _texts(wanted.state, standing)
    if texts is None:
        return query.where(_of_state(wanted.state, standing))
    return query.where(lesson.c.body.in_(list(texts))) if len(texts) <= _FEW else query


def _picked(wanted: q.LessonTableWanted, standing: Standing) -> Collection[int] | None:
    """The texts that are picked from a scan, where they are too many to be asked for by name."""
    texts = _texts(wanted.state, standing)
    return texts if texts is not None and len(texts) > _FEW else None


def _beyond(column: Any, cursor: _Cursor, *, descending: bool) -> ColumnElement[bool]:
    later = lesson.c.taught < cursor.taught if descending else lesson.c.taught > cursor.taught
    if column is lesson.c.taught:
        return later
    farther = column < cursor.value if descending else column > cursor.value
    return or_(farther, and_(column == cursor.value, later))


def _filters(wanted: q.LessonTableWanted) -> list[ColumnElement[bool]]:
    given: list[tuple[Any, Any]] = [
        (lesson.c.kind, wanted.kind),
        (lesson.c.purpose, wanted.purpose),
        (lesson.c.section_key, fold(wanted.section) if wanted.section is not None else None),
        (lesson.c.teacher, wanted.taught_by),
        (lesson.c.id, wanted.lesson),
    ]
    return [column == value for column, value in given if value is not None]


def _worded(query: Select[Any], text: str | None) -> Select[Any]:
    words = fold(text or "").split()
    if not words:
        return query
    joined = query.join(wording, wording.c.body == lesson.c.body)
    return joined.where(*(wording.c.folded.contains(one, autoescape=True) for one in words))


def _texts(state: q.LessonState | None, standing: Standing) -> Collection[int] | None:
    """The texts of which the word holds, where the rows themselves don't tell."""
    match state:
        case "waiting":
            return standing.waiting
        case "learnt":
            return standing.learnt
        case "conflict" | "duplicate":
            return {text: loss for text, loss in standing.rivals.items() if loss.word == state}
        case _:
            return None


def _of_state(state: q.LessonState | None, standing: Standing) -> ColumnElement[bool]:
    whole = lesson.c.erased.is_(False)
    match state:
        case "inactive":
            return and_(whole, lesson.c.active.is_(False))
        case "validation":
            return and_(whole, lesson.c.purpose == "validation")
        case "personal_data":
            return and_(whole, PERSONAL)
        case "held_back":
            return and_(whole, lesson.c.model == standing.model, _held_back(standing))
        case _:
            return true()


def _held_back(standing: Standing) -> ColumnElement[bool]:
    by_section = lesson.c.section_key.in_(sorted(standing.sections))
    unset = lesson.c.held_back == UNSET
    return or_(lesson.c.held_back == HELD_BACK, unset if standing.personal else and_(unset, by_section))


# the page -------------------------------------------------------------------------------------------------------------


def _rows(question: Question, standing: Standing, keys: list[_Key]) -> list[q.TableRow]:
    query = select(lesson, body.c.document).join(body, body.c.id == lesson.c.body)
    found = question.training.execute(query.where(_taught([one.taught for one in keys], question.position)))
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


def _taught(positions: Sequence[int], position: int) -> ColumnElement[bool]:
    """The lessons that were added at these positions, as they stand now."""
    # A lesson's first text has the position at which it was added for its id: found by two primary keys.
    ids = select(body.c.lesson).where(body.c.id.in_(positions))
    return and_(lesson.c.id.in_(ids), lesson.c.valid_from <= position, lesson.c.valid_to > position)


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


# the facets -----------------------------------------------------------------------------------------------------------


def _facets(question: Question, scope: ColumnElement[bool], standing: Standing, *, inherited: bool) -> Facets:
    if inherited not in standing.counted:
        columns = (lesson.c.section_key, func.count(), func.max(lesson.c.taught))
        rows = question.training.execute(select(*columns).where(scope).group_by(lesson.c.section_key))
        sections = {key: (number, taught) for key, number, taught in rows}
        standing.counted[inherited] = Facets(sections, _states(question, scope, standing))
    return standing.counted[inherited]


def _sections(question: Question, facets: Facets) -> list[q.SectionCount]:
    """The largest ones, each spelt as the lesson that was taught last spells it."""
    largest = sorted(facets.sections.items(), key=lambda pair: (-pair[1][0], pair[0]))[:SECTIONS]
    counted = [pair for _, pair in largest]
    spelt = _taught([taught for _, taught in counted], question.position)
    rows = question.training.execute(select(lesson.c.taught, lesson.c.attributes).where(spelt))
    names = {taught: json.loads(text)["section"] for taught, text in rows}
    return [q.SectionCount(section=names[taught], lessons=number) for number, taught in counted]


def _counted(facets: Facets, standing: Standing, *, inherited: bool) -> dict[q.LessonState, int]:
    found = {word: facets.states.get(word, 0) for word in FOREMOST}
    # What leaves stands in a relative's table only, if at all, and waits here even so.
    return found | {"waiting": len(standing.waiting)} if inherited else found


def _states(question: Question, scope: ColumnElement[bool], standing: Standing) -> dict[q.LessonState, int]:
    """How often each state holds: from the rows where they tell, from their texts where only those do."""
    told: tuple[q.LessonState, ...] = ("inactive", "validation", "personal_data", "held_back")
    sums = [func.sum(case((_of_state(word, standing), 1), else_=0)) for word in told]
    counted = question.training.execute(select(*sums).where(scope)).one()
    found: dict[q.LessonState, int] = {word: number or 0 for word, number in zip(told, counted, strict=True)}
    looked: dict[q.LessonState, Collection[int]] = {
        word: texts for word in FOREMOST if (texts := _texts(word, standing)) is not None
    }
    bodies = question.training.execute(select(lesson.c.body).where(scope)).scalars().all()
    found |= {word: sum(map(texts.__contains__, bodies)) for word, texts in looked.items()}
    return found
