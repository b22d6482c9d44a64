"""Messages: who sees them, what became of them, what was taught from them, and how they are found."""

from typing import Any

import pytest

from services.refusals import Refused
from tests.projections.company import Company
from tests.projections.talking import answer, with_a_group


async def test_a_message_tells_what_became_of_it(company: Company) -> None:
    await with_a_group(company)
    await company.report("MemberJoined", "g", by="person:ann", member="person:bob")
    await company.report("MessagePosted", "q", by="person:ann", group="g", text="How?", mentions=["virtual_user:sally"])
    await company.report("AnswerFailed", "q", by="service:chat", virtual_user="sally", code="down", message="Down.")

    failed = await company.ask("message", by="person:bob", message="q")
    assert [(one.virtual_user, one.model, one.state) for one in failed.answering] == [("sally", "sales", "failed")]
    assert (failed.failures["sally"].code, failed.failures["sally"].message, failed.failure) == (
        "down",
        "Down.",
        "Down.",
    )
    assert failed.mentions == ["virtual_user:sally"]

    await company.report("RetryRequested", "q", by="person:bob", virtual_user="sally")
    retried = await company.ask("message", by="person:bob", message="q")
    assert ([one.state for one in retried.answering], retried.failures, retried.failure) == (["retry"], {}, None)

    await answer(company, provider="p", milliseconds=2_100, prompt_tokens=400, completion_tokens=12)
    for by, reaction in (("ann", "👍"), ("ann", "🔥"), ("bob", "👍")):
        await company.report("ReactionAdded", "a", by=f"person:{by}", reaction=reaction)
    await company.report("AnswerMarked", "a", by="person:ann", verdict="wrong")
    await company.report("AnswerMarked", "a", by="person:bob", verdict="right")
    await company.report("AnswerMarked", "a", by="person:bob", verdict="none")
    await company.report("MessageEdited", "q", by="person:ann", text="How often?")

    asked = await company.ask("message", by="person:bob", message="q")
    answered = await company.ask("message", by="person:bob", message="a")
    assert asked.answering == []
    assert (asked.text, asked.edited, asked.edited_at is not None) == ("How often?", True, True)
    assert [(one.reaction, one.by) for one in answered.reactions] == [
        ("👍", ["person:ann", "person:bob"]),
        ("🔥", ["person:ann"]),
    ]
    assert answered.marks == {"person:ann": "wrong"}
    assert (answered.asker, answered.provider, answered.milliseconds) == ("person:ann", "p", 2_100)
    assert (answered.prompt_tokens, answered.completion_tokens) == (400, 12)


async def test_a_message_is_seen_by_the_members_of_its_group_only(company: Company) -> None:
    await with_a_group(company)
    await company.report("MessagePosted", "q", by="person:ann", group="g", text="Secret")

    for by, id in (("person:bob", "q"), ("person:owner", "q"), ("person:ann", "other")):
        with pytest.raises(Refused, match=f"no message {id} in a group that you are in"):
            await company.ask("message", by=by, message=id)


async def test_a_message_names_the_lessons_that_were_made_from_it(company: Company) -> None:
    await with_a_group(company)
    await company.report("MessagePosted", "q", by="person:ann", group="g", text="How often?")
    await company.report("MessagePosted", "c", by="person:ann", group="g", text="Weekly.")
    turns = [{"role": "user", "content": "How often?", "message": "q"}, {"role": "assistant", "content": "Weekly."}]
    origin = {"group": "g", "messages": ["q", "c"]}
    lesson = {"model": "sales", "messages": turns, "origin": "chat", "origin_reference": origin}

    await company.report("ConversationTrained", "taught", **lesson)
    await company.report("ConversationTrained", "proposed", by="person:ann", **lesson)

    page = await company.ask("messages", by="person:ann", group="g")
    taught = {one.id: one.taught for one in page.messages}
    assert [(one.lesson, one.active, one.proposed, one.version, one.by) for one in taught["q"]] == [
        ("taught", True, False, None, "person:owner"),
        ("proposed", False, True, None, "person:ann"),
    ]
    assert taught["c"] == taught["q"]

    await company.report("LessonApproved", "proposed")
    await company.report("ConversationDeactivated", "taught")
    one = await company.ask("message", by="person:ann", message="q")
    assert [(each.lesson, each.active, each.proposed, each.by) for each in one.taught] == [
        ("taught", False, False, "person:owner"),
        ("proposed", True, False, "person:ann"),
    ]


