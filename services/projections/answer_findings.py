"""Answers about what somebody should look at in a training set: conflicts, resemblances, differences."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

from sqlalchemy import and_, func, select

from contracts import queries as q
from services.folding import fold
from services.projections.answer_training import find_taught
from services.projections.answering import Question
from services.projections.asker import STUDIO
from services.projections.lineage import contributors
from services.projections.plan import Plan
from services.projections.rivals import asked, losing_texts, taken_by
from services.projections.standing import changes, owners
from services.projections.tables import PERSONAL, body, distinguished, lesson
from services.projections.training_set import conflicts_of, document_at, places_at
from services.refusals import Refused
from services.similarity.index import score

ALIKE = 0.66
"""From this score on two questions are worth a look: rewordings of one question mostly reach it, others seldom do."""
NEAR = 12
"""Lessons looked at for each; conversations among them are left out."""
AGREES = 0.8
"""From this score on two answers say the same."""


def conflicts(question: Question, wanted: q.ConflictsWanted) -> q.Conflicts:
    """A page of a training set's conflicts and duplicates, with their texts."""
    id = find_taught(question, wanted.model)
    plan = question.sources.sets.plan(question.training, id, question.position)
    every = conflicts_of(question.training, plan, id, question.position)
    undecided = [one for one in every if one.conflicting and not one.settled]
    found = [one for one in (undecided if wanted.open_only else every) if one.question_key > wanted.after]
    shown = found[: wanted.limit]
    ids = [qa for one in shown for qa in (one.winner, *one.conflicting, *one.duplicates)]
    texts = _contenders(question, ids)
    rows = [
        one.model_copy(
            update={"qas": [texts[qa] for qa in (one.winner, *one.conflicting, *one.duplicates) if qa in texts]}
        )
        for one in shown
    ]
    return q.Conflicts(
        conflicts=rows, open=len(undecided), next=shown[-1].question_key if len(found) > len(shown) else None
    )


def resemblances(question: Question, wanted: q.ResemblancesWanted) -> q.Resemblances:
    """QAs whose questions resemble each other. Pairs that a person distinguished are left out."""
    id = find_taught(question, wanted.model)
    plan = question.sources.sets.plan(question.training, id, question.position)
    looked, following = _looked_at(question, id, plan, wanted)
    texts = _contenders(question, looked)
    pairs: dict[tuple[str, str], float] = {}
    near = {one: _near(question, plan, texts[one]) for one in looked if one in texts}
    texts |= _contenders(question, {other for found in near.values() for other, _ in found if other not in texts})
    for one, found in near.items():
        pairs |= {_newer_first(texts, one, other): alike for other, alike in found if other in texts}
    different = _distinguished(question, texts)
    shown = [
        _resemblance(texts[newer], texts[older], alike)
        for (newer, older), alike in pairs.items()
        if frozenset((newer, older)) not in different
    ]
    return q.Resemblances(resemblances=shown, next=following)


def known_questions(question: Question, wanted: q.KnownWanted) -> q.Known:
    """Of the given questions those that the model's training set answers, with the lesson that does."""
    if wanted.answers:
        question.asker.need(*STUDIO)
    id = find_taught(question, wanted.model)
    keys: dict[str, list[str]] = {}
    for one in wanted.questions:
        keys.setdefault(fold(one), []).append(one)
    taken = contributors(places_at(question.training, question.position), id)
    losers = losing_texts(question.training, id, taken, question.position, keys)
    rows = [one for one in asked(question.training, taken, question.position, keys) if one.body not in losers]
    answers = _answers(question, [one.body for one in rows]) if wanted.answers else {}
    found = [
        q.KnownQuestion(
            question=same, lesson=one.id, model=one.model, answer_key=one.answer_key, answer=answers.get(one.body, "")
        )
        for one in rows
        for same in keys[one.question_key]
    ]
    return q.Known(known=found)


