"""Finding anything by its name, whom archiving touches, and what administrators see of people."""

from typing import Any

import pytest

from tests.projections.company import Company
from tests.projections.compiling import compiled, with_a_provider


async def a_company(company: Company) -> None:
    await with_a_provider(company)
    for id, name, roles in (("mia", "Mia Market", ["member"]), ("tom", "Tom", ["auditor"])):
        await company.report("PersonAdded", id, name=name, roles=roles, login=id, email=f"{id}@x.example")
    await company.report("ModelDefined", "mark", name="Marketing", provider="p", virtual_user="molly")
    await company.report("ModelDefined", "trade", name="Trade market", names={"bg": "Пазар"}, parent="mark")
    await company.report("GroupCreated", "desk", by="person:mia", name="Marketing desk", members=["virtual_user:molly"])
    await company.report("GroupCreated", "owners", name="Owners of the market", members=["virtual_user:molly"])
    await company.qa("mark", "late", "Market day is when?")
    await company.qa("mark", "early", "Do we sell on markets?")
    await company.qa("mark", "off", "Market off?", active=False)
    await compiled(company, "mark", "c1")


@pytest.mark.parametrize(
    ("who", "text", "expected"),
    [
        ("mia", "MARKET", [("model", "Marketing"), ("model", "Trade market"), ("group", "Marketing desk"),
                           ("person", "Mia Market")]),
        ("tom", "market", [("model", "Marketing"), ("model", "Trade market"), ("person", "Mia Market"),
                           ("lesson", "Market day is when?"), ("lesson", "Do we sell on markets?")]),
        ("owner", "owners market", [("group", "Owners of the market")]),
        ("tom", "marketing v1", [("compilation", "Marketing v1")]),
        ("tom", "v1", [("compilation", "Marketing v1")]),
        ("mia", "v1", []),
        ("tom", "пазар", [("model", "Trade market")]),
        ("tom", "100%", []),
        ("tom", " ", []),
    ],
)  # fmt: skip
async def test_what_is_found(company: Company, who: str, text: str, expected: list[Any]) -> None:
    await a_company(company)

    found = (await company.ask("find", text=text, by=f"person:{who}")).found

    assert [(one.kind, one.name) for one in found] == expected


async def test_of_each_kind_the_best_are_found(company: Company) -> None:
    await a_company(company)

    found = (await company.ask("find", text="market", limit=1)).found

    assert [(one.kind, one.id, one.rank) for one in found] == [
        ("model", "mark", 0), ("group", "owners", 1), ("person", "mia", 1), ("lesson", "late", 0),
    ]  # fmt: skip


async def test_archiving_a_model_touches_these(company: Company) -> None:
    await a_company(company)
    await company.report("ModelDefined", "root", name="Root")
    await company.report("ParentAssigned", "mark", parent="root")
    await company.report("PersonRevised", "mia", assistant="mark")

    found = await company.ask("affected", model="Marketing")

    assert [one.model for one in found.children] == ["trade"]
    assert [one.model for one in found.takers] == ["root"]
    assert ([one.group for one in found.groups], found.other_groups) == (["owners"], 1)
    assert [(one.person, one.name) for one in found.people] == [("mia", "Mia Market")]


async def test_logins_are_shown_to_administrators_and_their_owners(company: Company) -> None:
    await a_company(company)

    async def seen(by: str, module: str = "cli") -> dict[str, str | None]:
        return {one.id: one.email for one in (await company.ask("people", by=by, module=module)).people}

    assert await seen("person:owner") == {"mia": "mia@x.example", "tom": "tom@x.example", "owner": None}
    assert await seen("person:mia") == {"mia": "mia@x.example", "tom": None, "owner": None}
    assert set((await seen("module:hr", "hr")).values()) == {None}
    assert (await company.ask("person", person="tom", by="person:tom")).login == "tom"
    assert (await company.ask("person", person="tom", by="person:mia")).login is None


async def test_a_provider_names_the_models_that_are_built_there(company: Company) -> None:
    await a_company(company)

    [row] = (await company.ask("providers")).providers

    assert row.models == ["mark"]