async def test_what_a_personal_assistant_learnt_from_a_message_is_shown_to_its_person_only(company: Company) -> None:
    await with_a_group(company)
    await company.report("MemberJoined", "g", by="person:ann", member="person:bob")
    await company.report("ModelDefined", "mine", name="Ann's", use="personal")
    await company.report("PersonRevised", "ann", assistant="mine")
    await company.report("MessagePosted", "q", by="person:ann", group="g", text="How often?")
    turns = [{"role": "user", "content": "How?", "message": "q"}, {"role": "assistant", "content": "Weekly."}]
    await company.report("ConversationTrained", "l", by="person:ann", model="mine", messages=turns)

    assert [one.lesson for one in (await company.ask("message", by="person:ann", message="q")).taught] == ["l"]
    assert (await company.ask("message", by="person:bob", message="q")).taught == []


async def test_a_page_of_long_messages_stays_below_the_buss_limit(company: Company) -> None:
    await with_a_group(company)
    for n in range(14):
        await company.report("MessagePosted", f"m{n}", by="person:ann", group="g", text=f"{n} " + "ж" * 60_000)

    latest = await company.ask("messages", by="person:ann", group="g")
    oldest = await company.ask("messages", by="person:ann", group="g", after=0)

    assert len(latest.model_dump_json().encode()) < 900_000
    assert latest.messages[-1].id == "m13"
    assert [one.notice is not None for one in oldest.messages][:2] == [True, False]
    row = await company.ask("question", by="service:chat", module="chat", message="m13")
    assert row.context[-1].id == "m12"
    assert len(row.model_dump_json().encode()) < 900_000


async def test_chat_read_models_built_anew_say_the_same(company: Company) -> None:
    await with_a_group(company)
    await company.report("MessagePosted", "q", by="person:ann", group="g", text="@sally how?")
    await answer(company)
    await company.report("ReactionAdded", "a", by="person:ann", reaction="👍")
    turns = [{"role": "user", "content": "How?", "message": "q"}, {"role": "assistant", "content": "Weekly."}]
    await company.report("ConversationTrained", "l", model="sales", messages=turns)
    await company.report("ConversationRevised", "l", messages=[turns[0], turns[1] | {"content": "Daily."}])
    grown = await company.ask("messages", by="person:ann", group="g")

    fresh = company.open_read_models(generation=2)

    assert await company.ask("messages", by="person:ann", group="g", sources=fresh) == grown
    for one in (fresh.training.store, fresh.chat.store):
        one.close()


async def test_an_erased_persons_messages_are_gone(company: Company) -> None:
    await with_a_group(company)
    await company.report("MemberJoined", "g", by="person:ann", member="person:bob")
    await company.report("MessagePosted", "m", by="person:bob", group="g", text="My secret")

    await company.report("PersonErased", "bob")

    page = await company.ask("messages", by="person:ann", group="g")
    assert [(one.text, one.deleted) for one in page.messages if not one.notice] == [("", True)]


async def test_messages_are_found_by_what_they_say_in_the_askers_groups_only(company: Company) -> None:
    await with_a_group(company)
    await company.report("GroupCreated", "h", by="person:ann", name="H", members=["person:bob"])
    for id, group, text in (
        ("one", "g", "СТРАСЕ: die Straße nach Aldermoor"), ("two", "h", "50%  off"), ("three", "h", "500 off"),
        ("four", "g", "ALDERMOOR again"), ("five", "h", "Aldermoor too"),
    ):  # fmt: skip
        await company.report("MessagePosted", id, by="person:ann", group=group, text=text)

    async def found(text: str, by: str = "person:ann", **more: Any) -> list[str]:
        return [one.id for one in (await company.ask("search_messages", by=by, text=text, **more)).messages]

    assert await found("aldermoor") == ["five", "four", "one"]
    assert await found("aldermoor", group="g") == ["four", "one"]
    assert await found("aldermoor", by="person:bob") == ["five"]
    assert await found("aldermoor", by="person:owner") == []
    assert await found("aldermoor", by="service:chat", module="chat") == []
    assert (await found("STRASSE"), await found("страсе")) == (["one"], ["one"])
    assert (await found("50% off"), await found("_"), await found("  ")) == (["two"], [], [])
    with pytest.raises(Refused, match="no group g that you are in"):
        await found("aldermoor", by="person:bob", group="g")

    page = await company.ask("search_messages", by="person:ann", text="aldermoor", limit=2)
    assert await found("aldermoor", limit=2, before=page.next) == ["one"]
    await company.report("MessageEdited", "one", by="person:ann", text="Elsewhere")
    await company.report("MessageDeleted", "four", by="person:ann")
    assert await found("aldermoor") == ["five"]
