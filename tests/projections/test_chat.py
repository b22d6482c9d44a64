"""Who sees what in the chat, and who should answer."""

import pytest

from services.projections.answerers import answerers
from services.refusals import Refused
from tests.projections.company import Company

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


async def with_a_group(company: Company) -> None:
    await company.report("ModelDefined", "sales", name="AI Sales", virtual_user="sally")
    for name in ("ann", "bob"):
        await company.report("PersonAdded", name, name=name.title())
    await company.report("GroupCreated", "g", by="person:ann", name="G", members=["virtual_user:sally"])


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

    await company.report("AnswerPosted", "a", by="service:chat", group="g", question="q", virtual_user="sally",
                         asker="person:ann", text="Weekly.", answering_model="sales", version=None)  # fmt: skip
    assert (await company.ask("open_questions", by="service:chat", module="chat")).messages == []
    page = await company.ask("messages", by="person:ann", group="g")
    assert [(one.author, one.text) for one in page.messages][-1] == ("virtual_user:sally", "Weekly.")


async def test_a_group_is_seen_by_its_members_only(company: Company) -> None:
    await with_a_group(company)
    await company.report("MessagePosted", by="person:ann", group="g", text="Secret")

    assert [one.id for one in (await company.ask("groups", by="person:ann")).groups] == ["g"]
    assert (await company.ask("groups", by="person:bob")).groups == []
    for actor, module in (("person:bob", "cli"), ("person:owner", "cli"), ("person:ann", "helpdesk")):
        with pytest.raises(Refused, match="no group g that you are in"):
            await company.ask("messages", by=actor, module=module, group="g")
    with pytest.raises(Refused, match="Nobody here"):
        await company.ask("groups", by="person:stranger")


async def test_history_shows_lessons_to_trainers_and_what_people_say_to_nobody(company: Company) -> None:
    await with_a_group(company)
    await company.report("MessagePosted", by="person:ann", group="g", text="Secret")
    await company.qa("sales", "qa", "How often?", "Weekly.")

    history = await company.ask("history")
    said = next(one for one in history.events if one.fact == "MessagePosted")
    taught = next(one for one in history.events if one.fact == "QAAdded")

    assert "k" in said.data["text"]
    assert taught.data["answer"] == "Weekly."
    with pytest.raises(Refused) as refusal:
        await company.ask("history", by="person:ann")
    assert refusal.value.code == "role_needed"
    shared = await company.ask("history", by="module:erp", module="erp")
    assert {one.channel.partition(".")[0] for one in shared.events} == {"shared"}
    only = await company.ask("history", model="AI Sales")
    assert [one.fact for one in only.events] == ["ModelDefined", "QAAdded"]


async def test_an_erased_persons_messages_are_gone(company: Company) -> None:
    await with_a_group(company)
    await company.report("MemberJoined", "g", by="person:ann", member="person:bob")
    await company.report("MessagePosted", "m", by="person:bob", group="g", text="My secret")

    await company.report("PersonErased", "bob")

    page = await company.ask("messages", by="person:ann", group="g")
    assert [(one.text, one.deleted) for one in page.messages] == [("", True)]


async def test_the_chain_and_the_state_are_told(company: Company) -> None:
    await with_a_group(company)

    chain, state = await company.ask("chain"), await company.ask("state")

    assert (chain.whole, chain.events) == (True, company.log.head().position)
    assert state.head == company.log.head().position
    assert {one.position for one in state.read_models} == {state.head}
