"""What waits is one number wherever it is shown: in the list of models, in a table of lessons, before a compilation."""

import asyncio
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.projections.company import Company
from tests.projections.compiling import compiled, with_a_provider
from tests.projections.teaching import MODELS, STEPS, Step, founded, taught

STEPS_AND_LOOKS = st.lists(st.tuples(STEPS, st.booleans()), min_size=10, max_size=40)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS_AND_LOOKS)
def test_what_waits_is_the_same_number_wherever_it_is_shown(steps: list[tuple[Step, bool]]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_agrees(Path(folder), steps))


async def _agrees(folder: Path, steps: list[tuple[Step, bool]]) -> None:
    company = await Company(folder).begin()
    try:
        await founded(company)
        for number, (step, look) in enumerate(steps):
            await taught(company, step, number)
            for model in MODELS if look else ():
                await waiting(company, model)
        for model in MODELS:
            await waiting(company, model)
    finally:
        await company.close()


async def waiting(company: Company, model: str) -> Counter[str]:
    """How many lessons the next version would add, change and remove, as everything says that shows it."""
    who = {"by": "service:compiler", "module": "compiler"}
    counts = (await company.ask("model", **who, model=model)).lessons
    difference = await company.ask("difference", **who, model=model)
    table = await company.ask("lesson_table", **who, model=model, inherited=True, state="waiting", limit=200)
    found = Counter({name: getattr(difference, name) for name in ("added", "changed", "removed")})
    assert +found == Counter(one.change for one in table.lessons)
    assert found.total() == counts.waiting == table.total == table.states["waiting"]
    return +found


async def a_shop(company: Company) -> None:
    await with_a_provider(company)
    await company.report("ModelDefined", "shop", name="Shop", provider="p")
    await company.report("ModelDefined", "counter", name="Counter", parent="shop")
    await company.qa("shop", "hours", "When do you open?", "At nine.")
    await company.qa("counter", "till", "Where is the till?", "At the door.")
    await compiled(company, "shop")


async def test_who_answers_a_question_anew_has_one_lesson_come_and_one_go(company: Company) -> None:
    await a_shop(company)

    await company.qa("shop", "later", "When do you open?", "At ten.")
    assert await waiting(company, "shop") == {"added": 1, "removed": 1}

    await company.report("ConflictSettled", "hours", training_set="shop")
    assert await waiting(company, "shop") == {}


async def test_what_the_model_knows_already_does_not_wait(company: Company) -> None:
    await a_shop(company)

    await company.qa("counter", "again", "When do you open?", "At nine.")

    assert await waiting(company, "shop") == {}


async def test_before_the_first_version_only_the_winner_of_a_conflict_waits(company: Company) -> None:
    await company.report("ModelDefined", "m", name="M")
    await company.qa("m", "old", "How?", "A")
    await company.qa("m", "new", "How?", "B")

    assert await waiting(company, "m") == {"added": 1}


async def test_what_leaves_a_relative_waits_until_the_next_version_has_forgotten_it(company: Company) -> None:
    await a_shop(company)
    await company.report("ModelDefined", "other", name="Other")

    await company.report("QADeactivated", "till")
    await company.report("QAMoved", "hours", to="other")
    assert await waiting(company, "shop") == {"removed": 2}

    await compiled(company, "shop", "second")
    assert await waiting(company, "shop") == {}


async def test_of_very_many_that_wait_none_is_left_out(company: Company) -> None:
    await a_shop(company)
    await company.report("QADeactivated", "till")
    await asyncio.gather(*(company.qa("shop", f"new-{number}") for number in range(1_001)))

    asked = {"model": "shop", "inherited": True, "state": "waiting", "descending": False}
    table = await company.ask("lesson_table", **asked)

    assert table.lessons[0].id == "till"
    assert [one.change for one in table.lessons] == ["removed"] + ["added"] * 49
    assert (table.total, table.states["waiting"]) == (1_002, 1_002)
    assert (await company.ask("model", model="shop")).lessons.waiting == 1_002


async def test_of_very_many_that_leave_none_is_left_out(company: Company) -> None:
    await a_shop(company)
    await asyncio.gather(*(company.qa("counter", f"old-{number}") for number in range(1_001)))
    await compiled(company, "shop", "second")

    await company.report("ModelRevised", "shop", lineage={"descendants": "none", "ancestors": "none"})

    table = await company.ask("lesson_table", model="shop", inherited=True, state="waiting")
    assert {one.change for one in table.lessons} == {"removed"}
    assert (table.total, table.states["waiting"]) == (1_002, 1_002)
    assert (await company.ask("model", model="shop")).lessons.waiting == 1_002
