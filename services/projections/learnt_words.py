"""Which versions learnt a person's words: conversations that hold them stood in the version's training set."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select

from contracts.facts.provider import Target
from services.projections.lineage import contributors
from services.projections.rivals import taken_by
from services.projections.tables import FOREVER, authorship, compilation, erasure, lesson, model
from services.projections.training_set import places_at

Document = dict[str, Any]
_NOTHING_MADE: Final = frozenset({"CompilationUnchanged", "CompilationFailed", "CompilationCancelled"})
_PART: Final = 500


@dataclass(frozen=True, slots=True)
class Built:
    """A version, or (`version` none) a compilation that is under way. `position`: the pinned one of its training set;
    `began`: from which position on it could be packaged; `deleted`: gone at its provider."""

    model: str
    version: int | None
    compilation: str
    position: int
    began: int
    active: bool
    deleted: bool
    target: Target


def lessons_said_by(connection: Connection, person: str) -> dict[str, int]:
    """The lessons that hold the person's words, each with the position from which it is erased."""
    query = select(authorship.c.lesson).where(authorship.c.person == person)
    lessons = dict.fromkeys(connection.execute(query).scalars(), FOREVER)
    # A lesson of several people is erased whole with the first of them.
    others = authorship.alias("others")
    first = (
        select(others.c.lesson, func.min(erasure.c.position))
        .join(erasure, erasure.c.person == others.c.person)
        .where(others.c.lesson.in_(query))
        .group_by(others.c.lesson)
    )
    return lessons | {row[0]: row[1] for row in connection.execute(first)}


def learnt(connection: Connection, lessons: Mapping[str, int], position: int) -> list[Built]:
    """What had learnt one of the lessons (id → from where it is erased), or was about to, as of the position."""
    return [one for one in _built(connection, position) if _taught(connection, one, lessons)] if lessons else []


def _built(connection: Connection, position: int) -> Iterator[Built]:
    query = select(model.c.id, model.c.document).where(model.c.valid_from <= position, model.c.valid_to > position)
    active = {id: json.loads(document)["active"] for id, document in connection.execute(query)}
    asked = select(compilation.c.id, compilation.c.model, compilation.c.document)
    rows = connection.execute(asked.where(compilation.c.requested_position <= position))
    for id, owner, text in rows.all():
        document = json.loads(text)
        happened = {one["fact"]: one["position"] for one in document["log"] if one["position"] <= position}
        began = happened.get(
            "CompilationDequeued" if document["log"][0]["values"].get("queued") else "CompileRequested"
        )
        if began is not None and not _NOTHING_MADE & happened.keys():
            version = document["version"] if "CompilationSucceeded" in happened else None
            now = active.get(owner)
            yield Built(
                model=owner, version=version, compilation=id, position=document["position"],
                began=max(document["position"], began),
                active=now is not None and now["compilation"] == id, deleted="CompiledModelDeleted" in happened,
                target=document["plan"]["target"],
            )  # fmt: skip


def _taught(connection: Connection, built: Built, erased_at: Mapping[str, int]) -> bool:
    # What was erased before it could be packaged was never in the file, though it stands at the pinned position.
    there = [id for id, position in erased_at.items() if position > built.began]
    places = places_at(connection, built.position) if there else {}
    if built.model not in places:
        return False
    taken = taken_by(contributors(places, built.model), built.position)
    return any(_one_of(connection, and_(taken, lesson.c.id.in_(part))) for part in _parts(there))


def _one_of(connection: Connection, condition: Any) -> bool:
    return connection.execute(select(lesson.c.id).where(condition).limit(1)).first() is not None


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _PART] for start in range(0, len(ids), _PART))