def personal_data(question: Question, wanted: q.PersonalDataWanted) -> q.PersonalData:
    """The lessons of a training set that seem to hold personal data."""
    id = find_taught(question, wanted.model)
    taken = contributors(places_at(question.training, question.position), id)
    condition = and_(taken_by(taken, question.position), PERSONAL, lesson.c.erased.is_(False))
    total = question.training.execute(select(func.count()).select_from(lesson).where(condition)).scalar_one()
    columns = (lesson.c.id, lesson.c.model, lesson.c.kind, lesson.c.personal, body.c.document)
    query = select(*columns).join(body, body.c.id == lesson.c.body).where(condition).order_by(lesson.c.first_position)
    found = [
        q.PersonalLesson(id=lesson_id, model=owner, kind=kind, kinds=kinds.split(","), text=_said(json.loads(text))[0])
        for lesson_id, owner, kind, kinds, text in question.training.execute(query.limit(wanted.limit))
    ]
    return q.PersonalData(total=total, lessons=found)


def difference(question: Question, wanted: q.DifferenceWanted) -> q.Difference:
    """What a training set has at one position and not at another."""
    id = find_taught(question, wanted.model)
    until = question.position if wanted.until is None else _within(question, wanted.until)
    now = document_at(question.training, id, until)
    active = now["active"]["position"] if now["active"] else None
    since = _within(question, wanted.since) if wanted.since is not None else active
    sets = question.sources.sets
    then = _there(question, id, since)
    old = sets.plan(question.training, id, since) if since is not None and then is not None else None
    found = changes(old, sets.plan(question.training, id, until)).values()
    shown = list(islice(found, wanted.limit))
    whose = owners(question.training, [text for _, text in shown])
    lessons = [_changed(question, whose[text], change, text) for change, text in shown]
    counts = [sum(change == name for change, _ in found) for name in ("added", "removed", "changed")]
    before = then["system_message"] if then is not None else None
    return q.Difference(
        model=id,
        since=since,
        until=until,
        added=counts[0],
        removed=counts[1],
        changed=counts[2],
        system_message_changed=since is not None and before != now["system_message"],
        lessons=lessons,
        teachers=_teachers(question, [text for change, text in found if change == "added"], until)
        if wanted.teachers
        else [],
    )


def _there(question: Question, id: str, position: int | None) -> dict[str, Any] | None:
    """The model as it was; None where it wasn't there yet."""
    if position is None:
        return None
    try:
        return document_at(question.training, id, position)
    except Refused:
        return None


# conflicts and resemblances -------------------------------------------------------------------------------------------


def _answers(question: Question, texts: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(texts), 500):
        query = select(body.c.id, body.c.document).where(body.c.id.in_(texts[start : start + 500]))
        found |= {text: str(json.loads(document)["answer"]) for text, document in question.training.execute(query)}
    return found


def _contenders(question: Question, ids: Iterable[str]) -> dict[str, q.Contender]:
    wanted = sorted(set(ids))
    found: dict[str, q.Contender] = {}
    columns = (lesson.c.id, lesson.c.model, lesson.c.position, lesson.c.attributes, body.c.document)
    for start in range(0, len(wanted), 500):
        query = (
            select(*columns)
            .join(body, body.c.id == lesson.c.body)
            .where(
                lesson.c.id.in_(wanted[start : start + 500]), lesson.c.kind == "qa", _valid(lesson, question.position)
            )
        )
        for id, owner, position, attributes, document in question.training.execute(query):
            text = json.loads(document)
            if isinstance(text.get("question"), str) and isinstance(text.get("answer"), str):
                by = json.loads(attributes)["added_by"]
                found[id] = q.Contender(
                    id=id, model=owner, position=position, added_by=by, question=text["question"], answer=text["answer"]
                )
    return found


def _looked_at(question: Question, id: str, plan: Plan, wanted: q.ResemblancesWanted) -> tuple[list[str], int | None]:
    if wanted.lesson is not None:
        return [wanted.lesson], None
    latest = wanted.before if wanted.before is not None else question.position + 1
    bodies = sorted((one for one in plan.body if one < latest), reverse=True)[: wanted.limit]
    query = select(body.c.id, body.c.lesson).where(body.c.id.in_(bodies), body.c.kind == "qa")
    owners = {row[0]: row[1] for row in question.training.execute(query)}
    looked = [owners[one] for one in bodies if one in owners]
    return looked, bodies[-1] if len(bodies) == wanted.limit else None


