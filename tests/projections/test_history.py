"""What happened, as it is told to those who may read it."""

import pytest

from services.refusals import Refused
from tests.projections.company import Company
from tests.projections.talking import with_a_group


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


async def test_the_chain_and_the_state_are_told(company: Company) -> None:
    await with_a_group(company)

    chain, state = await company.ask("chain"), await company.ask("state")

    assert (chain.whole, chain.events) == (True, company.log.head().position)
    assert state.head == company.log.head().position
    assert {one.position for one in state.read_models} == {state.head}
