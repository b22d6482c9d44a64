"""Models that compile by themselves: when they are due, once a night, and what is told of it."""

from collections.abc import AsyncIterator
from datetime import datetime, time
from pathlib import Path

import pytest

from contracts.facts.compilation import CompileRequested
from contracts.queries import ModelRow
from services.bus.reporting import new_fact
from services.compiler.by_itself import Due, due
from tests.fixtures.system import System
from tests.projections.company import Company
from tests.projections.test_training_sets import compiled
from tests.system.test_compiling import until

TWO = time(2)
NIGHTLY, SECOND = {"nightly": True}, {"waiting": 2}
DAY = datetime.fromisoformat("2026-11-25T12:00:00+02:00")
NIGHT = datetime.fromisoformat("2026-11-25T02:00:05+02:00")


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    found = await Company(tmp_path).begin()
    await found.report("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b")
    yield found
    await found.close()


async def models(company: Company) -> list[ModelRow]:
    found: list[ModelRow] = (await company.ask("models")).models
    return found


async def due_now(company: Company, now: datetime, nightly_at: time = TWO) -> list[Due]:
    return list(due(await models(company), now, nightly_at))


async def a_model(company: Company, rule: dict[str, object], lessons: int = 1) -> None:
    await company.report("ModelDefined", "sales", name="Sales", provider="p", compiles_itself=rule)
    for number in range(lessons):
        await company.qa("sales", f"qa-{number}")


@pytest.mark.parametrize(
    ("why", "now", "nightly_at", "night"),
    [
        ("before the hour", "2026-11-25T01:59:59+02:00", TWO, False),
        ("at the hour", "2026-11-25T02:00:00+02:00", TWO, True),
        ("made up after three hours down", "2026-11-25T05:00:00+02:00", TWO, True),
        ("not made up in the morning", "2026-11-25T06:00:00+02:00", TWO, False),
        ("at noon", "2026-11-25T12:00:00+02:00", TWO, False),
        ("before midnight", "2026-11-24T23:31:00+02:00", time(23, 30), True),
        ("made up after midnight", "2026-11-25T01:00:00+02:00", time(23, 30), True),
        ("the hour that spring leaves out, before it", "2026-03-29T02:59:00+02:00", time(3, 30), False),
        ("the hour that spring leaves out, after it", "2026-03-29T04:01:00+03:00", time(3, 30), True),
        ("the hour that autumn has twice, the first time", "2026-10-25T03:31:00+03:00", time(3, 30), True),
        ("the hour that autumn has twice, between", "2026-10-25T03:29:00+02:00", time(3, 30), False),
        ("the hour that autumn has twice, the second time", "2026-10-25T03:31:00+02:00", time(3, 30), True),
    ],
)
async def test_a_nightly_model_is_due_from_its_hour_on(
    company: Company, why: str, now: str, nightly_at: time, night: bool
) -> None:
    await a_model(company, NIGHTLY)

    found = await due_now(company, datetime.fromisoformat(now), nightly_at)

    assert [(one.model, one.occasion) for one in found] == ([("sales", "nightly")] if night else []), why


@pytest.mark.parametrize(
    ("first", "again", "same"),
    [
        ("2026-11-25T02:00:00+02:00", "2026-11-25T05:59:00+02:00", True),
        ("2026-10-25T03:31:00+03:00", "2026-10-25T03:31:00+02:00", True),
        ("2026-11-25T02:00:00+02:00", "2026-11-26T02:00:00+02:00", False),
    ],
)
async def test_a_night_is_counted_once_also_when_its_hour_comes_twice(
    company: Company, first: str, again: str, same: bool
) -> None:
    await a_model(company, NIGHTLY)
    at = time(3, 30) if "T03" in first else TWO

    one, other = [(await due_now(company, datetime.fromisoformat(when), at))[0].id for when in (first, again)]

    assert (one == other) == same


