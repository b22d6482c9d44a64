"""What somebody should look at in a training set: conflicts, resemblances, personal data, questions known already."""

from typing import Any

import pytest

from services.refusals import Refused
from tests.projections.company import Company


async def a_model(company: Company) -> None:
    await company.report("ModelDefined", "top", name="Top")
    await company.report("ModelDefined", "sales", name="Sales", parent="top")


async def conflicts(
    company: Company, at: int | None = None, **more: Any
) -> list[tuple[str, list[str], list[str], bool]]:
    found = (await company.ask("conflicts", at, model="top", **more)).conflicts
    return [(one.winner, one.conflicting, one.duplicates, one.settled) for one in found]


async def resembling(company: Company, **more: Any) -> list[tuple[str, str, str]]:
    found = (await company.ask("resemblances", model="top", **more)).resemblances
    return [(one.newer.id, one.older.id, one.proposal) for one in found]


async def personal(company: Company, at: int | None = None) -> list[tuple[str, list[str]]]:
    found = await company.ask("personal_data", at, model="top")
    assert found.total == len(found.lessons)
    return [(one.id, one.kinds) for one in found.lessons]


async def test_a_conflict_is_shown_with_all_who_contend_and_settled_by_a_fact(company: Company) -> None:
    # given two answers to one question, and the later one wins
    await a_model(company)
    await company.qa("top", "weekly", "How often?", "Weekly.")
    await company.qa("top", "daily", "how often", "Daily.", by="module:crm")
    [shown] = (await company.ask("conflicts", model="top")).conflicts
    assert [(qa.id, qa.answer, qa.added_by) for qa in shown.qas] == [
        ("daily", "Daily.", "module:crm"), ("weekly", "Weekly.", "person:owner"),
    ]  # fmt: skip
    before = company.log.head().position

    # when a person settles on the other
    await company.report("ConflictSettled", "weekly", training_set="top")

    # then that one is learnt, nobody need look any more, and the past is as it was
    assert await conflicts(company) == [("weekly", ["daily"], [], True)]
    assert await conflicts(company, open_only=True) == []
    assert await company.learns("top") == ["weekly"]
    assert await conflicts(company, before) == [("daily", ["weekly"], [], False)]
    assert (await company.ask("conflicts", before, model="top")).open == 1


async def test_a_text_that_is_set_after_a_settlement_is_to_be_looked_at_again(company: Company) -> None:
    await a_model(company)
    await company.qa("top", "weekly", "How often?", "Weekly.")
    await company.qa("top", "daily", "How often?", "Daily.")
    await company.report("ConflictSettled", "weekly", training_set="top")

    await company.report("QARevised", "daily", answer="Hourly.")

    assert await conflicts(company) == [("weekly", ["daily"], [], False)]
    assert (await company.ask("conflicts", model="top")).open == 1


async def test_a_settlement_holds_for_its_own_training_set_only(company: Company) -> None:
    await a_model(company)
    await company.qa("top", "own", "How often?", "Weekly.")
    await company.qa("sales", "childs", "How often?", "Daily.")

    await company.report("ConflictSettled", "childs", training_set="top")

    assert await company.learns("top") == ["childs"]
    assert await company.learns("sales") == ["childs"]
    assert (await company.ask("conflicts", model="sales")).conflicts == []


async def test_duplicates_are_listed_but_nobody_need_decide_on_them(company: Company) -> None:
    await a_model(company)
    for id, answer in (("one", "Weekly."), ("two", "Weekly. "), ("three", "Daily.")):
        await company.qa("top", id, "How often?", answer)
    await company.qa("top", "first", "Who?", "Mara.")
    await company.qa("top", "second", "who", "Mara.")

    found = await company.ask("conflicts", model="top")

    assert [(one.winner, sorted(one.conflicting), one.duplicates) for one in found.conflicts] == [
        ("three", ["one", "two"], []), ("second", [], ["first"]),
    ]  # fmt: skip
    assert found.open == 1
    assert [one[0] for one in await conflicts(company, open_only=True)] == ["three"]


