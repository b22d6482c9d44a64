"""Who sees what in the chat, and who should answer."""

from typing import Any

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


async def answer(company: Company, question: str = "q", id: str = "a", **more: Any) -> None:
    """Sally answers Ann."""
    given: dict[str, Any] = {"group": "g", "question": question, "virtual_user": "sally", "asker": "person:ann"}
    given |= {"text": "Weekly.", "answering_model": "sales", "version": None}
    await company.report("AnswerPosted", id, by="service:chat", **given | more)


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


async def test_what_happened_to_a_group_stands_between_its_messages(company: Company) -> None:
    await with_a_group(company)
    await company.report("MessagePosted", "one", by="person:ann", group="g", text="One")
    await company.report("MemberJoined", "g", by="person:ann", member="person:bob")
    await company.report("GroupRevised", "g", by="person:bob", name="H")
    await company.report("GroupRevised", "g", by="person:bob", answers="every")
    await company.report("MemberLeft", "g", by="person:bob", member="person:bob")
    await company.report("MessagePosted", "two", by="person:ann", group="g", text="Two")

    def told(page: Any) -> list[Any]:
        return [
            (one.notice.kind, one.notice.member, one.notice.name, one.notice.by) if one.notice else one.id
            for one in page.messages
        ]

    whole = [
        ("created", None, None, "person:ann"), "one", ("joined", "person:bob", None, "person:ann"),
        ("renamed", None, "H", "person:bob"), ("left", "person:bob", None, "person:bob"), "two",
    ]  # fmt: skip
    everything = await company.ask("messages", by="person:ann", group="g")
    positions = [one.position for one in everything.messages]
    assert told(everything) == whole
    assert positions == sorted(positions)
    last = await company.ask("messages", by="person:ann", group="g", limit=3)
    before = await company.ask("messages", by="person:ann", group="g", before=last.messages[0].position, limit=3)
    after = await company.ask("messages", by="person:ann", group="g", after=positions[0], limit=2)
    assert [*told(before), *told(last)] == whole
    assert told(after) == whole[1:3]
    row = await company.ask("question", by="service:chat", module="chat", message="two")
    assert [one.id for one in row.context] == ["one"]


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
    assert [(one.text, one.deleted) for one in page.messages if not one.notice] == [("", True)]


async def test_the_chain_and_the_state_are_told(company: Company) -> None:
    await with_a_group(company)

    chain, state = await company.ask("chain"), await company.ask("state")

    assert (chain.whole, chain.events) == (True, company.log.head().position)
    assert state.head == company.log.head().position
    assert {one.position for one in state.read_models} == {state.head}


async def test_a_group_tells_its_topic_its_maker_and_where_it_ends(company: Company) -> None:
    await with_a_group(company)
    await company.report("GroupCreated", "h", by="person:ann", name="H", topic="Launch dates")
    await company.report("MessagePosted", "q", by="person:ann", group="h", text="One")
    created = await company.ask("group", by="person:ann", group="h")

    await company.report("GroupRevised", "h", by="person:ann", topic=None)

    groups = {one.id: one for one in (await company.ask("groups", by="person:ann")).groups}
    last = (await company.ask("message", by="person:ann", message="q")).position
    assert (created.topic, created.created_by, created.revision, created.last_position) == (
        "Launch dates", "person:ann", 1, last,
    )  # fmt: skip
    assert (groups["h"].topic, groups["h"].revision, groups["h"].last_position) == (None, 2, last)
    assert groups["g"].last_position is None


