"""The lessons that most resemble a question: one index per training set, kept in memory and moved as lessons change."""

from collections.abc import Iterable
from itertools import islice
from threading import Lock
from typing import Final

from sqlalchemy import Connection

from contracts.queries import NearLesson, TrainingLesson
from services.projections.plan import EMPTY, Plan, differences
from services.projections.training_set import lessons_of
from services.similarity.index import Index

LARGEST_CACHE: Final = 8
FEW: Final = 2_000
"""An index that is so many lessons away is moved; for more a new one is built."""
PAIRS: Final = 1_024
"""No lesson has so many."""
_PART: Final = 1_000
Pair = tuple[str, str, str]
"""Lesson id, question, answer."""


class Similar:
    """Indexes of the latest training sets that were asked; the past and the present share one where little changed."""

    def __init__(self) -> None:
        self._kept: list[_Known] = []
        self._lock = Lock()

    def nearest(self, connection: Connection, plan: Plan, position: int, question: str, limit: int) -> list[NearLesson]:
        """At most `limit` lessons, the most alike first; scores from 0 to 1."""
        known = self._known(plan)
        with known.lock:
            known.move(connection, plan, position)
            near = known.nearest(question, limit * 2)
        found: list[NearLesson] = []
        for (id, asked, answer), score in near:
            if all(one.id != id for one in found):
                found.append(NearLesson(id=id, question=asked, answer=answer, score=score))
        return found[:limit]

    def _known(self, plan: Plan) -> "_Known":
        """The one that is nearest, for which all others who want it wait; a new one when none is near."""
        with self._lock:
            same = (one for one in self._kept if one.wanted is plan)
            found = next(same, None) or min(self._kept, key=lambda one: _away(one.wanted, plan), default=None)
            if found is None or _away(found.wanted, plan) > FEW:
                found = _Known()
            found.wanted = plan
            self._kept = [*(one for one in self._kept if one is not found), found][-LARGEST_CACHE:]
            return found


class _Known:
    """An index, and what its rows stand for. `wanted`: the training set that was asked last; who uses it takes the lock."""

    def __init__(self) -> None:
        self.wanted = EMPTY
        self.lock = Lock()
        self._plan: Plan | None = None
        self._index = Index()
        self._pairs: dict[int, Pair] = {}
        self._rows: dict[int, int] = {}

    def move(self, connection: Connection, plan: Plan, position: int) -> None:
        """To another training set: lessons that are gone are taken out, others put in."""
        if self._plan is plan:
            return
        before, self._plan = self._plan, None  # if this fails half-way, it is begun anew
        if before is None:
            self._index, self._pairs, self._rows = Index(), {}, {}
        changed = differences(before or EMPTY, plan)
        while part := list(islice(changed, _PART)):
            lessons = lessons_of(connection, [text for _, _, text in part if text is not None], position)
            for place, _, text in part:
                self._take_out(place)
                self._put_in(place, _pairs_of(lessons[text][0]) if text is not None else ())
        self._plan = plan

    def nearest(self, question: str, limit: int) -> list[tuple[Pair, float]]:
        """Pairs and how alike their questions are."""
        return [(self._pairs[match.row], match.score) for match in self._index.nearest(question, limit)]

    def _take_out(self, place: int) -> None:
        key = place * PAIRS
        while (row := self._rows.pop(key, None)) is not None:
            self._index.remove(row)
            del self._pairs[row]
            key += 1

    def _put_in(self, place: int, pairs: Iterable[Pair]) -> None:
        for key, pair in enumerate(pairs, place * PAIRS):
            row = self._rows[key] = self._index.add(pair[1], key)
            self._pairs[row] = pair


def _away(one: Plan, other: Plan) -> int:
    """How many lessons are not the same, counted a little beyond a few."""
    return sum(1 for _ in islice(differences(one, other), FEW + 1))


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