async def test_conflicts_come_page_by_page(company: Company) -> None:
    await a_model(company)
    for number in range(5):
        for answer in ("Yes.", "No."):
            await company.qa("top", f"{answer[0]}{number}", f"Question {number}?", answer)

    first = await company.ask("conflicts", model="top", limit=3)
    rest = await company.ask("conflicts", model="top", limit=3, after=first.next)

    assert [one.winner for one in (*first.conflicts, *rest.conflicts)] == [f"N{number}" for number in range(5)]
    assert (first.open, rest.open, rest.next) == (5, 5, None)


async def test_questions_that_resemble_each_other_are_proposed_as_duplicate_or_conflict(company: Company) -> None:
    await a_model(company)
    await company.qa("top", "posts", "How often should we post on Instagram?", "Four times a week.")
    await company.qa("sales", "again", "How often do we post on Instagram?", "Four times a week.")
    await company.qa("top", "hours", "When is the shop in Sofia open?", "From nine to six.")
    await company.qa("top", "opens", "When is the shop open in Sofia?", "It is closed on Sundays.")

    assert sorted(await resembling(company)) == [("again", "posts", "duplicate"), ("opens", "hours", "conflict")]
    assert await resembling(company, lesson="hours") == [("opens", "hours", "conflict")]


async def test_a_pair_that_a_person_distinguished_is_not_shown_again(company: Company) -> None:
    await a_model(company)
    await company.qa("top", "hours", "When is the shop in Sofia open?", "From nine to six.")
    await company.qa("top", "opens", "When is the shop open in Sofia?", "It is closed on Sundays.")

    await company.report("QAsDistinguished", "hours", other="opens")

    assert await resembling(company) == []
    assert await resembling(company, lesson="opens") == []


async def test_a_conversation_that_resembles_a_qa_takes_no_part(company: Company) -> None:
    await a_model(company)
    turns = [
        {"role": "user", "content": "How often should we post on Instagram?"},
        {"role": "assistant", "content": "Daily."},
    ]
    await company.report("ConversationTrained", "talk", model="top", messages=turns)
    await company.qa("top", "posts", "How often do we post on Instagram?", "Four times a week.")

    assert await resembling(company) == []
    assert await resembling(company, lesson="posts") == []


async def test_resemblances_come_page_by_page_newest_lessons_first(company: Company) -> None:
    await a_model(company)
    for place in ("Sofia", "Plovdiv", "Varna"):
        await company.qa("top", f"{place}-one", f"When is the shop in {place} open?", "From nine to six.")
        await company.qa("top", f"{place}-two", f"When is the shop open in {place}?", "From nine to six.")

    found, before = [], None
    while True:
        page = await company.ask("resemblances", model="top", before=before, limit=2)
        found += [(one.newer.id, one.older.id) for one in page.resemblances]
        before = page.next
        if before is None:
            break

    pairs = {frozenset(pair) for pair in found}
    assert {frozenset((f"{place}-one", f"{place}-two")) for place in ("Sofia", "Plovdiv", "Varna")} <= pairs
    assert found[0] == ("Varna-two", "Varna-one")


async def test_personal_data_is_flagged_until_somebody_accepts_it_and_again_when_the_text_changes(
    company: Company,
) -> None:
    # given a lesson with an address and a telephone number
    await a_model(company)
    await company.qa("sales", "whom", "Whom to ask?", "ann@example.org, +359 88 812 3456")
    await company.qa("top", "how", "How often?", "Weekly.")
    at = company.log.head().position
    assert await personal(company) == [("whom", ["email", "phone"])]

    # when it is accepted, and later changed
    await company.report("QAPersonalDataAccepted", "whom")
    accepted = await personal(company)
    await company.report("QARevised", "whom", answer="bob@example.org")

    # then it is flagged anew, and every moment tells what was so then
    assert accepted == []
    assert await personal(company) == [("whom", ["email"])]
    assert await personal(company, at) == [("whom", ["email", "phone"])]


