"""Base models that end: what is recorded when, who is told, and everything recompiled elsewhere in time."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.envelope import Envelope
from contracts.facts import Fact
from contracts.facts.provider import BaseModelRetirementAnnounced, BaseModelRetirementNear, ProviderKind
from contracts.queries import ProviderRow, Providers, Query
from services.compiler.retirement import fact_id, news, watch
from services.providers.retirements import known_end
from services.refusals import Refused
from services.settings import Login
from tests.compiler.peers import compiling
from tests.fixtures.system import System
from tests.system.test_compiling import until

TODAY = date(2026, 11, 25)
BASE = "embedded-retrieval-1"


def row(retires_on: date | None = None) -> ProviderRow:
    return ProviderRow(
        id="p", name="P", names={}, provider_kind="openai", base_url=None, base_model="gpt-4.1-mini", target="fine_tune",
        secret="s", limits={}, prices=None, retires_on=retires_on.isoformat() if retires_on else None,
        retirement_margin=30, retired=False, notes="", revision=1,
    )  # fmt: skip


def announced(ends: date) -> Fact:
    return BaseModelRetirementAnnounced(base_model="gpt-4.1-mini", retires_on=ends)


def near(ends: date, days: int) -> Fact:
    return BaseModelRetirementNear.model_validate({"base_model": "gpt-4.1-mini", "retires_on": ends, "days": days})


def after(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("why", "recorded", "said", "expected"),
    [
        ("nobody knows of an end", None, None, []),
        ("an end far away", None, after(400), [announced(after(400))]),
        ("it is known already", after(400), after(400), []),
        ("the provider says nothing any more", after(400), None, []),
        ("the provider says another day", after(400), after(300), [announced(after(300))]),
        ("91 days before", after(91), after(91), []),
        ("90 days before", after(90), after(90), [near(after(90), 90)]),
        ("31 days before", after(31), None, [near(after(31), 90)]),
        ("30 days before", after(30), None, [near(after(30), 30)]),
        ("8 days before", after(8), None, [near(after(8), 30)]),
        ("7 days before", after(7), None, [near(after(7), 7)]),
        ("on the day itself", after(0), None, [near(after(0), 7)]),
        ("too late to warn", after(-1), None, []),
        ("heard of only now, and soon", None, after(5), [announced(after(5)), near(after(5), 7)]),
    ],
)
def test_what_is_to_be_recorded_of_a_base_models_end(
    why: str, recorded: date | None, said: date | None, expected: list[Fact]
) -> None:
    assert list(news(row(recorded), said, TODAY)) == expected, why


@pytest.mark.parametrize(
    ("kind", "base_model", "ends"),
    [
        ("openai", "gpt-4o-mini-2024-07-18", date(2027, 1, 14)),
        ("openai", "gpt-4.1-2025-04-14", date(2027, 1, 14)),
        ("openai", "ft:gpt-4.1-mini-2025-04-14:rowan::abc", date(2027, 1, 14)),
        ("openai", "gpt-5-mini", None),
        ("openai_compatible", "gpt-4o-mini", None),
        ("embedded", BASE, None),
    ],
)
def test_ends_that_were_announced_in_public(kind: ProviderKind, base_model: str, ends: date | None) -> None:
    assert known_end(kind, base_model) == ends


def test_news_are_recorded_once_and_a_day_that_comes_back_after_another_is_news_again() -> None:
    first, later = row(after(300)), row(after(400)).model_copy(update={"revision": 3})

    assert fact_id(first, announced(after(300))) == fact_id(first, announced(after(300)))
    assert fact_id(first, announced(after(300))) != fact_id(later, announced(after(300)))
    assert fact_id(first, near(after(5), 7)) != fact_id(first, near(after(5), 30))


async def test_what_is_refused_of_one_provider_hides_nobody_behind_it(
    bus_login: Callable[[str], Login], tmp_path: Path
) -> None:
    # given two providers whose base models end soon, of which the first is retired by the time of its news
    soon = datetime.now(UTC).date() + timedelta(days=5)
    listed = Providers(providers=[row(soon).model_copy(update={"id": id}) for id in ("first", "second")])
    told = asyncio.Event()

    async def providers(_: Query) -> Providers:
        return listed

    def decide(reported: Envelope) -> None:
        if reported.subject == "first":
            raise Refused("provider_retired", "First is retired; register a new provider.")
        told.set()

    async with compiling(bus_login, tmp_path, {"providers": providers}, decide) as context:
        # when they are watched
        stop = asyncio.Event()
        watching = asyncio.create_task(watch(context, stop))

        # then the second's news are recorded
        await asyncio.wait_for(told.wait(), 10)
        stop.set()
        await watching


@pytest.fixture
def apprentice(system: System) -> Iterator[System]:
    """A parent and its child at `old`, a model elsewhere, one without a provider; `new` stands ready."""
    embedded = {"provider_kind": "embedded", "base_model": BASE}
    system.send("ProviderRegistered", "--subject", "old", name="Old", **embedded)
    system.send("ProviderRegistered", "--subject", "new", name="New", **embedded)
    define(system, "z-top", "old")
    define(system, "a-child", "old", parent="z-top")
    define(system, "other", "embedded")
    define(system, "loose", None)
    yield system


def define(system: System, id: str, provider: str | None, **more: Any) -> None:
    system.send("ModelDefined", "--subject", id, name=id.title(), provider=provider, **more)
    system.send("QAAdded", model=id, question=f"What does {id} do?", answer=f"The work of {id}.")


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


@pytest.mark.slow
def test_administrators_are_told_before_a_base_model_ends_and_what_would_die_is_refused(system: System) -> None:
    # given a provider whose base model ends in twenty days, and a model at it
    ends = in_days(20)
    system.send("PersonAdded", "--subject", "tess", name="Tess", roles=["trainer"])
    system.send("ProviderRegistered", "--subject", "old", name="Old", provider_kind="embedded", base_model=BASE,
                retires_on=ends)  # fmt: skip
    define(system, "sales", "old")

    # when it is looked at
    until(system, "BaseModelRetirementNear")

    # then administrators are told, once, and trainers aren't
    [told] = system.ask_json("notices")["notices"]
    assert (told["kind"], told["days"], told["retires_on"]) == ("base_model_retires", 30, ends)
    assert told["message"] == (
        f"{BASE} at Old is shut down on {ends} (in 30 days or fewer); choose another base model or provider, then recompile."
    )
    assert system.ask_json("notices", "--as", "tess")["notices"] == []

    # and nothing is compiled on it, unless somebody insists
    assert system.cli("compile", "sales", "--json").refused == "base_model_retires"
    assert system.ask_json("compile", "sales", "--force", "--wait")["status"] == "succeeded"


@pytest.mark.slow
def test_everything_at_a_provider_is_recompiled_at_another_parents_first(apprentice: System) -> None:
    # given versions at the old provider, and a child that asks for a proof which it can't give
    apprentice.ask_json("compile", "a-child", "--wait")
    apprentice.send("ModelRevised", "--subject", "a-child", acceptance=1.0)
    apprentice.send("QAAdded", model="a-child", question="Who is the best?", answer="Nobody.", purpose="validation")
    before = apprentice.ask_json("status")["head"]

    # when everything there moves to the new one
    accepted = apprentice.ask_json("recompile", "new", "--from", "old")
    until(apprentice, "CompilationSucceeded", 3)

    # then the models of the old one were asked for in lineage order, by whoever asked for all
    events = apprentice.cli("history", "--after", str(before), "--json").rows
    asked = [one for one in events if one["fact"] == "CompileRequested"]
    assert [one["data"]["model"] for one in asked] == ["z-top", "a-child"]
    assert {(one["data"]["occasion"], one["actor"], one["data"]["plan"]["provider"]) for one in asked} == {
        ("recompilation", "person:owner", "new")
    }
    assert asked[-1]["position"] == accepted["position"]

    # and each answers from its new version only where that was accepted
    models = {one["id"]: one for one in apprentice.ask_json("models")}
    assert {id: models[id]["provider"] for id in models} == {
        "z-top": "new", "a-child": "new", "other": "embedded", "loose": None,
    }  # fmt: skip
    assert models["z-top"]["active"]["provider"] == "new"
    assert (models["a-child"]["active"]["version"], models["a-child"]["active"]["provider"]) == (1, "old")
    told = [one["message"] for one in apprentice.ask_json("notices")["notices"]]
    assert sum("It was not accepted, so the version before goes on answering." in one for one in told) == 1


@pytest.mark.slow
def test_where_nothing_is_to_be_recompiled_it_is_said(apprentice: System) -> None:
    assert apprentice.cli("recompile", "new", "--json").refused == "nothing_changes"
    assert apprentice.cli("recompile", "nowhere", "--json").refused == "unknown_provider"

    apprentice.send("BaseModelRetirementAnnounced", "--subject", "new", base_model=BASE, retires_on=in_days(3))

    assert apprentice.cli("recompile", "new", "--all", "--json").refused == "base_model_retires"