async def test_what_others_said_after_the_mark_is_unread(company: Company) -> None:
    await with_a_group(company)
    await company.report("PersonAdded", "annsmith", name="Ann Smith")
    for member in ("bob", "annsmith"):
        await company.report("MemberJoined", "g", by="person:ann", member=f"person:{member}")
    await company.report("MessagePosted", "seen", by="person:bob", group="g", text="@Ann good morning")
    mark = (await company.ask("message", by="person:ann", message="seen")).position
    await company.report("MessagePosted", "own", by="person:ann", group="g", text="@Ann is me")
    await company.report("MessagePosted", by="person:bob", group="g", text="@ann, look")
    await company.report("MessagePosted", by="person:bob", group="g", text="@Ann Smith, look")
    await company.report("MessagePosted", by="person:bob", group="g", text="Look", mentions=["person:ann"])
    await company.report("MessagePosted", "gone", by="person:bob", group="g", text="@Ann never mind")
    await company.report("MessageDeleted", "gone", by="person:bob")
    end = (await company.ask("group", by="person:ann", group="g")).last_position

    async def unread(by: str, **marks: int) -> list[Any]:
        found = await company.ask("unread", by=by, marks=marks)
        return [(one.group, one.unread, one.mentions, one.last_position) for one in found.groups]

    assert await unread("person:ann", g=mark) == [("g", 3, 2, end)]
    assert await unread("person:ann") == [("g", 4, 3, end)]
    assert await unread("person:ann", g=end) == [("g", 0, 0, end)]
    assert await unread("person:annsmith", g=mark) == [("g", 4, 1, end)]
    assert await unread("person:owner") == []
    for n in range(101):
        await company.report("MessagePosted", by="person:bob", group="g", text=f"{n}")
    assert (await unread("person:ann", g=end))[0][1] == 100


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


async def test_everybody_knows_everybodys_name_and_nobodys_login(company: Company) -> None:
    await with_a_group(company)
    await company.report("PersonAdded", "eve", name="Eve", login="eve", email="eve@example.com")

    rows = await company.ask("people", by="person:bob")

    assert [one.name for one in rows.people] == ["Ann", "Bob", "Eve", "Owner"]
    assert "example.com" not in rows.model_dump_json()
    assert {(one.login, one.email) for one in rows.people} == {(None, None)}


SECRET = "Grandmother's illness"


async def with_a_conversation(company: Company) -> None:
    """Ann talks with her own assistant."""
    await with_a_group(company)
    await company.report("ModelDefined", "own", name="Ann's assistant", use="personal", virtual_user="mine")
    await company.report("PersonRevised", "ann", assistant="own")
    mine = {"use": "assistant", "members": ["virtual_user:mine"]}
    await company.report("GroupCreated", "c", by="person:ann", name=SECRET, instructions="Comfort me.", **mine)
    await company.report("MessagePosted", "m", by="person:ann", group="c", text=f"{SECRET}, how long?")


async def test_a_conversation_with_the_own_assistant_is_its_persons_alone(company: Company) -> None:
    await with_a_conversation(company)
    await company.report("GroupRevised", "c", by="person:ann", name=f"{SECRET} again", instructions="Be brief.")
    await company.report("PersonAdded", "aud", name="Aud", roles=["auditor"])

    row = await company.ask("group", by="person:ann", group="c")
    assert (row.name, row.instructions, row.use) == (f"{SECRET} again", "Be brief.", "assistant")
    question = await company.ask("question", by="service:chat", module="chat", message="m")
    assert (question.instructions, [one.model for one in question.answerers]) == ("Be brief.", ["own"])
    assert [one.id for one in (await company.ask("search_messages", by="person:ann", text="illness")).messages] == ["m"]

    for by, module in (("person:owner", "cli"), ("person:aud", "cli"), ("person:bob", "cli"), ("module:erp", "erp")):
        who: dict[str, Any] = {"by": by, "module": module}
        seen = [await company.ask("groups", **who), await company.ask("unread", **who)]
        seen.append(await company.ask("search_messages", **who, text="illness"))
        assert [one.model_dump(exclude={"next"}) for one in seen] == [{"groups": []}, {"groups": []}, {"messages": []}]
        for query, wanted in (("group", {"group": "c"}), ("messages", {"group": "c"}), ("message", {"message": "m"})):
            with pytest.raises(Refused, match="that you are in"):
                await company.ask(query, **who, **wanted)
    for by in ("person:owner", "person:aud"):
        told = (await company.ask("history", by=by, limit=1_000)).model_dump_json()
        assert ("GroupRevised" in told, "illness" in told, "Comfort" in told) == (True, False, False)


async def test_of_an_erased_persons_conversations_nothing_is_left(company: Company) -> None:
    await with_a_conversation(company)

    await company.report("PersonErased", "ann")

    row = await company.ask("group", by="service:chat", module="chat", group="c")
    page = await company.ask("messages", by="service:chat", module="chat", group="c")
    assert (row.name, row.instructions) == ("Ann's assistant", None)
    assert "illness" not in page.model_dump_json()
    fresh = company.open_read_models(generation=2)
    assert await company.ask("group", by="service:chat", module="chat", group="c", sources=fresh) == row
    for one in (fresh.training.store, fresh.chat.store):
        one.close()
