"""Who said what and when: a model's system messages, a lesson's revisions."""

import pytest

from services.refusals import Refused
from tests.projections.company import Company


async def test_system_messages_are_told_newest_first(company: Company) -> None:
    await company.report("PersonAdded", "ann", name="Ann", roles=["administrator"])
    await company.report("ModelDefined", "m", name="M", system_message="Be brief.")
    await company.report("ModelRevised", "m", notes="Nothing of this")
    at = company.log.head().position
    await company.report("SystemMessageSet", "m", by="person:ann", system_message="Be kind.")
    await company.report("SystemMessageSet", "m", system_message=None)

    rows = (await company.ask("system_messages", model="M")).revisions

    assert [(one.number, one.actor, one.text) for one in rows] == [
        (3, "person:owner", None), (2, "person:ann", "Be kind."), (1, "person:owner", "Be brief."),
    ]  # fmt: skip
    assert [one.text for one in (await company.ask("system_messages", at, model="M")).revisions] == ["Be brief."]
    first = await company.ask("system_messages", model="M", limit=2)
    second = await company.ask("system_messages", model="M", limit=2, before=first.next)
    assert ([one.number for one in second.revisions], second.next) == ([1], None)


async def test_a_lessons_revisions_tell_what_changed(company: Company) -> None:
    for name in ("m", "other"):
        await company.report("ModelDefined", name, name=name.title())
    await company.report("PersonAdded", "mia", name="Mia", roles=["member"])
    await company.report("QAAdded", "qa", by="person:mia", model="m", question="How?", answer="So.")
    await company.report("LessonApproved", "qa")
    await company.report("QARevised", "qa", answer="Thus.", section="Ways")
    await company.report("QADeactivated", "qa")
    await company.report("QAMoved", "qa", to="other")

    found = await company.ask("lesson_revisions", lesson="qa")
    mine = await company.ask("lesson_revisions", lesson="qa", by="person:mia", limit=1)

    changed = [(one.fact, {each.field: (each.old, each.new) for each in one.changes}) for one in found.revisions]
    assert changed[:3] == [
        ("QAMoved", {"model": ("m", "other")}),
        ("QADeactivated", {"active": (True, False)}),
        ("QARevised", {"answer": ("So.", "Thus."), "section": ("General", "Ways")}),
    ]
    fact, first = changed[3]
    assert (fact, first["question"], first["answer"], "notes" in first) == (
        "QAAdded", (None, "How?"), (None, "So."), False,
    )  # fmt: skip
    assert (found.revisions[3].proposed_by, found.revisions[3].actor) == ("person:mia", "person:owner")
    assert ([one.fact for one in mine.revisions], mine.next) == (["QAMoved"], found.revisions[0].position)


async def test_a_lessons_revisions_are_shown_to_those_who_may_see_it_and_without_erased_words(company: Company) -> None:
    await company.report("ModelDefined", "m", name="M")
    for name in ("ann", "tom"):
        await company.report("PersonAdded", name, name=name.title(), roles=["member"])
    turns = [{"role": "user", "content": "Hot?", "author": "person:ann"}, {"role": "assistant", "content": "Very."}]
    await company.report("ConversationTrained", "talk", model="m", messages=turns)

    with pytest.raises(Refused, match="There is no lesson talk"):
        await company.ask("lesson_revisions", lesson="talk", by="person:tom")
    before = await company.ask("lesson_revisions", lesson="talk")
    await company.report("PersonErased", "ann")
    after = await company.ask("lesson_revisions", lesson="talk")

    assert "Hot?" in before.model_dump_json()
    [messages] = [one.new for one in after.revisions[0].changes if one.field == "messages"]
    assert messages[0]["content"] is None
