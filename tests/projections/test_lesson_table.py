"""The table of a model's lessons: what stands in it, in which order, and where each lesson stands."""

from typing import Any

import pytest

from contracts.queries import LessonTable
from services.refusals import Refused
from tests.projections.company import Company
from tests.projections.compiling import compiled, with_a_provider


async def a_shop(company: Company) -> None:
    """`shop` takes in what `counter` learnt; one version knows the first five lessons."""
    await with_a_provider(company)
    await company.report("PersonAdded", "ann", name="Ann", roles=["trainer"])
    await company.report("ModelDefined", "shop", name="Shop", provider="p", held_back_sections=["Prices"])
    await company.report("ModelDefined", "counter", name="Counter", parent="shop")
    await company.qa("shop", "hours", "When do you open?", "At nine.")
    await company.qa("shop", "price", "What is a bowl?", "Twelve euro.", section="Prices")
    await company.qa("shop", "glaze", "Is Ember a glaze?", "Yes.", by="person:ann")
    await company.qa("shop", "test", "When do you close?", "At six.", purpose="validation")
    await company.qa("counter", "till", "Where is the till?", "At the door.")
    await compiled(company, "shop")
    await company.report("QARevised", "hours", answer="At ten.")
    await company.report("QADeactivated", "glaze")
    turns = [{"role": "user", "content": "Do you SHIP?", "author": "person:ann"},
             {"role": "assistant", "content": "Yes, mail x@y.example."}]  # fmt: skip
    await company.report("ConversationTrained", "talk", model="shop", messages=turns, section="prices")


def ids(table: LessonTable) -> list[str]:
    return [one.id for one in table.lessons]


async def test_each_lesson_says_where_it_stands(company: Company) -> None:
    await a_shop(company)

    table = await company.ask("lesson_table", model="Shop", inherited=True)

    assert [(one.id, one.states, one.change, one.version, one.inherited_from) for one in table.lessons] == [
        ("talk", ["personal_data", "waiting", "held_back"], "added", None, None),
        ("till", ["learnt"], None, 1, "counter"),
        ("test", ["validation"], None, None, None),
        ("glaze", ["inactive", "waiting", "learnt"], "removed", 1, None),
        ("price", ["learnt", "held_back"], None, 1, None),
        ("hours", ["waiting"], "changed", None, None),
    ]
    assert [one.state for one in table.lessons][:2] == ["personal_data", "learnt"]
    assert (table.total, table.more, table.next) == (6, False, None)


async def test_the_first_page_counts_all_sections_and_states_whatever_is_filtered(company: Company) -> None:
    await a_shop(company)

    table = await company.ask("lesson_table", model="shop", kind="conversation")

    assert ids(table) == ["talk"]
    assert {one.section: one.lessons for one in table.sections} == {"General": 3, "prices": 2}
    assert table.states == {
        "inactive": 1, "validation": 1, "personal_data": 1, "conflict": 0, "duplicate": 0, "waiting": 3, "learnt": 2,
        "held_back": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["talk", "test", "glaze", "price", "hours"]),
        ({"section": "PRICES"}, ["talk", "price"]),
        ({"kind": "qa", "purpose": "training"}, ["glaze", "price", "hours"]),
        ({"purpose": "validation"}, ["test"]),
        ({"taught_by": "person:ann"}, ["glaze"]),
        ({"text": "When do"}, ["test", "hours"]),
        ({"text": "ship MAIL"}, ["talk"]),
        ({"text": "100%"}, []),
        ({"text": "e_ber"}, []),
        ({"state": "waiting"}, ["talk", "glaze", "hours"]),
        ({"state": "learnt"}, ["glaze", "price"]),
        ({"state": "inactive"}, ["glaze"]),
        ({"state": "validation"}, ["test"]),
        ({"state": "personal_data"}, ["talk"]),
        ({"state": "held_back"}, ["talk", "price"]),
        ({"state": "held_back", "inherited": True}, ["talk", "price"]),
        ({"state": "conflict"}, []),
        ({"inherited": True, "text": "till"}, ["till"]),
        ({"descending": False}, ["hours", "price", "glaze", "test", "talk"]),
        ({"sort": "question", "descending": False}, ["talk", "glaze", "price", "test", "hours"]),
        ({"sort": "section", "descending": False}, ["hours", "glaze", "test", "price", "talk"]),
        ({"sort": "teacher", "descending": False}, ["glaze", "hours", "price", "test", "talk"]),
    ],
)
async def test_what_is_shown_and_in_which_order(company: Company, filters: dict[str, Any], expected: list[str]) -> None:
    await a_shop(company)

    whole = await company.ask("lesson_table", model="shop", **filters)
    paged, after = [], None
    while True:
        page = await company.ask("lesson_table", model="shop", after=after, limit=1, **filters)
        assert (page.total, page.sections is None) == (len(expected), after is not None)
        paged += ids(page)
        after = page.next
        if after is None:
            break

    assert ids(whole) == expected
    assert paged == expected


