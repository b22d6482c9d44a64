"""Finding anything by its name, as one types: models, groups, people, lessons, and versions."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import case, select

from contracts import queries as q
from services.folding import fold
from services.projections.answer_chat import own_groups
from services.projections.answer_training import hidden_models
from services.projections.answering import Question
from services.projections.tables import FOREVER, body, compilation, lesson, model, person

_VERSION: Final = re.compile(r"v?\d+")
"""A word that may mean a version: without one no versions are looked for."""


def find(question: Question, wanted: q.FindWanted) -> q.Found:
    """Of each kind at most `limit`, the best first."""
    text = fold(wanted.text)
    if not text:
        return q.Found(found=[])
    found = [
        _best(rows, wanted.limit)
        for rows in (_models(question, text), _groups(question, text), _people(question, text))
    ]
    if question.asker.studio or question.asker.service:
        found += [_lessons(question, text, wanted.limit), _best(_versions(question, text), wanted.limit)]
    return q.Found(found=[one for rows in found for one in rows])


def _best(rows: Iterable[q.FoundRow], limit: int) -> list[q.FoundRow]:
    """Names that begin so first, then those of which a word does; shorter names first among equals."""
    return sorted(rows, key=lambda one: (one.rank, len(one.name), one.name.casefold(), -(one.version or 0)))[:limit]


def _rank(name: str, text: str) -> int | None:
    """None: the name doesn't hold all the words."""
    key = fold(name)
    words = text.split()
    if not all(word in key for word in words):
        return None
    if key.startswith(text):
        return 0
    return 1 if all(f" {key}".find(f" {word}") >= 0 for word in words) else 2


def _models(question: Question, text: str) -> Iterable[q.FoundRow]:
    query = select(model.c.id, model.c.document).where(model.c.valid_to == FOREVER, model.c.archived.is_(False))
    for id, document in question.training.execute(query):
        one = json.loads(document)
        if not question.asker.sees_model(id, one["use"]):
            continue
        ranks = [rank for name in (one["name"], *one["names"].values()) if (rank := _rank(name, text)) is not None]
        if ranks:
            version = one["active"]["version"] if one["active"] else None
            yield q.FoundRow(kind="model", id=id, name=one["name"], rank=min(ranks), model=id, version=version)


def _groups(question: Question, text: str) -> Iterable[q.FoundRow]:
    for one in own_groups(question):
        if not one.archived and (rank := _rank(one.name, text)) is not None:
            yield q.FoundRow(kind="group", id=one.id, name=one.name, rank=rank)


def _people(question: Question, text: str) -> Iterable[q.FoundRow]:
    for id, document in question.chat.execute(select(person.c.id, person.c.document)):
        name = json.loads(document)["name"]
        if isinstance(name, str) and name and (rank := _rank(name, text)) is not None:
            yield q.FoundRow(kind="person", id=id, name=name, rank=rank)


def _lessons(question: Question, text: str, limit: int) -> list[q.FoundRow]:
    """By the beginnings of their questions, newest first among equals; those in use only."""
    begins = lesson.c.asked.startswith(text, autoescape=True)
    holds = [lesson.c.asked.contains(word, autoescape=True) for word in text.split()]
    rank = case((begins, 0), else_=1)
    query = select(lesson.c.id, lesson.c.model, lesson.c.kind, lesson.c.body, rank).where(
        lesson.c.valid_to == FOREVER, lesson.c.active.is_(True), lesson.c.erased.is_(False), *holds,
        lesson.c.model.not_in(hidden_models(question)),
    )  # fmt: skip
    rows = question.training.execute(query.order_by(rank, lesson.c.taught.desc()).limit(limit)).all()
    texts = select(body.c.id, body.c.document).where(body.c.id.in_([row[3] for row in rows]))
    said = {id: _question(json.loads(one)) for id, one in question.training.execute(texts)}
    return [
        q.FoundRow(kind="lesson", id=id, name=said[text_id], rank=_rank(said[text_id], text) or at, model=owner)
        for id, owner, _, text_id, at in rows
    ]


def _question(text: dict[str, Any]) -> str:
    if "question" in text:
        return str(text["question"])
    return next((str(turn["content"]) for turn in text.get("messages") or () if turn["role"] == "user"), "")


def _versions(question: Question, text: str) -> Iterable[q.FoundRow]:
    if not any(_VERSION.fullmatch(word) for word in text.split()):
        return
    names = {
        id: json.loads(document)["name"]
        for id, document in question.training.execute(
            select(model.c.id, model.c.document).where(model.c.valid_to == FOREVER)
        )
    }
    columns = (compilation.c.id, compilation.c.model, compilation.c.version)
    shown = (compilation.c.version.is_not(None), compilation.c.model.not_in(hidden_models(question)))
    for id, owner, version in question.training.execute(select(*columns).where(*shown)):
        name = f"{names[owner]} v{version}"
        if (rank := _rank(name, text)) is not None:
            yield q.FoundRow(kind="compilation", id=id, name=name, rank=rank, model=owner, version=version)
