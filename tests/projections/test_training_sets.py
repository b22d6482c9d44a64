"""Training sets of a four-level hierarchy, as a table that a domain expert can read."""

from typing import Any

import pytest

from services.refusals import Refused
from tests.projections.company import Company
from tests.projections.compiling import compiled

# company ── region ── sales ── counter     (each stands below the one on its left; `support` is a sister of `sales`)
PARENTS = {"company": None, "region": "company", "sales": "region", "support": "region", "counter": "sales"}


async def four_levels(company: Company, rules: dict[str, dict[str, str]] | None = None) -> None:
    for name, parent in PARENTS.items():
        await company.report(
            "ModelDefined", name, name=name.title(), parent=parent, lineage=(rules or {}).get(name, {})
        )
    for name in PARENTS:
        await company.qa(name, f"{name}-qa")
        turns = [{"role": "user", "content": f"{name}!"}, {"role": "assistant", "content": "Yes."}]
        await company.report("ConversationTrained", f"{name}-talk", model=name, messages=turns)


def both(*names: str) -> list[str]:
    return [f"{name}-{kind}" for name in names for kind in ("qa", "talk")]


@pytest.mark.parametrize(
    ("model", "descendants", "ancestors", "expected"),
    [
        ("company", "all", "none", both("company", "region", "sales", "support", "counter")),
        ("company", "none", "none", both("company")),
        ("company", "qas", "none", ["company-qa", "company-talk", "region-qa", "sales-qa", "support-qa", "counter-qa"]),
        ("region", "all", "none", both("region", "sales", "support", "counter")),
        ("sales", "all", "none", both("sales", "counter")),
        ("sales", "none", "all", both("company", "region", "sales")),
        ("sales", "all", "all", both("company", "region", "sales", "counter")),
        ("sales", "none", "qas", ["company-qa", "region-qa", "sales-qa", "sales-talk"]),
        ("counter", "all", "all", both("company", "region", "sales", "counter")),
        ("support", "all", "none", both("support")),
    ],
)
async def test_what_a_model_takes_from_its_lineage(
    company: Company, model: str, descendants: str, ancestors: str, expected: list[str]
) -> None:
    await four_levels(company, {model: {"descendants": descendants, "ancestors": ancestors}})

    assert await company.learns(model) == expected


async def test_an_archived_model_contributes_nothing_but_what_stands_below_it_does(company: Company) -> None:
    await four_levels(company)

    await company.report("ModelArchived", "sales")

    assert await company.learns("company") == both("company", "region", "support", "counter")


async def test_the_model_moves_with_its_lessons(company: Company) -> None:
    await four_levels(company)
    before = company.log.head().position

    await company.report("ParentAssigned", "counter", parent="support")

    assert await company.learns("sales") == both("sales")
    assert await company.learns("support") == both("support", "counter")
    assert await company.learns("sales", before) == both("sales", "counter")


