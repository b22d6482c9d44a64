"""Which versions learnt from somebody who was erased."""

from tests.projections.company import Company
from tests.projections.test_training_sets import compiled


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