async def test_what_was_taught_after_the_nights_compilation_waits_for_the_next_night(company: Company) -> None:
    # given a night's compilation, and something taught after it in the same night
    await a_model(company, NIGHTLY)
    [tonight] = await due_now(company, NIGHT)
    await request(company, tonight)
    await company.report("CompilationFailed", tonight.id, by="service:compiler", error=PROBLEM)
    await company.qa("sales", "later")

    # when it is due once more, its request is the night's own, which has been counted
    [again] = await due_now(company, NIGHT)
    before = company.log.head().position
    await request(company, again)

    assert company.log.head().position == before


PROBLEM = {"code": "x", "message": "No.", "fix": "Mend it.", "raw": ""}


async def request(company: Company, one: Due) -> None:
    """As the compiler reports it: with the id that the night gives."""
    asked = CompileRequested(model=one.model, occasion=one.occasion)
    await company.write(new_fact(asked, module="compiler", actor="service:compiler", id=one.id, subject=one.id))


async def test_as_soon_as_enough_lessons_wait(company: Company) -> None:
    await a_model(company, SECOND)
    assert await due_now(company, DAY) == []

    await company.qa("sales", "second")

    [one] = await due_now(company, DAY)
    assert (one.model, one.occasion) == ("sales", "waiting")


async def test_changes_and_what_relatives_were_taught_count_as_waiting(company: Company) -> None:
    await a_model(company, SECOND)
    await company.report("ModelDefined", "child", name="Child", parent="sales")
    await compiled(company, "sales")
    assert await due_now(company, DAY) == []

    await company.report("QARevised", "qa-0", answer="No.")
    await company.qa("child", "childs")

    assert [one.model for one in await due_now(company, DAY)] == ["sales"]


@pytest.mark.parametrize("rule", [NIGHTLY, {"waiting": 1}])
async def test_what_loses_to_an_answer_that_the_version_knows_is_no_reason_to_compile(
    company: Company, rule: dict[str, object]
) -> None:
    await a_model(company, rule)
    await compiled(company, "sales")

    await company.report("ModelDefined", "child", name="Child", parent="sales")
    await company.qa("child", "said-again", "qa-0?", "Yes.")
    await company.qa("child", "said-otherwise", "qa-0?", "No.")
    assert await due_now(company, NIGHT) == []

    await company.report("ConflictSettled", "said-otherwise", training_set="sales")
    assert [one.model for one in await due_now(company, NIGHT)] == ["sales"]


@pytest.mark.parametrize("rule", [NIGHTLY, {"waiting": 1}])
async def test_a_failed_compilation_is_not_repeated_until_something_else_was_taught(
    company: Company, rule: dict[str, object]
) -> None:
    await a_model(company, rule)
    assert len(await due_now(company, NIGHT)) == 1

    await company.report("CompileRequested", "c", model="sales")
    assert await due_now(company, NIGHT) == []
    await company.report("CompilationFailed", "c", by="service:compiler", error=PROBLEM)
    assert await due_now(company, NIGHT) == []

    await company.qa("sales", "new")
    assert len(await due_now(company, NIGHT)) == 1


@pytest.mark.parametrize(
    ("why", "fact", "data"),
    [
        ("it is archived", "ModelArchived", {}),
        ("it has no provider", "ModelRevised", {"provider": None}),
        ("nobody wants it any more", "ModelRevised", {"compiles_itself": {}}),
    ],
)
async def test_what_can_not_be_compiled_is_never_due(
    company: Company, why: str, fact: str, data: dict[str, object]
) -> None:
    await a_model(company, {"nightly": True, "waiting": 1})
    assert len(await due_now(company, NIGHT)) == 1

    await company.report(fact, "sales", **data)

    assert await due_now(company, NIGHT) == [], why


