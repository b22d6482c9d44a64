"""Who is told what: requesters, watchers, teachers, proposers, trainers and administrators."""

from typing import Any

from tests.projections.company import Company
from tests.projections.test_training_sets import compiled

ANN, BOB, OWNER = "person:ann", "person:bob", "person:owner"


async def staffed(company: Company) -> None:
    """Ann and Bob are trainers; `sales` stands below `top`, and both have a provider."""
    for name in ("ann", "bob"):
        await company.report("PersonAdded", name, name=name.title(), roles=["trainer"])
    await company.report("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b")
    await company.report("ModelDefined", "top", name="Top", provider="p")
    await company.report("ModelDefined", "sales", name="Sales", provider="p", parent="top")


async def told(company: Company, by: str, *kinds: str) -> list[dict[str, Any]]:
    """A person's notices, oldest first; of some kinds only."""
    module = by.partition(":")[2] if by.startswith("module:") else "cli"
    found = (await company.ask("notices", by=by, module=module, limit=500)).notices
    return [one.model_dump() for one in reversed(found) if not kinds or one.kind in kinds]


async def messages(company: Company, by: str, *kinds: str) -> list[str]:
    return [one["message"] for one in await told(company, by, *kinds)]


async def learnt(company: Company, by: str) -> list[tuple[str, int, int, list[str]]]:
    found = await told(company, by, "lesson_learnt")
    return [(one["model"], one["version"], one["lessons"], one["lesson_ids"]) for one in found]


async def test_a_teacher_is_told_once_when_a_version_has_learnt_their_lessons(company: Company) -> None:
    await staffed(company)
    await company.qa("sales", "hers", by=ANN)
    await company.qa("sales", "hers-too", by=ANN)
    await company.qa("sales", "his", by=BOB)

    await compiled(company, "sales", "c1")
    await company.report("QARevised", "hers", by=ANN, answer="No.")
    await company.qa("sales", "his-next", by=BOB)
    await compiled(company, "sales", "c2")

    assert await learnt(company, ANN) == [("sales", 1, 2, ["hers", "hers-too"])]
    assert await learnt(company, BOB) == [("sales", 1, 1, ["his"]), ("sales", 2, 1, ["his-next"])]
    assert await messages(company, BOB) == [
        "Version 1 of Sales answers now; it has learnt a lesson of yours.",
        "Version 2 of Sales answers now; it has learnt a lesson of yours.",
    ]
    assert (await messages(company, ANN))[0].endswith("it has learnt 2 lessons of yours.")


async def test_what_a_child_has_learnt_is_not_told_again_for_its_parent(company: Company) -> None:
    await staffed(company)
    await company.qa("sales", "hers", by=ANN)
    await compiled(company, "sales", "c1")
    await company.qa("sales", "later", by=ANN)

    await compiled(company, "top", "c2")
    await compiled(company, "sales", "c3")

    assert await learnt(company, ANN) == [("sales", 1, 1, ["hers"]), ("top", 1, 1, ["later"])]


async def test_a_version_that_is_not_active_has_taught_nobody_anything_yet(company: Company) -> None:
    await staffed(company)
    await company.report("ModelRevised", "sales", activate_automatically=False)
    await company.qa("sales", "hers", by=ANN)

    await compiled(company, "sales", "c1")
    before = await learnt(company, ANN)
    await company.report("VersionChosen", "sales", version=1)

    assert before == []
    assert await learnt(company, ANN) == [("sales", 1, 1, ["hers"])]


async def test_a_lesson_that_loses_its_conflict_or_is_a_duplicate_was_not_learnt(company: Company) -> None:
    await staffed(company)
    await company.qa("sales", "lost", "How?", "A", by=ANN)
    await company.qa("sales", "won", "how", "B", by=BOB)

    await compiled(company, "sales", "c1")
    assert (await learnt(company, ANN), await learnt(company, BOB)) == ([], [("sales", 1, 1, ["won"])])

    await company.report("QADeactivated", "won")
    await compiled(company, "sales", "c2")
    assert await learnt(company, ANN) == [("sales", 2, 1, ["lost"])]


async def test_a_teacher_who_watches_is_told_of_a_chosen_version_in_one_notice(company: Company) -> None:
    await staffed(company)
    await company.report("ModelRevised", "sales", activate_automatically=False)
    await company.report("ModelWatched", "ann", by=ANN, model="sales")
    await company.qa("sales", "hers", by=ANN)
    await compiled(company, "sales", "c1")

    await company.report("VersionChosen", "sales", version=1)

    assert await messages(company, ANN, "version_changed", "lesson_learnt") == [
        "Version 1 of Sales answers now (chosen). It has learnt a lesson of yours."
    ]


async def test_an_import_is_one_notice_with_its_number_and_modules_are_not_told(company: Company) -> None:
    await staffed(company)
    for number in range(101):
        await company.qa("sales", f"row-{number}", by=ANN)
    await company.qa("sales", "synchronised", by="module:crm")

    await compiled(company, "sales", "c1")

    [one] = await told(company, ANN)
    assert (one["lessons"], one.get("lesson_ids")) == (101, None)
    assert one["message"] == "Version 1 of Sales answers now; it has learnt 101 lessons of yours."
    assert await told(company, "module:crm") == []


