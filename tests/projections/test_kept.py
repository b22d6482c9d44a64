"""What is kept in memory and follows the facts is what would be counted anew, at every position."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from services.projections.answering import Sources
from services.projections.lineage import Contributor, contributors
from services.projections.similar import Similar
from services.projections.tables import compilation, lesson
from services.projections.training_set import TrainingSets, document_at, places_at
from tests.projections.company import Company
from tests.projections.teaching import MODELS, STEPS, Step, founded, taught

WHEN = st.none() | st.floats(0, 1)
"""Now, or a part of the history."""
FOUNDED = 7
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("lesson_table", {}),
    ("lesson_table", {"inherited": True, "sort": "section"}),
    ("lesson_table", {"inherited": True, "state": "waiting"}),
    ("training_page", {}),
    ("conflicts", {}),
    ("difference", {}),
    ("nearest", {"question": "How do you open?"}),
)
Row = Mapping[Any, Any]


Look = float | None
STEPS_AND_LOOKS = st.lists(st.tuples(STEPS, st.lists(WHEN, max_size=2)), min_size=10, max_size=40)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS_AND_LOOKS)
def test_counts_that_follow_the_facts_are_those_of_every_lesson_anew(taught: list[tuple[Step, list[Look]]]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_taught(Path(folder), taught, _counted_right))


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS_AND_LOOKS)
def test_answers_that_follow_the_facts_are_those_of_a_memory_that_kept_nothing(
    taught: list[tuple[Step, list[Look]]],
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_taught(Path(folder), taught, _answered_alike))


async def _taught(
    folder: Path, steps: list[tuple[Step, list[Look]]], look: Callable[[Company, int], Awaitable[None]]
) -> None:
    company = await Company(folder).begin()
    try:
        await founded(company)
        for number, (step, looks) in enumerate(steps):
            await taught(company, step, number)
            for part in looks:
                await look(company, _position(company, part))
        await look(company, company.log.head().position)
    finally:
        await company.close()


def _position(company: Company, part: Look) -> int:
    head = company.log.head().position
    # The founding comes first: before it there is nobody to ask.
    return company.log.resolve(max(FOUNDED, int(head * part))) if part is not None else head


async def _counted_right(company: Company, at: int) -> None:
    rows = (await company.ask("models", at, archived=True)).models
    counted = {one.id: one.lessons.model_dump() for one in rows}
    assert counted == await asyncio.to_thread(_by_definition, company.sources, at)


async def _answered_alike(company: Company, at: int) -> None:
    kept = company.sources
    nothing = Sources(kept.log, kept.keys, kept.training, kept.chat, TrainingSets(), Similar(), {})
    for model in MODELS:
        for name, more in ASKED:
            asked = {"model": model, **more}
            who = {"by": "service:compiler", "module": "compiler"}
            found = await company.ask(name, at, **who, **asked)
            assert found == await company.ask(name, at, sources=nothing, **who, **asked), (name, asked)


def _by_definition(sources: Sources, at: int) -> dict[str, dict[str, int]]:
    """Every lesson looked at for every model, and its training sets made anew."""
    with sources.training.store.engine.connect() as connection:
        rows = connection.execute(select(lesson)).mappings().all()
        places = places_at(connection, at)
        asked = connection.execute(select(compilation).order_by(compilation.c.requested_position)).mappings().all()
        found = {}
        for id in places:
            active = document_at(connection, id, at)["active"]
            tried = [
                one["requested_position"] for one in asked if one["model"] == id and one["requested_position"] <= at
            ]
            plans = [
                TrainingSets().plan(connection, id, one) if one is not None else None
                for one in (at, active["position"] if active else None, [None, *tried][-1])
            ]
            now, then, last = (dict(zip(one.first, one.body, strict=True)) if one else {} for one in plans)
            found[id] = _of_model(id, rows, at, _relatives(connection, id, at)) | {
                "waiting": _differences(then, now), "untried": _differences(last, now),
            }  # fmt: skip
        return found


Relatives = dict[str, Contributor]


def _relatives(connection: Connection, id: str, position: int) -> Relatives:
    return {one.model: one for one in contributors(places_at(connection, position), id)}


def _of_model(id: str, rows: Sequence[Row], at: int, relatives: Relatives) -> dict[str, int]:
    there = [row for row in rows if row["valid_from"] <= at < row["valid_to"]]
    trained = [row for row in there if row["trains"] and not row["erased"] and _takes(relatives, row)]
    own = sum(row["model"] == id for row in trained)
    examined = [row for row in there if row["model"] == id and row["purpose"] == "validation" and row["active"]]
    return {
        "own": own,
        "inherited": len(trained) - own,
        "validation": sum(row["kind"] == "qa" for row in examined),
    }


def _takes(relatives: Relatives, row: Row) -> bool:
    one = relatives.get(row["model"])
    return one is not None and one.takes_in(row["kind"], row["held_back"], row["section_key"])


def _differences(then: Mapping[int, int], now: Mapping[int, int]) -> int:
    """Of the texts that are learnt by their places."""
    return sum(then.get(place) != now.get(place) for place in then.keys() | now.keys())
