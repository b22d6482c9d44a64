"""The lessons that most resemble a question: one index per training set, the latest kept in memory."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from sqlalchemy import Connection

from contracts.queries import NearLesson, TrainingLesson
from services.projections.plan import Plan
from services.projections.training_set import page
from services.similarity.index import Index

LARGEST_CACHE: Final = 8
Pair = tuple[str, str, str]
"""Lesson id, question, answer."""


class Similar:
    """Indexes by the identity of the training set, so the past and the present share one where nothing changed."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Index, list[Pair]]] = OrderedDict()
        self._lock = Lock()

    def nearest(self, connection: Connection, plan: Plan, position: int, question: str, limit: int) -> list[NearLesson]:
        """At most `limit` lessons, the most alike first; scores from 0 to 1."""
        index, pairs = self._index(connection, plan, position)
        found: list[NearLesson] = []
        for match in index.nearest(question, limit * 2):
            id, asked, answer = pairs[match.row]
            if all(one.id != id for one in found):
                found.append(NearLesson(id=id, question=asked, answer=answer, score=match.score))
        return found[:limit]

    def _index(self, connection: Connection, plan: Plan, position: int) -> tuple[Index, list[Pair]]:
        identity = plan.identity
        with self._lock:
            if identity in self._kept:
                self._kept.move_to_end(identity)
                return self._kept[identity]
        pairs = _pairs(connection, plan, position)
        built = Index.build(question for _, question, _ in pairs)
        with self._lock:
            self._kept[identity] = (built, pairs)
            while len(self._kept) > LARGEST_CACHE:
                self._kept.popitem(last=False)
        return built, pairs


def _pairs(connection: Connection, plan: Plan, position: int) -> list[Pair]:
    pairs: list[Pair] = []
    after: str | None = None
    while True:
        lessons, after = page(connection, plan, position, after, 1_000)
        for one in lessons:
            pairs += _pairs_of(one)
        if after is None:
            return pairs


def _pairs_of(lesson: TrainingLesson) -> list[Pair]:
    if lesson.kind == "qa":
        return [(lesson.id, lesson.question or "", lesson.answer or "")]
    pairs: list[Pair] = []
    question = None
    for index, turn in enumerate(lesson.messages or ()):
        if turn.role == "user":
            question = str(turn.content)
        elif turn.learnt and question is not None:
            first = lesson.straight_question
            asked = str((lesson.messages or [])[first].content) if first is not None and first < index else question
            pairs.append((lesson.id, asked, str(turn.content)))
    return pairs