async def test_the_person_who_asked_and_those_who_watch_are_told_how_it_ended(company: Company) -> None:
    await staffed(company)
    await company.report("ModelWatched", "bob", by=BOB, model="sales")
    await company.qa("sales", "one")
    await compiled(company, "sales", "c1")

    await company.report("CompileRequested", "c2", model="sales", forced=True)
    error = {"code": "file_refused", "message": "Line 3 is empty.", "fix": "Mend it.", "raw": "400"}
    await company.report("CompilationFailed", "c2", by="service:compiler", error=error)

    ended = [
        "Version 1 of Sales is ready: built from the same lessons.",
        "Sales was not compiled: Line 3 is empty. Its version goes on answering.",
    ]
    assert await messages(company, OWNER, "compilation_succeeded", "compilation_failed") == ended
    assert await messages(company, BOB) == ended
    assert await messages(company, ANN) == []

    await company.report("ModelUnwatched", "bob", by=BOB, model="sales")
    await compiled(company, "sales", "c3")
    assert await messages(company, BOB) == ended


async def test_what_compiled_by_itself_is_told_to_administrators_with_the_reason(company: Company) -> None:
    await staffed(company)
    await company.report("CompileRequested", "c1", by="service:compiler", model="sales", occasion="nightly")
    await company.report("CompilationFailed", "c1", by="service:compiler",
                         error={"code": "x", "message": "No example.", "fix": "Teach.", "raw": ""})  # fmt: skip

    assert await messages(company, OWNER) == [
        "Sales was not compiled: No example. Its version goes on answering. It was compiled because it is night."
    ]
    assert await messages(company, ANN) == []


async def test_trainers_are_told_of_proposals_and_proposers_what_became_of_them(company: Company) -> None:
    await staffed(company)
    await company.report("PersonAdded", "mia", name="Mia", roles=["member"])
    for id in ("good", "bad"):
        await company.qa("sales", id, by="person:mia")

    await company.report("LessonApproved", "good", by=ANN)
    await company.report("LessonDeclined", "bad", by=ANN, reason="No.")

    assert await messages(company, ANN) == ["A lesson was proposed for Sales."] * 2
    assert await messages(company, "person:mia") == [
        "The lesson that you proposed for Sales was approved.",
        "The lesson that you proposed for Sales was declined.",
    ]

    await compiled(company, "sales", "c1")
    assert await learnt(company, "person:mia") == [("sales", 1, 1, ["good"])]


async def test_administrators_are_told_of_base_models_that_end(company: Company) -> None:
    await staffed(company)

    ends = {"base_model": "b", "retires_on": "2027-01-14"}
    await company.report("BaseModelRetirementAnnounced", "p", by="service:compiler", **ends)
    await company.report("BaseModelRetirementNear", "p", by="service:compiler", days=90, **ends)

    fix = "choose another base model or provider, then recompile."
    assert await messages(company, OWNER) == [
        f"b at P is shut down on 2027-01-14; {fix}",
        f"b at P is shut down on 2027-01-14 (in 90 days or fewer); {fix}",
    ]
    assert await messages(company, ANN) == []


async def test_notices_are_read_and_come_page_by_page(company: Company) -> None:
    await staffed(company)
    for number in range(5):
        qa = {"model": "sales", "question": f"{number}?", "answer": "Yes."}
        await company.report("LessonProposed", by="module:crm", qa=qa)

    first = await company.ask("notices", by=ANN, limit=2)
    await company.report("NoticesRead", "ann", by=ANN, upto=first.notices[1].position)
    rest = await company.ask("notices", by=ANN, before=first.next, limit=10)
    again = await company.ask("notices", by=ANN, limit=2)

    assert (first.unread, again.unread) == (5, 1)
    assert [one.read for one in (*again.notices, *rest.notices)] == [False, True, True, True, True]
    assert len({one.position for one in (*first.notices, *rest.notices)}) == 5


async def test_notices_rebuilt_equal_those_told_as_it_happened(company: Company) -> None:
    # given versions, proposals, an erased teacher's words, and a lesson that was learnt before it was erased
    await staffed(company)
    turns = [{"role": "user", "content": "Hot?", "author": "person:bob"}, {"role": "assistant", "content": "Very."}]
    await company.report("ConversationTrained", "talk", by=ANN, model="sales", messages=turns)
    await company.qa("sales", "hers", "How?", by=ANN)
    await company.qa("top", "his", "how", "Otherwise.", by=BOB)
    await company.report("ModelWatched", "ann", by=ANN, model="top")
    await compiled(company, "top", "c1")
    await told(company, ANN)
    await company.report("PersonErased", "bob")
    await compiled(company, "sales", "c2")
    await company.report("CompiledModelDeleted", "c1")
    before = [await company.ask("notices", by=one) for one in (ANN, OWNER)]

    # when all of it is projected at once
    rebuilt = company.open_read_models(generation=2)
    again = [await company.ask("notices", by=one, sources=rebuilt) for one in (ANN, OWNER)]

    # then everybody was told the same
    assert again == before
    kinds = ["version_changed", "lesson_learnt", "lesson_learnt", "compilation_succeeded"]
    assert [one.kind for one in before[0].notices] == kinds
    assert [one.lesson_ids for one in before[0].notices if one.kind == "lesson_learnt"] == [["hers"], ["talk"]]
    rebuilt.training.store.close()
    rebuilt.chat.store.close()