async def test_an_acceptance_stays_when_something_else_is_revised(company: Company) -> None:
    await a_model(company)
    await company.qa("top", "whom", "Whom to ask?", "ann@example.org")
    await company.report("QAPersonalDataAccepted", "whom")

    await company.report("QARevised", "whom", section="People")
    await company.report("QADeactivated", "whom")
    await company.report("QAReactivated", "whom")

    assert await personal(company) == []


async def test_personal_data_in_conversations_is_flagged_and_what_does_not_train_is_not(company: Company) -> None:
    await a_model(company)
    turns = [{"role": "user", "content": "My number?"}, {"role": "assistant", "content": "+359 88 812 3456"}]
    await company.report("ConversationTrained", "talk", model="top", messages=turns)
    await company.qa("top", "off", "Whom to ask?", "ann@example.org")
    await company.report("QADeactivated", "off")
    assert await personal(company) == [("talk", ["phone"])]

    await company.report("ConversationPersonalDataAccepted", "talk")
    assert await personal(company) == []


async def test_questions_that_a_training_set_answers_are_known_with_the_lesson_that_is_learnt(company: Company) -> None:
    await a_model(company)
    await company.qa("sales", "weekly", "How often?", "Weekly.")
    await company.qa("top", "daily", "How often?", "Daily.")
    await company.qa("sales", "who", "Who?", "Mara.")

    asked = ["HOW  OFTEN", "Who?", "Where?"]
    found = (await company.ask("known_questions", model="top", questions=asked)).known

    assert sorted((one.question, one.lesson, one.model, one.answer) for one in found) == [
        ("HOW  OFTEN", "daily", "top", "Daily."), ("Who?", "who", "sales", "Mara."),
    ]  # fmt: skip


async def test_findings_about_lessons_are_for_those_who_answer_for_them(company: Company) -> None:
    await a_model(company)
    await company.report("PersonAdded", "mia", name="Mia", roles=["member"])

    with pytest.raises(Refused) as refused:
        await company.ask("personal_data", by="person:mia", model="top")

    assert refused.value.code == "role_needed"


async def test_the_difference_of_two_positions_is_what_was_added_removed_and_changed(company: Company) -> None:
    before = (await company.report("ModelDefined", "sales", name="Sales")).position
    await company.qa("sales", "kept", "One?", "1.")
    await company.qa("sales", "changed", "Two?", "2.")
    since = (await company.qa("sales", "removed", "Three?", "3.")).position
    await company.report("QARevised", "changed", answer="Two.")
    await company.report("QADeactivated", "removed")
    await company.qa("sales", "added", "Four?", "4.")

    found = await company.ask("difference", model="sales", since=since)
    assert {(one.id, one.change) for one in found.lessons} == {
        ("changed", "changed"), ("removed", "removed"), ("added", "added"),
    }  # fmt: skip
    assert (found.added, found.removed, found.changed, found.system_message_changed) == (1, 1, 1, False)

    assert found.teachers == []

    # before the model was there, and at its beginning, there was nothing: all is new
    for position in (0, before):
        found = await company.ask("difference", model="sales", since=position)
        assert (found.added, found.removed, found.changed) == (3, 0, 0), position


async def test_a_difference_counts_what_was_added_by_who_taught_it(company: Company) -> None:
    since = (await company.report("ModelDefined", "sales", name="Sales")).position
    await company.report("PersonAdded", "theo", name="Theo", roles=["trainer"])
    await company.qa("sales", "owners", "One?", "1.")
    before = (await company.qa("sales", "shops", "Two?", "2.", by="module:shop")).position
    for id in ("first", "second"):
        await company.qa("sales", id, f"{id}?", "Yes.", by="person:theo")
    await company.report("QARevised", "first", answer="No.")
    until = (await company.qa("sales", "third", "Third?", "Yes.")).position
    await company.report("QADeactivated", "third")

    async def teachers(since: int) -> list[tuple[str, int]]:
        found = await company.ask("difference", model="sales", since=since, until=until, limit=0, teachers=True)
        return [(one.teacher, one.lessons) for one in found.teachers]

    assert await teachers(since) == [("person:owner", 2), ("person:theo", 2), ("module:shop", 1)]
    assert await teachers(before) == [("person:theo", 2), ("person:owner", 1)]
