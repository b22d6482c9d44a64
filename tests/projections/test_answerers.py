"""Who should answer what is said, and who is still waited for."""

import pytest

from services.projections.answerers import answerers
from tests.projections.company import Company
from tests.projections.talking import answer, with_a_group

GROUP = {"use": "group", "answers": "mentions"}
TWO = {"sally": ["AI Sales", "Продажби"], "sally-north": ["AI Sales North"]}


@pytest.mark.parametrize(
    ("text", "mentions", "replied_to", "expected"),
    [
        ("How often?", [], None, []),
        ("@sally how often?", [], None, ["sally"]),
        ("@AI Sales, how often?", [], None, ["sally"]),
        ("@ai  sales north how often?", [], None, ["sally-north"]),
        ("@продажби колко често?", [], None, ["sally"]),
        ("mail me at x@sally.example", [], None, []),
        ("How often?", ["virtual_user:sally"], None, ["sally"]),
        ("And on Sundays?", [], "virtual_user:sally", ["sally"]),
        ("Thanks", [], "person:ann", []),
        ("@sally and @sally-north?", [], None, ["sally", "sally-north"]),
        ("@nobody?", ["virtual_user:other"], None, []),
    ],
)
def test_who_is_addressed_answers(text: str, mentions: list[str], replied_to: str | None, expected: list[str]) -> None:
    assert answerers(GROUP, TWO, "person:ann", text, mentions, replied_to) == expected


def test_in_a_direct_chat_every_message_is_answered_and_assistants_never_answer_each_other() -> None:
    assert answerers({"use": "direct", "answers": "mentions"}, {"sally": ["S"]}, "person:ann", "Hi", [], None) == [
        "sally"
    ]
    assert answerers({"use": "direct", "answers": "every"}, {"sally": ["S"]}, "virtual_user:bot", "@S", [], None) == []
    every = {"use": "group", "answers": "every"}
    assert answerers(every, {"sally": ["S"]}, "person:ann", "Hi", [], None) == ["sally"]
    assert answerers(every, {"sally": ["S"]}, "person:ann", "Hi Bob", ["person:bob"], None) == []


@pytest.mark.parametrize(
    ("fact", "data"),
    [("MemberLeft", {"member": "virtual_user:sally"}), ("GroupArchived", {})],
    ids=["left", "archived"],
)
async def test_nobody_waits_for_the_answer_of_one_who_is_gone(
    company: Company, fact: str, data: dict[str, str]
) -> None:
    await with_a_group(company)
    await company.report("MessagePosted", "q", by="person:ann", group="g", text="@AI Sales how often?")

    await company.report(fact, "g", by="person:ann", **data)

    assert (await company.ask("open_questions", by="service:chat", module="chat")).messages == []
    row = await company.ask("message", by="person:ann", message="q")
    assert row.answering == []


async def test_a_question_waits_until_it_is_answered(company: Company) -> None:
    await with_a_group(company)
    await company.report("MessagePosted", "before", by="person:ann", group="g", text="Good morning")
    await company.report("MessagePosted", "q", by="person:ann", group="g", text="@AI Sales how often?")

    row = await company.ask("question", by="service:chat", module="chat", message="q")
    assert [(one.virtual_user, one.model, one.answered) for one in row.answerers] == [("sally", "sales", False)]
    assert [one.id for one in row.context] == ["before"]
    assert (await company.ask("open_questions", by="service:chat", module="chat")).messages == ["q"]

    await company.report("AnswerFailed", "q", by="service:chat", virtual_user="sally", code="down", message="Down.")
    assert (await company.ask("open_questions", by="service:chat", module="chat")).messages == []
    await company.report("RetryRequested", "q", by="person:ann", virtual_user="sally")
    assert (await company.ask("open_questions", by="service:chat", module="chat")).messages == ["q"]

    await answer(company)
    assert (await company.ask("open_questions", by="service:chat", module="chat")).messages == []
    page = await company.ask("messages", by="person:ann", group="g")
    assert [(one.author, one.text) for one in page.messages][-1] == ("virtual_user:sally", "Weekly.")


async def test_a_stop_is_known_until_chat_has_said_that_there_is_no_answer(company: Company) -> None:
    await with_a_group(company)
    await company.report("MessagePosted", "q", by="person:ann", group="g", text="@sally how?")
    await company.report("MessagePosted", "other", by="person:ann", group="g", text="Just saying")
    await company.report("AnswerStopRequested", "q", by="person:ann", virtual_user="sally")
    await company.report("AnswerStopRequested", "other", by="person:ann", virtual_user="sally")

    row = await company.ask("question", by="service:chat", module="chat", message="q")
    assert [(one.stopped, one.failed, one.retry) for one in row.answerers] == [(True, False, False)]
    assert [one.state for one in row.message.answering] == ["stopping"]
    assert (await company.ask("open_questions", by="service:chat", module="chat")).messages == ["q"]

    await company.report("AnswerFailed", "q", by="service:chat", virtual_user="sally", code="stopped", message="So.")
    assert (await company.ask("open_questions", by="service:chat", module="chat")).messages == []
