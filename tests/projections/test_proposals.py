"""What is left of proposals when somebody whose words stand in them is erased."""

from tests.projections.company import Company

SECRET = "Only on Mondays"


async def test_of_an_erased_persons_proposals_nothing_is_left_and_others_stay(company: Company) -> None:
    # given what Ann proposed, what Bob proposed with her words in it, and what is only Bob's
    await company.report("ModelDefined", "m", name="M")
    for name in ("ann", "bob"):
        await company.report("PersonAdded", name, name=name.title())
    await company.report("QAAdded", "hers", by="person:ann", model="m", question="When?", answer=SECRET)
    turns = [
        {"role": "user", "content": SECRET, "author": "person:ann"},
        {"role": "assistant", "content": "Noted.", "learn": True},
    ]
    await company.report("ConversationTrained", "with-her", by="person:bob", model="m", messages=turns)
    await company.report("QAAdded", "his", by="person:bob", model="m", question="Where?", answer="Here.")
    before = {one.id: one for one in (await company.ask("proposals")).proposals}

    # when she is erased
    await company.report("PersonErased", "ann")

    # then her words are in none of them, also not when the read models are built anew
    grown = {one.id: one for one in (await company.ask("proposals")).proposals}
    fresh = company.open_read_models(generation=2)
    anew = {one.id: one for one in (await company.ask("proposals", sources=fresh)).proposals}
    for one in (fresh.training.store, fresh.chat.store):
        one.close()
    assert all(SECRET in before[id].model_dump_json() for id in ("hers", "with-her"))
    for found in (grown, anew):
        assert SECRET not in "".join(one.model_dump_json() for one in found.values())
        assert found["his"] == before["his"]