CONFLICTS: list[tuple[str, list[tuple[str, str, str, str]], str, list[str], list[str]]] = [
    # why, lessons as (model, id, question, answer), winner, conflicting, duplicates
    ("own before a relative's", [("sales", "own", "How?", "A"), ("counter", "child", "how", "B")], "own", ["child"], []),
    ("later before earlier", [("sales", "old", "How?", "A"), ("sales", "new", "HOW ?", "B")], "new", ["old"], []),
    ("equal answers count once", [("sales", "one", "How?", "A"), ("sales", "two", "How?", " A ")], "two", [], ["one"]),
    (
        "a nearer relative before a farther one",
        [("region", "far", "How?", "A"), ("company", "farther", "How?", "B"), ("counter", "near", "How?", "C")],
        "near", ["far", "farther"], [],
    ),
    (
        "a conflict and a duplicate of the winner",
        [("sales", "own", "How?", "A"), ("counter", "same", "How?", "A"), ("region", "other", "How?", "B")],
        "own", ["other"], ["same"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "lessons", "winner", "conflicting", "duplicates"), CONFLICTS, ids=[c[0] for c in CONFLICTS]
)
async def test_who_wins_a_conflict(
    company: Company, why: str, lessons: list[Any], winner: str, conflicting: list[str], duplicates: list[str]
) -> None:
    for name, parent in PARENTS.items():
        rule = {"descendants": "all", "ancestors": "all"}
        await company.report("ModelDefined", name, name=name.title(), parent=parent, lineage=rule)
    for model, id, question, answer in lessons:
        await company.qa(model, id, question, answer)

    [found] = (await company.ask("conflicts", model="sales")).conflicts
    page = await company.ask("training_page", model="sales")

    assert (found.winner, sorted(found.conflicting), sorted(found.duplicates)) == (winner, conflicting, duplicates)
    assert [lesson.id for lesson in page.lessons] == [winner]
    assert (page.conflicts, page.duplicates) == (len(conflicting), len(duplicates))


async def test_a_training_set_at_a_past_position_never_changes(company: Company) -> None:
    await four_levels(company)
    at = company.log.head().position
    before = await company.ask("training_page", at, model="company")

    await company.report("QARevised", "sales-qa", answer="No.")
    await company.report("QADeactivated", "region-qa")
    await company.report("QAMoved", "support-qa", to="counter")
    await company.report("SystemMessageSet", "company", system_message="Be brief.")
    await company.report("ModelRevised", "company", lineage={"descendants": "none"})

    assert await company.ask("training_page", at, model="company") == before
    assert await company.learns("company") == both("company")


async def test_a_conflict_that_is_settled_later_changes_no_earlier_training_set(company: Company) -> None:
    await company.report("ModelDefined", "sales", name="Sales")
    for id, answer in (("old", "Weekly."), ("new", "Daily.")):
        await company.qa("sales", id, "How often?", answer)
    at = company.log.head().position
    before = await company.ask("training_page", at, model="sales")

    await company.report("ConflictSettled", "old", training_set="sales")

    fresh = company.open_read_models(generation=2)
    now, then = [await company.ask("training_page", when, model="sales", sources=fresh) for when in (None, at)]
    for one in (fresh.training.store, fresh.chat.store):
        one.close()
    assert ([one.id for one in before.lessons], [one.id for one in now.lessons]) == (["new"], ["old"])
    assert then == before.model_copy(update={"fingerprint": then.fingerprint})


async def test_pages_give_the_whole_set_in_order(company: Company) -> None:
    await four_levels(company)
    whole = await company.learns("company")

    found, after = [], None
    while True:
        page = await company.ask("training_page", model="company", after=after, limit=3)
        found += [lesson.id for lesson in page.lessons]
        after = page.next
        if after is None:
            break

    assert found == whole


async def test_a_revised_lesson_keeps_its_place(company: Company) -> None:
    await company.report("ModelDefined", "m", name="M")
    for id in ("one", "two"):
        await company.qa("m", id)

    revised = await company.report("QARevised", "one", answer="No.")
    page = await company.ask("training_page", model="m")

    assert [lesson.id for lesson in page.lessons] == ["one", "two"]
    assert (page.lessons[0].answer, page.lessons[0].position) == ("No.", revised.position)


async def test_validation_lessons_never_train(company: Company) -> None:
    await company.report("ModelDefined", "m", name="M")
    await company.qa("m", "test", purpose="validation")
    await company.qa("m", "trained")

    assert await company.learns("m") == ["trained"]
    lessons = await company.ask("lessons", model="m", purpose="validation")
    assert [lesson.id for lesson in lessons.lessons] == ["test"]


async def test_an_erased_persons_words_leave_every_training_set(company: Company) -> None:
    await company.report("ModelDefined", "m", name="M")
    await company.report("PersonAdded", "ann", name="Ann")
    turns = [{"role": "user", "content": "Hot?", "author": "person:ann"}, {"role": "assistant", "content": "Very."}]
    await company.report("ConversationTrained", "talk", model="m", messages=turns)
    await company.qa("m", "qa")
    at = company.log.head().position
    assert await company.learns("m") == ["talk", "qa"]

    await company.report("PersonErased", "ann")
    past = await company.ask("training_page", at, model="m")

    assert [lesson.id for lesson in past.lessons] == ["qa"]
    assert past.erased == 1


async def test_counts_tell_what_the_next_version_would_add(company: Company) -> None:
    await company.report("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b")
    await company.report("ModelDefined", "top", name="Top", provider="p")
    await company.report("ModelDefined", "low", name="Low", parent="top")
    await company.qa("top", "one")
    await company.qa("low", "two")
    await company.qa("top", "test", purpose="validation")

    async def counted() -> tuple[int, int, int, int]:
        row = await company.ask("model", model="TOP")
        return row.lessons.own, row.lessons.inherited, row.lessons.waiting, row.lessons.validation

    assert await counted() == (1, 1, 2, 1)
    await compiled(company, "top")
    assert await counted() == (1, 1, 0, 1)
    await company.qa("low", "three")
    await company.report("QARevised", "one", answer="Changed.")
    await company.report("QADeactivated", "two")
    assert await counted() == (1, 1, 3, 1)


async def test_a_compilations_row_tells_all_that_is_known(company: Company) -> None:
    await company.report("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b")
    await company.report("ModelDefined", "m", name="M", provider="p")
    await compiled(company, "m")

    row = await company.ask("compilation", compilation="c")

    assert (row.status, row.version, row.revision, row.job_status, row.trained_tokens) == (
        "succeeded",
        1,
        9,
        "succeeded",
        7,
    )
    assert row.intent is None
    assert [line.fact for line in row.log][-1] == "CompilationSucceeded"
    assert (await company.ask("last_success", model="m")).compilation.id == "c"
    assert (await company.ask("open_compilations")).compilations == []
    assert (await company.ask("model", model="m")).active.version == 1


async def test_rebuilt_equals_incremental(company: Company) -> None:
    await four_levels(company)
    await company.report("QARevised", "sales-qa", answer="No.")
    await company.report("QADeactivated", "region-qa")
    await company.report("PersonAdded", "ann", name="Ann")
    await company.report("GroupCreated", "g", name="G", members=["person:ann"])
    await company.report("MessagePosted", group="g", text="Hello")
    before = [await company.ask(name) for name in ("models", "people", "groups")]
    sets = [await company.ask("training_page", model=model) for model in PARENTS]

    rebuilt = company.open_read_models(generation=2)
    again = [await company.ask(name, sources=rebuilt) for name in ("models", "people", "groups")]
    sets_again = [await company.ask("training_page", model=model, sources=rebuilt) for model in PARENTS]

    assert again == before
    assert [one.lessons for one in sets_again] == [one.lessons for one in sets]
    rebuilt.training.store.close()
    rebuilt.chat.store.close()


async def test_a_name_that_nobody_has_is_refused(company: Company) -> None:
    with pytest.raises(Refused, match="no model called Nobody"):
        await company.learns("Nobody")
