"""Which versions learnt from somebody who was erased."""

from typing import Any

from tests.projections.company import Company
from tests.projections.compiling import compiled, packaged_and_compiled


async def test_every_version_that_learnt_from_an_erased_person_is_listed_up_the_lineage(company: Company) -> None:
    # given a parent and a child that learnt from Ann, and a sister that didn't
    await company.report("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b")
    await company.report("ModelDefined", "top", name="Top", provider="p")
    for name in ("low", "sister"):
        await company.report("ModelDefined", name, name=name.title(), provider="p", parent="top")
    await company.report("PersonAdded", "ann", name="Ann")
    await company.qa("low", "qa")
    await compiled(company, "low", "before")
    turns = [{"role": "user", "content": "Hot?", "author": "person:ann"}, {"role": "assistant", "content": "Very."}]
    await company.report("ConversationTrained", "talk", model="low", messages=turns)
    for model in ("low", "top", "sister"):
        await compiled(company, model, f"c-{model}")

    # when she is erased
    await company.report("PersonErased", "ann")
    found = await company.ask("learnt_from", person="ann")

    # then the versions that hold her words are named, and those to be replaced; compiled anew, they are not
    assert [(one.model, one.version, one.active) for one in found.versions] == [("low", 2, True), ("top", 1, True)]
    assert (found.lessons, found.replace) == (1, ["low", "top"])
    await compiled(company, "low", "after")
    later = await company.ask("learnt_from", person="ann")
    assert [(one.model, one.version, one.active) for one in later.versions] == [("low", 2, False), ("top", 1, True)]
    assert later.replace == ["top"]
    assert (await company.ask("chain")).whole


async def told(company: Company) -> list[dict[str, Any]]:
    found = (await company.ask("notices")).notices
    return [one.model_dump() for one in found if one.kind == "person_erased"]


async def talked(company: Company, id: str, model: str) -> None:
    turns = [{"role": "user", "content": "Hot?", "author": "person:ann"}, {"role": "assistant", "content": "Very."}]
    await company.report("ConversationTrained", id, model=model, messages=turns)


async def staffed(company: Company) -> None:
    await company.report("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b")
    await company.report(
        "ProviderRegistered", "g", name="G", provider_kind="embedded", base_model="b", target="grounded"
    )
    for model, provider in (("low", "p"), ("top", "p"), ("near", "g")):
        await company.report("ModelDefined", model, name=model.title(), provider=provider)
    await company.report("PersonAdded", "ann", name="Ann")
    await company.report("PersonAdded", "tom", name="Tom", roles=["trainer"])


async def test_administrators_are_told_of_the_versions_that_learnt_words_which_were_erased(company: Company) -> None:
    # given an old version that is gone, one that isn't, one that answers, and one of a model that was never taught hers
    await staffed(company)
    await company.qa("top", "other")
    await talked(company, "talk", "low")
    for model, id in (("low", "c1"), ("low", "c2"), ("low", "c3"), ("top", "c4")):
        await compiled(company, model, id)
    await company.report("CompiledModelDeleted", "c1")

    await company.report("PersonErased", "ann")

    [notice] = await told(company)
    assert [(one["model"], one["version"], one["active"], one["deleted"]) for one in notice["versions"]] == [
        ("low", 3, True, False), ("low", 2, False, False), ("low", 1, False, True),
    ]  # fmt: skip
    assert (notice["person"], notice["count"]) == ("ann", 3)
    assert notice["message"] == (
        "Words of ann, who was erased, were learnt by version 3 of Low, which answers now; version 2 of Low, which is still "
        "at its provider; version 1 of Low, which is gone at its provider. Compile what answers now again, so that "
        "a version without these words answers instead. Delete what learnt them at its provider, each on its own page."
    )
    assert [one.kind for one in (await company.ask("notices", by="person:tom")).notices] == []


async def test_nobody_is_told_when_no_version_holds_the_words(company: Company) -> None:
    # given somebody who was never taught from, and a grounded version, which holds nothing that was erased
    await staffed(company)
    await talked(company, "talk", "near")
    asked = await company.report("CompileRequested", "c1", model="near")
    by = "service:compiler"
    await company.report("TrainingSetPackaged", "c1", by=by, position=asked.position, packaging=1, sha256="a" * 64,
                         examples=1, lessons=1, bytes=9)  # fmt: skip
    await company.report("EvaluationStarted", "c1", by=by, compiled_model="b")
    await company.report("CompilationSucceeded", "c1", by=by, compiled_model="b")
    await company.report("PersonErased", "tom")
    await company.report("PersonErased", "ann")

    assert await told(company) == []
    found = await company.ask("learnt_from", person="ann")
    assert [(one.model, one.target) for one in found.versions] == [("near", "grounded")]
    assert found.replace == []


async def test_a_compilation_under_way_may_hold_the_words_and_one_that_waited_does_not(company: Company) -> None:
    await staffed(company)
    await talked(company, "talk", "low")
    await company.report("CompileRequested", "runs", model="low")
    waits = await company.report("CompileRequested", "waits", model="low", queue=True)

    await company.report("PersonErased", "ann")
    error = {"code": "x", "message": "No.", "fix": "", "raw": ""}
    await company.report("CompilationFailed", "runs", by="service:compiler", error=error)
    await packaged_and_compiled(company, "waits", waits.position)

    [notice] = await told(company)
    assert [(one["compilation"], one["version"]) for one in notice["versions"]] == [("runs", None)]
    assert "the compilation of Low that was under way. Cancel what is under way" in notice["message"]
    assert (await company.ask("learnt_from", person="ann")).versions == []


async def test_notices_of_erasure_are_the_same_in_read_models_that_are_built_anew(company: Company) -> None:
    await staffed(company)
    await talked(company, "talk", "low")
    await compiled(company, "low", "c1")
    await company.report("PersonErased", "ann")
    await company.report("CompiledModelDeleted", "c1")
    await compiled(company, "low", "c2")
    before = await told(company)

    rebuilt = company.open_read_models(generation=2)
    found = (await company.ask("notices", sources=rebuilt)).notices

    assert [one.model_dump() for one in found if one.kind == "person_erased"] == before
    assert [one["deleted"] for one in before[0]["versions"]] == [False]
    rebuilt.training.store.close()
    rebuilt.chat.store.close()
