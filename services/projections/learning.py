"""Projects learning: which lessons an active version knows for the first time, so that their teachers are told once."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, exists, insert, select

from contracts.envelope import Envelope
from contracts.facts.model import ActiveVersion, ActiveVersionChanged
from services.eventlog.log import Recorded
from services.projections.lineage import contributors
from services.projections.rivals import losing_texts, taken_by
from services.projections.tables import learnt, lesson
from services.projections.training_set import places_at

LISTED: Final = 100
"""A teacher with more new lessons than that, an import mostly, is told their number alone."""
Tell = Callable[[int, str, dict[str, Any]], None]
"""Tells a teacher: position, recipient, what."""


class Learning:
    """Collects a batch's new active versions. It writes after the lessons and models, which it reads, and before notices."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._changes: list[tuple[int, str, ActiveVersion]] = []

    def begin(self, _: Connection, __: Sequence[tuple[Recorded, Envelope]]) -> None:
        """Nothing is to be fetched: what is new is known only when the batch's lessons are written."""
        self._changes = []

    def project(self, recorded: Recorded, event: Envelope) -> None:
        """Take one event in."""
        if isinstance(event.data, ActiveVersionChanged) and event.data.new is not None:
            self._changes.append((recorded.position, str(event.subject), event.data.new))

    def write(self, connection: Connection) -> None:
        """Write what was learnt, and tell the teachers."""
        for position, model, version in self._changes:
            teachers = _newly_learnt(connection, model, version.position)
            rows = [{"lesson": id, "model": model, "position": position} for ids in teachers.values() for id in ids]
            if rows:
                connection.execute(insert(learnt), rows)
            for teacher, ids in sorted(teachers.items()):
                about = {"kind": "lesson_learnt", "model": model, "version": version.version, "lessons": len(ids)}
                self._tell(position, teacher, about | ({"lesson_ids": ids} if len(ids) <= LISTED else {}))


def _newly_learnt(connection: Connection, model: str, position: int) -> dict[str, list[str]]:
    """By teacher, the lessons of the training set that no active version has learnt before.

    Erased lessons are among them: their words were learnt, whenever this is projected.
    """
    places = places_at(connection, position)
    if model not in places:
        return {}  # a position from before the model; nothing was learnt there
    taken = contributors(places, model)
    losers = losing_texts(connection, model, taken, position)
    known = exists().where(learnt.c.lesson == lesson.c.id)
    query = select(lesson.c.id, lesson.c.body, lesson.c.attributes).where(taken_by(taken, position), ~known)
    found: dict[str, list[str]] = defaultdict(list)
    for id, text, attributes in connection.execute(query.order_by(lesson.c.first_position)):
        if text not in losers:
            found[json.loads(attributes)["added_by"]].append(id)
    return found
