"""Why an assistant may have answered so: lessons of its version that resemble the question."""

from typing import Any

import pytest

from services.refusals import Refused
from tests.projections.company import Company
from tests.projections.compiling import compiled, with_a_provider

ASKED = "@AI Sales how often do we call a customer?"


async def with_sales(company: Company) -> None:
    """A model with lessons, and a group in which Ann asks it."""
    await with_a_provider(company)
    await company.report("ModelDefined", "sales", name="AI Sales", virtual_user="sally", provider="p",
                         lineage={"descendants": "all", "ancestors": "none"})  # fmt: skip
    for name in ("ann", "bob"):
        await company.report("PersonAdded", name, name=name.title())
    await company.report("GroupCreated", "g", by="person:ann", name="G", members=["virtual_user:sally"])
    await company.qa("sales", "calls", "How often do we call a customer?", "Once a week.", section="Calls")
    await company.qa("sales", "fair", "Where is the fair?", "In Aldermoor.")


async def asks(
    company: Company, version: int | None, lessons: list[str], question: str = "q", answer: str = "a"
) -> None:
    await company.report("MessagePosted", question, by="person:ann", group="g", text=ASKED)
    await company.report("AnswerPosted", answer, by="service:chat", group="g", question=question, virtual_user="sally",
                         asker="person:ann", text="Weekly.", answering_model="sales", version=version,
                         lessons=lessons)  # fmt: skip


def told(why: Any) -> list[tuple[str, str, bool, bool]]:
    return [(one.lesson, one.answer, one.given, one.uncompiled) for one in why.lessons]


async def test_lessons_of_the_version_come_first_by_resemblance_with_who_taught_them(company: Company) -> None:
    await with_sales(company)
    await compiled(company, "sales")
    await company.qa("sales", "later", "How often do we call a customer abroad?", "Monthly.")
    await asks(company, 1, [])

    why = await company.ask("why", by="person:ann", message="a")

    assert (why.question, why.model, why.version) == (ASKED, "sales", 1)
    assert why.position == (await company.ask("compilation", compilation="c")).position
    assert told(why)[0] == ("calls", "Once a week.", False, False)
    first = why.lessons[0]
    assert (first.kind, first.model, first.section, first.added_by) == ("qa", "sales", "Calls", "person:owner")
    assert first.question == "How often do we call a customer?"
    assert first.score > 0.9
    assert "later" not in {one.lesson for one in why.lessons}


async def test_waiting_lessons_that_were_given_with_the_question_are_told_apart(company: Company) -> None:
    await with_sales(company)
    await compiled(company, "sales")
    await company.qa("sales", "later", "How often do we call a customer abroad?", "Monthly.")
    await company.report("QARevised", "calls", answer="Twice a week.")
    await asks(company, 1, ["calls", "later"])
    await company.report("QARevised", "calls", answer="Never.")

    why = await company.ask("why", by="person:ann", message="a")

    assert told(why)[:2] == [("calls", "Twice a week.", True, True), ("later", "Monthly.", True, True)]


async def test_without_a_version_the_present_lessons_are_looked_at_and_at_most_five_are_shown(company: Company) -> None:
    await with_sales(company)
    for n in range(6):
        await company.qa("sales", f"call-{n}", f"How often do we call a customer in month {n}?", f"{n} times.")
    await asks(company, None, ["calls"])

    why = await company.ask("why", by="person:ann", message="a")

    assert (why.version, len(why.lessons)) == (None, 5)
    assert told(why)[0] == ("calls", "Once a week.", True, False)
    scores = [one.score for one in why.lessons]
    assert scores == sorted(scores, reverse=True)


async def test_lessons_of_somebodys_own_assistant_are_shown_to_nobody_else(company: Company) -> None:
    await with_sales(company)
    await company.report("ModelDefined", "own", name="Ann's", use="personal", parent="sales")
    await company.report("PersonRevised", "ann", assistant="own")
    await company.report("MemberJoined", "g", by="person:ann", member="person:bob")
    await company.qa("own", "private", "How often do we call a customer, really?", "Hardly ever.", held_back=False)
    await asks(company, None, [])

    of_ann = await company.ask("why", by="person:ann", message="a")
    of_bob = await company.ask("why", by="person:bob", message="a")

    assert "private" in {one.lesson for one in of_ann.lessons}
    assert [one.lesson for one in of_bob.lessons] == [one.lesson for one in of_ann.lessons if one.lesson != "private"]


async def test_only_answers_that_one_sees_are_explained(company: Company) -> None:
    await with_sales(company)
    await asks(company, None, [])

    for by, message, code in (
        ("ann", "q", "not_an_answer"),
        ("bob", "a", "unknown_message"),
        ("owner", "a", "unknown_message"),
    ):
        with pytest.raises(Refused) as refusal:
            await company.ask("why", by=f"person:{by}", message=message)
        assert refusal.value.code == code
