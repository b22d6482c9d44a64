"""Groups and conversations: who sees them, what they tell of themselves, and what is unread."""

from typing import Any

import pytest

from services.refusals import Refused
from tests.projections.company import Company
from tests.projections.talking import with_a_group


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