def _near(question: Question, plan: Plan, one: q.Contender) -> list[tuple[str, float]]:
    near = question.sources.similar.nearest(question.training, plan, question.position, one.question, NEAR)
    own = fold(one.question)
    return [(x.id, x.score) for x in near if x.id != one.id and x.score >= ALIKE and fold(x.question) != own]


def _newer_first(texts: dict[str, q.Contender], one: str, other: str) -> tuple[str, str]:
    return (one, other) if texts[one].position >= texts[other].position else (other, one)


def _resemblance(newer: q.Contender, older: q.Contender, alike: float) -> q.Resemblance:
    agree = score(newer.answer, older.answer) >= AGREES
    return q.Resemblance(newer=newer, older=older, score=round(alike, 3), proposal="duplicate" if agree else "conflict")


def _distinguished(question: Question, among: Collection[str]) -> set[frozenset[str]]:
    """Pairs that a person told apart, whose texts are still those of then."""
    told = select(distinguished).where(distinguished.c.position <= question.position)
    pairs = [(frozenset((row.one, row.other)), row.position) for row in question.training.execute(told)]
    pairs = [(pair, position) for pair, position in pairs if pair <= set(among)]
    set_at = _set_at(question, {id for pair, _ in pairs for id in pair})
    return {pair for pair, position in pairs if all(set_at.get(id, 0) < position for id in pair)}


def _set_at(question: Question, ids: Collection[str]) -> dict[str, int]:
    """By QA, the position at which its present text was set."""
    found: dict[str, int] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        these = lesson.c.id.in_(wanted[start : start + 500])
        query = select(lesson.c.id, lesson.c.body).where(these, _valid(lesson, question.position))
        found |= {row.id: row.body for row in question.training.execute(query)}
    return found


# differences ----------------------------------------------------------------------------------------------------------


def _changed(question: Question, id: str, change: str, text: int) -> q.Changed:
    row = question.training.execute(select(body.c.kind, body.c.document).where(body.c.id == text)).one()
    owner = question.training.execute(
        select(lesson.c.model).where(lesson.c.id == id).order_by(lesson.c.valid_from.desc()).limit(1)
    ).scalar_one()
    asked, answer = _said(json.loads(row[1]))
    return q.Changed.model_validate(
        {"id": id, "model": owner, "kind": row[0], "change": change, "text": asked, "answer": answer}
    )


def _teachers(question: Question, added: list[int], position: int) -> list[q.Teacher]:
    """Whoever taught most first."""
    counts: Counter[str] = Counter()
    for start in range(0, len(added), 500):
        query = (
            select(lesson.c.teacher, func.count())
            .join(body, and_(body.c.lesson == lesson.c.id, _valid(lesson, position)))
            .where(body.c.id.in_(added[start : start + 500]))
            .group_by(lesson.c.teacher)
        )
        counts.update({row[0]: row[1] for row in question.training.execute(query)})
    return [
        q.Teacher(teacher=who, lessons=many) for who, many in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]


def _said(text: dict[str, Any]) -> tuple[str, str]:
    if "question" in text:
        return str(text["question"]), str(text["answer"])
    turns = text.get("messages") or []
    asked = next((str(turn["content"]) for turn in turns if turn["role"] == "user"), "")
    learnt = [str(turn["content"]) for turn in turns if turn["role"] == "assistant" and turn["learn"] is not False]
    return asked, learnt[-1] if learnt else ""


def _within(question: Question, position: int) -> int:
    if position > question.position:
        raise Refused("behind", f"The log ends at position {question.position}; {position} isn't there yet.")
    return position


def _valid(table: Any, position: int) -> Any:
    return and_(table.c.valid_from <= position, table.c.valid_to > position)
