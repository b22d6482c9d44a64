"""A change that is taken back leaves everything as it was: the winner, what was settled, and what waits."""

from typing import Any

from contracts.facts import FACTS
from tests.projections.company import Company
from tests.projections.compiling import compiled, with_a_provider

ASK, ANSWER = {"role": "user", "content": "Hot?"}, {"role": "assistant", "content": "Very."}


async def a_company(company: Company) -> None:
    await with_a_provider(company)
    await company.report("ModelDefined", "top", name="Top", provider="p")
    await company.qa("top", "first", "How often?", "Weekly.")
    await company.qa("top", "second", "How often?", "Daily.")


async def conflicts(company: Company) -> tuple[list[str], int]:
    found = await company.ask("conflicts", model="top")
    return [one.winner for one in found.conflicts], found.open


async def waiting(company: Company) -> tuple[int, int]:
    lessons = (await company.ask("model", model="top")).lessons
    return lessons.waiting, lessons.untried


async def taken_back(company: Company, lesson: str, **before: Any) -> None:
    """As the page, the import and the review report it: the last change of the lesson's, the other way round."""
    row = await company.ask("lesson", lesson=lesson)
    fact = "QARevised" if row.kind == "qa" else "ConversationRevised"
    await company.report(fact, lesson, **before, undoes=row.position)


async def test_a_text_that_returns_wins_no_conflict_that_it_had_lost(company: Company) -> None:
    await a_company(company)
    assert await conflicts(company) == (["second"], 1)

    await company.report("QARevised", "first", answer="Hourly.")
    assert await conflicts(company) == (["first"], 1)
    await taken_back(company, "first", answer="Weekly.")

    assert await conflicts(company) == (["second"], 1)
    assert (await company.ask("lesson", lesson="first")).answer == "Weekly."


async def test_who_says_again_what_was_said_before_says_it_now(company: Company) -> None:
    await a_company(company)

    await company.report("QARevised", "first", answer="Hourly.")
    await company.report("QARevised", "first", answer="Weekly.")

    assert await conflicts(company) == (["first"], 1)


async def test_what_was_settled_stays_settled_when_the_change_since_is_taken_back(company: Company) -> None:
    await a_company(company)
    await company.report("ConflictSettled", "first", training_set="top")

    await company.report("QARevised", "second", answer="Hourly.")
    assert await conflicts(company) == (["first"], 1)
    await taken_back(company, "second", answer="Daily.")

    assert await conflicts(company) == (["first"], 0)


async def test_the_active_version_knows_a_text_that_returned(company: Company) -> None:
    await a_company(company)
    await company.report("ConversationTrained", "talk", model="top", messages=[ASK, ANSWER])
    await compiled(company, "top", "c1")

    await company.report("QARevised", "second", answer="Hourly.")
    await company.report("ConversationRevised", "talk", messages=[ASK, ANSWER | {"content": "No."}])
    assert await waiting(company) == (2, 2)
    await taken_back(company, "second", answer="Daily.")
    await taken_back(company, "talk", messages=[ASK, ANSWER])

    assert await waiting(company) == (0, 0)
    difference = await company.ask("difference", model="top")
    assert (difference.added, difference.removed, difference.changed) == (0, 0, 0)


async def test_personal_data_that_was_accepted_is_so_again_with_the_text_that_returned(company: Company) -> None:
    await a_company(company)
    await company.qa("top", "whom", "Whom do I call?", "Call +359 888 123 456.")
    await company.report("QAPersonalDataAccepted", "whom")

    await company.report("QARevised", "whom", answer="Call +359 888 123 457.")
    assert (await company.ask("personal_data", model="top")).total == 1
    await taken_back(company, "whom", answer="Call +359 888 123 456.")

    assert (await company.ask("personal_data", model="top")).total == 0


async def test_a_text_that_is_reported_again_beside_a_change_is_no_new_text(company: Company) -> None:
    await a_company(company)
    await company.qa("top", "whom", "Whom do I call?", "Call +359 888 123 456.")
    await company.report("QAPersonalDataAccepted", "whom")
    await compiled(company, "top", "c1")

    said = {"question": "How often?", "answer": "Weekly."}
    await company.report("QARevised", "first", **said, section="Rhythm")
    await company.report("QARevised", "whom", answer="Call +359 888 123 456.", section="Rhythm")

    assert await conflicts(company) == (["second"], 1)
    assert await waiting(company) == (0, 0)
    assert (await company.ask("personal_data", model="top")).total == 0


async def test_a_pair_that_was_told_apart_is_shown_again_once_a_question_is_another(company: Company) -> None:
    await a_company(company)
    await company.qa("top", "every", "How often do we post on Instagram every week?", "Daily.")
    await company.qa("top", "each", "How often do we post on Instagram each week?", "Weekly.")
    await company.report("QAsDistinguished", "every", other="each")

    async def shown() -> int:
        return len((await company.ask("resemblances", model="top")).resemblances)

    before = await shown()
    await company.report("QARevised", "every", question="How often do we post on Instagram in every week?")
    changed = await shown()
    await taken_back(company, "every", question="How often do we post on Instagram every week?")

    assert (before, changed, await shown()) == (0, 1, 0)


async def test_taking_back_is_part_of_what_is_told_of_a_lesson_and_no_field_of_it(company: Company) -> None:
    await a_company(company)
    await company.report("QARevised", "first", answer="Hourly.")
    await taken_back(company, "first", answer="Weekly.")

    [latest, *_] = (await company.ask("lesson_revisions", lesson="first")).revisions

    assert [(one.field, one.old, one.new) for one in latest.changes] == [("answer", "Hourly.", "Weekly.")]
    assert "undoes" not in FACTS["QARevised"].model_validate({"undoes": 1}).changes()


async def test_what_was_taken_back_is_the_same_in_read_models_that_are_built_anew(company: Company) -> None:
    await a_company(company)
    await company.report("QARevised", "first", answer="Hourly.")
    await taken_back(company, "first", answer="Weekly.")
    await company.report("QARevised", "second", answer="Hourly.")
    await taken_back(company, "second", answer="Daily.")
    before = (await company.ask("training_page", model="top")).lessons, await company.ask("conflicts", model="top")

    rebuilt = company.open_read_models(generation=2)
    page = await company.ask("training_page", model="top", sources=rebuilt)
    again = page.lessons, await company.ask("conflicts", model="top", sources=rebuilt)

    assert again == before
    rebuilt.training.store.close()
    rebuilt.chat.store.close()
