"""What is private stays so in every query: chats of two, and what somebody's own assistant learns."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts.queries import QUERIES
from services.refusals import Refused
from tests.projections.company import Company

SECRET = "On Mondays at the Sunny Side Baths"
LESSON_QUERIES = ("lessons", "training_page", "conflicts", "resemblances", "personal_data", "difference",
                  "compilations", "last_success", "lesson_table")  # fmt: skip


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    """Ann has an assistant of her own, which she taught something and talked with; Eve audits, Tom trains."""
    found = await Company(tmp_path).begin()
    await found.report("ModelDefined", "own", name="Ann's own", use="personal", virtual_user="mine")
    await found.report("PersonAdded", "ann", name="Ann", roles=["trainer"], assistant="own")
    for name, role in (("eve", "auditor"), ("tom", "trainer"), ("max", "member")):
        await found.report("PersonAdded", name, name=name.title(), roles=[role])
    await found.qa("own", "swim", "When do I swim?", SECRET, by="person:ann")
    await found.report(
        "GroupCreated", "chat", by="person:ann", name=SECRET, use="assistant", members=["virtual_user:mine"]
    )
    await found.report("MessagePosted", "said", by="person:ann", group="chat", text=SECRET)
    yield found
    await found.close()


STRANGERS = ("person:owner", "person:eve", "person:tom", "person:max", "module:erp")


def as_(actor: str) -> dict[str, Any]:
    return {"by": actor, "module": "cli" if actor.startswith("person:") else actor.partition(":")[2]}


@pytest.mark.parametrize("actor", STRANGERS)
async def test_what_an_own_assistant_learns_is_told_nobody_else(company: Company, actor: str) -> None:
    for name in LESSON_QUERIES:
        with pytest.raises(Refused) as refusal:
            await company.ask(name, model="own", **as_(actor))
        assert refusal.value.code in ("personal_model", "unknown_model", "role_needed"), name
    for name, wanted in (("nearest", {"question": "When?"}), ("known_questions", {"questions": ["When do I swim?"]})):
        with pytest.raises(Refused):
            await company.ask(name, model="own", **wanted, **as_(actor))
    with pytest.raises(Refused):
        await company.ask("lesson", lesson="swim", **as_(actor))


@pytest.mark.parametrize("actor", STRANGERS)
async def test_nobody_else_finds_it(company: Company, actor: str) -> None:
    found = await company.ask("find", text="swim", **as_(actor))

    assert [one.id for one in found.found if one.kind == "lesson"] == []
    assert "own" not in [
        one.id for one in (await company.ask("find", text="own", **as_(actor))).found if actor != "person:owner"
    ]


async def test_its_person_sees_all_of_it(company: Company) -> None:
    for name in LESSON_QUERIES:
        await company.ask(name, model="own", by="person:ann")
    assert (await company.ask("lesson", lesson="swim", by="person:ann")).answer == SECRET


async def test_an_own_assistant_is_there_for_its_person_and_for_administrators_alone(company: Company) -> None:
    seen = {
        actor: [one.model for one in (await company.ask("assistants", **as_(actor))).assistants]
        for actor in (*STRANGERS, "person:ann")
    }

    assert {actor for actor, models in seen.items() if "own" in models} == {"person:owner", "person:ann"}
    assert [one.id for one in (await company.ask("models", by="person:tom")).models] == []


@pytest.mark.parametrize("actor", STRANGERS)
async def test_a_chat_of_two_is_in_no_answer_to_anybody_else(company: Company, actor: str) -> None:
    for name, wanted in (
        ("group", {"group": "chat"}),
        ("messages", {"group": "chat"}),
        ("question", {"message": "said"}),
    ):
        with pytest.raises(Refused) as refusal:
            await company.ask(name, **wanted, **as_(actor))
        assert SECRET not in refusal.value.message
    assert (await company.ask("groups", **as_(actor))).groups == []


@pytest.mark.parametrize("actor", ["person:owner", "person:eve", "person:tom", "module:erp"])
async def test_the_history_says_that_something_private_happened_and_not_what(company: Company, actor: str) -> None:
    page = await company.ask("history", **as_(actor))

    assert SECRET not in page.model_dump_json()
    told = {event.fact: event.data for event in page.events if event.fact in ("GroupCreated", "MessagePosted")}
    assert told == ({"GroupCreated": {}, "MessagePosted": {}} if actor.startswith("person:") else {})


def test_every_query_is_looked_at_here_or_has_nothing_to_hide() -> None:
    # whoever adds a query about a model's lessons adds it above
    about_models = {name for name, (wanted, _) in QUERIES.items() if "model" in wanted.model_fields}

    assert about_models - {*LESSON_QUERIES, "nearest", "known_questions"} == {
        "model", "system_messages", "affected", "proposals", "history", "preflight", "ask",
    }  # fmt: skip
