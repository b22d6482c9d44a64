"""Where each lesson of a model stands: learnt by the active version, waiting for the next, in conflict, or neither."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import Connection, and_, select

from contracts.queries import LessonState
from services.projections.facets import Facets
from services.projections.plan import Plan, differences
from services.projections.rivals import Rival, settlements_of, still
from services.projections.tables import HELD_BACK, UNSET, body, lesson

Change = Literal["added", "removed", "changed"]
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
class Standing:
    """By a lesson's text: what the next version would do with it, and whether the active one has learnt it.

    `now` is what the next version would learn, `then` what the active one did.
    `held_back` says what the model keeps from its relatives: sections by their keys, or everything but what is shared.
    """

    model: str
    version: int | None
    now: Plan
    then: Plan | None
    waiting: Mapping[int, Change]
    learnt: frozenset[int]
    rivals: Mapping[int, Loss]
    sections: frozenset[str]
    personal: bool
    counted: dict[bool, Facets] = field(default_factory=dict)
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


def changes(old: Plan | None, new: Plan) -> dict[int, tuple[Change, int]]:
    """By place, in the order of the new plan and then the old: what a version of `new` would change against `old`, and the
    text in question. A lesson keeps its place for good, so the same place is the same lesson."""
    if old is None:
        return {place: ("added", text) for place, text in zip(new.first, new.body, strict=True)}
    found: dict[int, tuple[Change, int]] = {}
    removed: dict[int, tuple[Change, int]] = {}
    for place, before, now in differences(old, new):
        word = change(before, now)
        if now is not None and word is not None:
            found[place] = (word, now)
        elif before is not None:
            removed[place] = ("removed", before)
    return found | removed


def change(then: int | None, now: int | None) -> Change | None:
    """What a version that learns the text `now` at a place would change against one that learnt `then`."""
    if then == now:
        return None
    if now is None:
        return "removed"
    return "added" if then is None else "changed"


def owners(connection: Connection, texts: Sequence[int]) -> dict[int, str]:
    """The lessons that have, or had, these texts."""
    found: dict[int, str] = {}
    for start in range(0, len(texts), _PART):
        query = select(body.c.id, body.c.lesson).where(body.c.id.in_(texts[start : start + _PART]))
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found


def waiting_of(connection: Connection, standing: Standing, position: int) -> dict[int, Change]:
    """By text what the next version would add, change or remove."""
    found = changes(standing.then, standing.now).values()
    # What would be removed stands in the table with its present text, if it is still here.
    removed = owners(connection, [text for word, text in found if word == "removed"])
    texts: dict[int, Change] = {text: word for word, text in found if word != "removed"}
    return texts | dict.fromkeys(_present(connection, sorted(removed.values()), position), "removed")


def _present(connection: Connection, ids: Sequence[str], position: int) -> Iterable[int]:
    for start in range(0, len(ids), _PART):
        holds = and_(lesson.c.valid_from <= position, lesson.c.valid_to > position)
        query = select(lesson.c.body).where(lesson.c.id.in_(ids[start : start + _PART]), holds)
        yield from connection.execute(query).scalars()


def rivals_of(connection: Connection, standing: Standing, position: int) -> dict[int, Loss]:
    """By text the place of each QA in a conflict."""
    settled = settlements_of(connection, standing.model, position)
    found: dict[int, Loss] = {}
    for key, group in standing.now.groups.items():
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
