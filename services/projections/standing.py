"""Where each lesson of a model stands: learnt by the active version, waiting for the next, in conflict, or neither."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Literal

from sqlalchemy import Connection, and_, select

from contracts.queries import LessonState, SectionCount
from services.projections.tables import HELD_BACK, UNSET, body, lesson
from services.projections.training_set import (
    Moment,
    Plan,
    Rival,
    TrainingSets,
    document_at,
    moment,
    places_at,
    settlements_of,
    still,
)

Change = Literal["added", "removed", "changed"]
LARGEST_CACHE: Final = 8
FOREMOST: Final[tuple[LessonState, ...]] = (
    "inactive", "validation", "personal_data", "conflict", "duplicate", "waiting", "learnt", "held_back",
)  # fmt: skip
"""Of several words that hold for a lesson the first is said of it; the others stand beside it."""
_PART: Final = 500


@dataclass(frozen=True, slots=True)
class Loss:
    """A QA's place in a conflict, its own winner if it wins."""

    word: Literal["conflict", "duplicate"]
    winner: str


@dataclass(frozen=True, slots=True)
class Facets:
    """How many lessons stand in each section, and how often each state holds."""

    sections: list[SectionCount]
    states: dict[LessonState, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """By a lesson's text: what the next version would do with it, and whether the active one has learnt it.

    `held_back` says what the model keeps from its relatives: sections by their keys, or everything but what is shared.
    """

    model: str
    version: int | None
    waiting: Mapping[int, Change]
    learnt: frozenset[int]
    rivals: Mapping[int, Loss]
    sections: frozenset[str]
    personal: bool
    counted: dict[bool, "Facets"] = field(default_factory=dict)
    """The facets, with inherited lessons or without, once somebody asked: they hold as long as all this."""

    def words(self, row: Mapping[Any, Any]) -> list[LessonState]:
        """What is true of the lesson with this row, the foremost first. Empty for erased ones."""
        text = row["body"]
        loss = self.rivals.get(text)
        true: dict[LessonState, bool] = {
            "inactive": not row["active"],
            "validation": row["purpose"] == "validation",
            "personal_data": bool(row["personal"]),
            "conflict": loss is not None and loss.word == "conflict",
            "duplicate": loss is not None and loss.word == "duplicate",
            "waiting": text in self.waiting,
            "learnt": text in self.learnt,
            "held_back": row["model"] == self.model and self.holds_back(row["held_back"], row["section_key"]),
        }
        return [] if row["erased"] else [word for word in FOREMOST if true[word]]

    def holds_back(self, held_back: int, section_key: str) -> bool:
        """Whether relatives don't take in an own lesson that is marked so and stands in this section."""
        return held_back == HELD_BACK or (held_back == UNSET and (self.personal or section_key in self.sections))


class Standings:
    """The latest standings, kept in memory until something is taught."""

    def __init__(self, sets: TrainingSets) -> None:
        self._sets = sets
        self._kept: OrderedDict[tuple[str, Moment], Standing] = OrderedDict()
        self._lock = Lock()

    def forget(self) -> None:
        """The read model was built anew."""
        with self._lock:
            self._kept.clear()

    def standing(self, connection: Connection, id: str, position: int) -> Standing:
        """Of the model's lessons at the position."""
        key = (id, moment(connection, position))
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept
        found = _standing(connection, self._sets, id, position)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > LARGEST_CACHE:
                self._kept.popitem(last=False)
        return found


def changes(old: Plan | None, new: Plan) -> dict[int, tuple[Change, int]]:
    """By place, in the order of the new plan and then the old: what a version of `new` would change against `old`, and the
    text in question. A lesson keeps its place for good, so the same place is the same lesson."""
    before, now = old.lines() if old else {}, new.lines()
    found: dict[int, tuple[Change, int]] = {
        place: ("changed" if place in before else "added", text)
        for place, text in now.items()
        if before.get(place) != text
    }
    return found | {place: ("removed", text) for place, text in before.items() if place not in now}


def owners(connection: Connection, texts: Sequence[int]) -> dict[int, str]:
    """The lessons that have, or had, these texts."""
    found: dict[int, str] = {}
    for start in range(0, len(texts), _PART):
        query = select(body.c.id, body.c.lesson).where(body.c.id.in_(texts[start : start + _PART]))
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found


def _standing(connection: Connection, sets: TrainingSets, id: str, position: int) -> Standing:
    place = places_at(connection, position)[id]
    active = document_at(connection, id, position)["active"]
    now = sets.plan(connection, id, position)
    then = sets.plan(connection, id, active["position"]) if active else None
    return Standing(
        model=id,
        version=active["version"] if active else None,
        waiting=_waiting(connection, then, now, position),
        learnt=frozenset(then.body) if then else frozenset(),
        rivals=_rivals(connection, now, id, position),
        sections=place.held_back,
        personal=place.personal,
    )


def _waiting(connection: Connection, then: Plan | None, now: Plan, position: int) -> dict[int, Change]:
    if then is None:
        return dict.fromkeys(now.body, "added")
    found = changes(then, now).values()
    # What would be removed stands in the table with its present text, if it is still here.
    removed = owners(connection, [text for change, text in found if change == "removed"])
    texts: dict[int, Change] = {text: change for change, text in found if change != "removed"}
    return texts | dict.fromkeys(_present(connection, sorted(removed.values()), position), "removed")


def _present(connection: Connection, ids: Sequence[str], position: int) -> Iterable[int]:
    for start in range(0, len(ids), _PART):
        holds = and_(lesson.c.valid_from <= position, lesson.c.valid_to > position)
        query = select(lesson.c.body).where(lesson.c.id.in_(ids[start : start + _PART]), holds)
        yield from connection.execute(query).scalars()


def _rivals(connection: Connection, plan: Plan, id: str, position: int) -> dict[int, Loss]:
    settled = settlements_of(connection, id, position)
    found: dict[int, Loss] = {}
    for key, group in plan.groups.items():
        found |= _of_group(group, decided=key in settled and still(settled[key], group))
    return found


def _of_group(group: Sequence[Rival], *, decided: bool) -> dict[int, Loss]:
    winner = group[0]
    found: dict[int, Loss] = {}
    for one in group[1:]:
        same = one.answer_key == winner.answer_key
        found[one.body] = Loss("duplicate" if same else "conflict", winner.id)
    if not decided and any(one.word == "conflict" for one in found.values()):
        found[winner.body] = Loss("conflict", winner.id)
    return found
