"""Who may ask what: a table in one place, and what members see of what they may ask."""

from typing import Any

import pytest

from contracts.queries import QUERIES
from services.projections.asker import STUDIO
from services.projections.readers import READERS
from services.projections.service import HANDLERS
from services.refusals import Refused
from tests.projections.company import Company

ANSWERED_ELSEWHERE = {"ask", "preflight", "sequence", "sign_in_link"}


def test_of_every_query_it_is_said_who_may_ask_it() -> None:
    assert READERS.keys() == HANDLERS.keys() | {"rebuild"}
    assert QUERIES.keys() == READERS.keys() | ANSWERED_ELSEWHERE


@pytest.mark.parametrize("query", sorted(name for name, roles in READERS.items() if roles == STUDIO))
async def test_members_may_not_ask_what_models_are_made_of(company: Company, query: str) -> None:
    await company.report("PersonAdded", "mia", name="Mia", roles=["member"])
    wanted: dict[str, Any] = {
        name: "m" for name, field in QUERIES[query][0].model_fields.items() if field.is_required()
    }

    with pytest.raises(Refused) as refusal:
        await company.ask_anything(
            query, wanted | ({"questions": []} if "questions" in wanted else {}), by="person:mia"
        )

    assert refusal.value.code == "role_needed"


async def test_everybody_knows_the_assistants_but_not_what_makes_them(company: Company) -> None:
    await company.report("PersonAdded", "mia", name="Mia", roles=["member"])
    await company.report("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b")
    await company.report("ModelDefined", "m", name="Marketing", names={"bg": "Маркетинг"}, virtual_user="molly",
                         provider="p", system_message="Secret.")  # fmt: skip
    await company.report("ModelDefined", "old", name="Old")
    await company.report("ModelArchived", "old")

    [row] = (await company.ask("assistants", by="person:mia")).assistants
    every = (await company.ask("assistants", by="module:shop", module="shop", archived=True)).assistants

    assert (row.model, row.name, row.names, row.virtual_user) == ("m", "Marketing", {"bg": "Маркетинг"}, "molly")
    assert (row.version, row.has_provider, row.use) == (None, True, "arbiter")
    assert "Secret" not in row.model_dump_json()
    assert [(one.model, one.archived) for one in every] == [("m", False), ("old", True)]


async def test_members_see_the_lessons_that_they_taught_or_proposed(company: Company) -> None:
    for name in ("mia", "tom"):
        await company.report("PersonAdded", name, name=name.title(), roles=["member"])
    await company.report("ModelDefined", "m", name="M")
    await company.qa("m", "taught")
    await company.report("QAAdded", "own", by="person:mia", model="m", question="Mine?", answer="Yes.")
    await company.report("LessonApproved", "own")
    await company.report("QARevised", by="person:mia", subject="taught", answer="No.")

    assert (await company.ask("lesson", by="person:mia", lesson="own")).question == "Mine?"
    assert (await company.ask("lesson", by="person:mia", lesson="taught")).answer == "Yes."
    assert (await company.ask("lesson", by="module:shop", module="shop", lesson="taught")).answer == "Yes."
    for lesson in ("own", "taught"):
        with pytest.raises(Refused, match=f"There is no lesson {lesson}"):
            await company.ask("lesson", by="person:tom", lesson=lesson)


@pytest.mark.parametrize(("query", "wanted"), [("open_questions", {}), ("sign_in", {"login": "owner"})])
async def test_only_services_ask_for_open_questions_and_whose_login_it_is(
    company: Company, query: str, wanted: dict[str, str]
) -> None:
    for actor, module in (("person:owner", "cli"), ("module:shop", "shop")):
        with pytest.raises(Refused, match=f"Only services ask the query {query}"):
            await company.ask(query, by=actor, module=module, **wanted)


async def test_members_may_ask_whether_a_question_is_known_but_not_for_its_answer(company: Company) -> None:
    await company.report("PersonAdded", "mia", name="Mia", roles=["member"])
    await company.report("ModelDefined", "m", name="M")
    await company.qa("m", "qa", "How?", "Secretly.")
    wanted = {"model": "m", "questions": ["how"]}

    known = await company.ask_anything("known_questions", wanted | {"answers": False}, by="person:mia")

    assert [one.lesson for one in known.known] == ["qa"]
    assert "Secretly" not in known.model_dump_json()
    with pytest.raises(Refused) as refusal:
        await company.ask_anything("known_questions", wanted, by="person:mia")
    assert refusal.value.code == "role_needed"