@pytest.mark.slow
def test_a_model_compiles_when_two_lessons_wait_and_its_administrators_are_told(system: System) -> None:
    # given a model that compiles as soon as two lessons wait
    system.send("ModelDefined", "--subject", "sales", name="Sales", compiles_itself={"waiting": 2})
    system.send("QAAdded", model="sales", question="How often should we call?", answer="Once a week.")
    assert system.ask_json("compilations", "sales") == []

    # when the second is taught
    system.send("QAAdded", model="sales", question="On which day?", answer="On Mondays.")
    until(system, "CompilationSucceeded")

    # then it answers from both, and an administrator is told why and what changed
    assert system.ask_json("ask", "sales", "On which day?")["version"] == 1
    [asked] = [one for one in system.cli("history", "--json").rows if one["fact"] == "CompileRequested"]
    assert (asked["data"]["occasion"], asked["actor"]) == ("waiting", "service:compiler")
    told = [one["message"] for one in system.ask_json("notices")["notices"]]
    assert told == [
        "Version 1 of Sales answers now; it has learnt 2 lessons of yours.",
        "Version 1 of Sales is ready: 2 new since the version before. It was compiled because lessons waited.",
    ]

    # and one that fails is not repeated: the one after it learns what was taught since, too
    system.fault(path="/v1/files", status=400, body='{"error": {"message": "Not today"}}')
    for number in (1, 2):
        system.send("QAAdded", model="sales", question=f"Question {number}?", answer="Yes.")
    until(system, "CompilationFailed")
    for number in (3, 4):
        system.send("QAAdded", model="sales", question=f"Question {number}?", answer="Yes.")
    until(system, "CompilationSucceeded", 2)

    assert [one["status"] for one in system.ask_json("compilations", "sales")] == ["succeeded", "failed", "succeeded"]
    newest = system.ask_json("notices")["notices"][1]
    assert (newest["kind"], newest["added"], newest["occasion"]) == ("compilation_succeeded", 4, "waiting")


async def test_another_system_message_is_compiled_at_night_although_no_lesson_waits(company: Company) -> None:
    await a_model(company, NIGHTLY)
    await compiled(company, "sales")
    assert await due_now(company, NIGHT) == []

    await company.report("SystemMessageSet", "sales", system_message="Be brief.")
    assert [one.occasion for one in await due_now(company, NIGHT)] == ["nightly"]
    assert await due_now(company, DAY) == []

    await compiled(company, "sales", "again")
    assert await due_now(company, NIGHT) == []


async def test_lessons_wait_that_a_new_child_brings_and_that_a_rule_takes_away(company: Company) -> None:
    await a_model(company, SECOND)
    await company.report("ModelDefined", "child", name="Child")
    for number in range(3):
        await company.qa("child", f"hers-{number}", section="Own" if number == 0 else "General")
    await compiled(company, "sales")

    async def waiting() -> tuple[int, int]:
        [row] = [one for one in await models(company) if one.id == "sales"]
        difference = await company.ask("difference", model="sales")
        assert row.lessons.waiting == difference.added + difference.removed + difference.changed
        return row.lessons.waiting, len(await due_now(company, DAY))

    # lessons that were there all the while, and nobody has touched since
    await company.report("ParentAssigned", "child", parent="sales")
    assert await waiting() == (3, 1)
    await company.report("ModelRevised", "child", held_back_sections=["own"])
    assert await waiting() == (2, 1)
    await compiled(company, "sales", "second")
    await company.report("QAMoved", "hers-1", to="sales")
    assert await waiting() == (0, 0)
    await company.report("QARevised", "hers-2", answer="No.")
    assert await waiting() == (1, 0)
    await company.report("ModelArchived", "child")
    assert await waiting() == (1, 0)
    await company.report("ModelRestored", "child")
    await company.report("ModelRevised", "sales", lineage={"descendants": "none"})
    assert await waiting() == (1, 0)
    await company.report("ModelRevised", "sales", lineage={"descendants": "all"})
    await company.report("ModelRevised", "child", held_back_sections=[])
    assert await waiting() == (2, 1)