async def test_a_conflict_names_its_winner_until_somebody_settles_it(company: Company) -> None:
    await company.report("ModelDefined", "m", name="M")
    await company.qa("m", "old", "How?", "A")
    await company.qa("m", "same", "how", "B")
    await company.qa("m", "new", "HOW ?", "B")

    async def standing() -> dict[str, Any]:
        table = await company.ask("lesson_table", model="m")
        return {one.id: (one.state, one.winner) for one in table.lessons}

    assert await standing() == {"old": ("conflict", "new"), "same": ("duplicate", "new"), "new": ("conflict", "new")}
    assert sorted(ids(await company.ask("lesson_table", model="m", state="conflict"))) == ["new", "old"]
    await company.report("ConflictSettled", "old", training_set="m")
    assert await standing() == {"old": ("waiting", None), "same": ("conflict", "old"), "new": ("conflict", "old")}


async def test_the_table_of_the_past_is_as_it_was(company: Company) -> None:
    await company.report("ModelDefined", "m", name="M")
    await company.qa("m", "one", "Before?")
    at = company.log.head().position
    await company.report("QARevised", "one", question="After?")
    await company.qa("m", "two")

    past = await company.ask("lesson_table", at, model="m")

    assert [(one.id, one.question) for one in past.lessons] == [("one", "Before?")]
    assert ids(await company.ask("lesson_table", at, model="m", text="after")) == []


async def test_erased_words_are_found_no_more(company: Company) -> None:
    await a_shop(company)
    assert ids(await company.ask("lesson_table", model="shop", text="ship")) == ["talk"]

    await company.report("PersonErased", "ann")

    table = await company.ask("lesson_table", model="shop")
    talk = next(one for one in table.lessons if one.id == "talk")
    assert (talk.erased, talk.states, talk.messages) == (True, [], [])
    assert ids(await company.ask("lesson_table", model="shop", text="ship")) == []
    assert ids(await company.ask("lesson_table", model="shop", state="personal_data")) == []
    assert table.states["personal_data"] == 0


@pytest.mark.parametrize("after", ["nonsense", "W10=", "WyJhIiwxLDFd"])
async def test_a_cursor_of_something_else_is_refused(company: Company, after: str) -> None:
    await company.report("ModelDefined", "m", name="M")

    with pytest.raises(Refused, match="`next` or `previous` of a page with the same sorting"):
        await company.ask("lesson_table", model="m", after=after)


@pytest.mark.parametrize("sort", ["taught", "question", "section", "teacher"])
async def test_one_pages_back_to_where_one_came_from(company: Company, sort: str) -> None:
    await a_shop(company)
    asked = {"model": "shop", "inherited": True, "sort": sort, "limit": 2}
    first = await company.ask("lesson_table", **asked)
    second = await company.ask("lesson_table", **asked, after=first.next)
    third = await company.ask("lesson_table", **asked, after=second.next, facets=True)

    again = await company.ask("lesson_table", **asked, after=third.previous)
    start = await company.ask("lesson_table", **asked, after=again.previous)

    assert (ids(again), ids(start)) == (ids(second), ids(first))
    assert (first.previous, third.next, start.previous) == (None, None, None)
    assert ids(await company.ask("lesson_table", **asked, after=again.next)) == ids(third)
    assert third.states == first.states
    assert second.states is None


async def test_one_lesson_is_asked_for_by_its_id(company: Company) -> None:
    await a_shop(company)

    table = await company.ask("lesson_table", model="shop", lesson="till", inherited=True)

    assert [(one.id, one.state) for one in table.lessons] == [("till", "learnt")]
    assert table.states is None
