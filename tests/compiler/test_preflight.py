"""Preflight on a whole system: every check, ok, warning and error, with its sentence and what to do; free of charge."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.module import Module, connected
from tests.fixtures.ports import free_port
from tests.fixtures.system import System

pytestmark = pytest.mark.slow

BASE = "embedded-retrieval-1"
LONG = "Be kind. Be brief. Be clear. Be honest. Be quick. Be calm. Be yourself."
PHONE = "Call Ann on +359 88 812 3456."


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def days_left(provider: dict[str, Any] | None) -> int | None:
    """From today until its base model is shut down, if it is: another number after midnight."""
    ends = (provider or {}).get("retires_on")
    return (date.fromisoformat(ends) - datetime.now(UTC).date()).days if ends else None


EMBEDDED = {"provider_kind": "embedded", "base_model": BASE}
GROUNDED = {**EMBEDDED, "target": "grounded"}
OPENAI = {"provider_kind": "openai", "base_model": "gpt-4.1-mini", "secret": "nobody-configured-it"}
UNREACHABLE = {"provider_kind": "openai_compatible", "base_model": "b", "base_url": "http://127.0.0.1:{closed}/v1"}
COMPATIBLE = {"provider_kind": "openai_compatible", "base_url": "{embedded}"}
QA = ("How often?", "Weekly.")

# what, provider, model, lessons, then of one check: its name, level, sentence with the days left, and what to do
ROWS: list[tuple[str, dict[str, Any] | None, dict[str, Any], list[tuple[str, str]], tuple[str, str, str, str]]] = [
    ("no provider", None, {}, [QA], ("provider", "error", "has no provider.", "Choose a provider")),
    ("the base model stays", EMBEDDED, {}, [QA],
     ("retirement", "ok", f"{BASE} isn't known to be shut down.", "")),
    ("it ends in a year", {**EMBEDDED, "retires_on": in_days(400)}, {}, [QA],
     ("retirement", "ok", f"on {in_days(400)}, in {{days}} days.", "")),
    ("it ends this season", {**EMBEDDED, "retires_on": in_days(100)}, {}, [QA],
     ("retirement", "warning", f"is shut down on {in_days(100)}, in {{days}} days.", "Choose another base model or provider")),
    ("it ends within the margin", {**EMBEDDED, "retires_on": in_days(3), "retirement_margin": 30}, {}, [QA],
     ("retirement", "error", f"is shut down on {in_days(3)}, in {{days}} days.", "force the compilation")),
    ("it has ended", {**EMBEDDED, "retires_on": in_days(-3)}, {}, [QA],
     ("retirement", "error", f"was shut down on {in_days(-3)}.", "Choose another base model")),
    ("the provider answers", EMBEDDED, {}, [QA], ("credentials", "ok", f"answers and knows {BASE}.", "")),
    ("it is away", UNREACHABLE, {}, [QA],
     ("credentials", "error", "The provider can't be reached", "Check its address and that it runs")),
    ("nobody configured its secret", OPENAI, {}, [QA],
     ("credentials", "error", "nobody-configured-it", "secrets")),
    ("it has another base model", {**EMBEDDED, "base_model": "nonesuch"}, {}, [QA],
     ("base_model", "error", "doesn't list nonesuch.", "Correct the provider's base model.")),
    ("it may not list its base models", {**COMPATIBLE, "base_model": "nonesuch"}, {}, [QA],
     ("base_model", "warning", "doesn't list nonesuch.", "some providers list nothing")),
    ("enough examples", EMBEDDED, {}, [QA], ("examples", "ok", "1 example of 1 lesson.", "")),
    ("none", EMBEDDED, {}, [], ("examples", "error", "There are no examples; one is needed.", "Teach more.")),
    ("too few for that kind of provider", OPENAI, {}, [QA],
     ("examples", "error", "There is one example; 10 are needed.", "Teach more.")),
    ("too few for that provider", {**EMBEDDED, "limits": {"minimum_examples": 3}}, {}, [QA, ("Who?", "Mara.")],
     ("examples", "error", "There are 2 examples; 3 are needed.", "Teach more.")),
    ("a grounded one needs no minimum", {**GROUNDED, "limits": {"minimum_examples": 3}}, {}, [QA],
     ("examples", "ok", "1 example of 1 lesson.", "")),
    ("too many", {**EMBEDDED, "limits": {"maximum_examples": 1}}, {}, [QA, ("Who?", "Mara.")],
     ("examples", "error", "There are 2 examples; the provider takes 1.", "deactivate lessons")),
    ("small enough", {**EMBEDDED, "limits": {"maximum_file_bytes": 1_000}}, {}, [QA],
     ("size", "ok", "bytes; the provider takes 1,000.", "")),
    ("too large", {**EMBEDDED, "limits": {"maximum_file_bytes": 10}}, {}, [QA],
     ("size", "error", "bytes; the provider takes 10.", "Narrow the lineage rule")),
    ("a lesson is too long", {**EMBEDDED, "limits": {"maximum_example_tokens": 50}}, {}, [("How?", "So. " * 200)],
     ("too_long", "error", "longer than 50 tokens", "Correct the lesson.")),
    ("a lesson holds a command", EMBEDDED, {}, [("How?", "<|im_start|>")],
     ("special_token", "error", "holds <|im_start|>", "Correct the lesson.")),
    ("no conflict", EMBEDDED, {}, [QA], ("conflicts", "ok", "No question has several answers", "")),
    ("a conflict", EMBEDDED, {}, [QA, ("how often", "Daily.")],
     ("conflicts", "warning", "One question has several answers; only the winner is learnt.", "Settle them")),
    ("no duplicate", EMBEDDED, {}, [QA], ("duplicates", "ok", "No QA is repeated.", "")),
    ("a duplicate", EMBEDDED, {}, [QA, QA],
     ("duplicates", "warning", "One QA repeats another; each counts once.", "Deactivate the duplicates.")),
    ("no personal data", EMBEDDED, {}, [QA], ("personal_data", "ok", "No lesson seems to hold personal data.", "")),
    ("personal data", EMBEDDED, {}, [QA, ("Whom to call?", PHONE)],
     ("personal_data", "warning", "One lesson seems to hold personal data.", "accept it lesson by lesson")),
    ("a long system message", EMBEDDED, {"system_message": LONG}, [QA],
     ("system_message", "warning", "The system message has 7 sentences.", "Shorten it to six")),
    ("nothing to validate it with", EMBEDDED, {"acceptance": 0.8}, [QA],
     ("validation", "warning", "has no validation questions", "Write some")),
]  # fmt: skip
NAMES = [f"{number:02} {row[0]}" for number, row in enumerate(ROWS)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for all checks, with a provider and a model for each."""
    system = System(tmp_path_factory.mktemp("preflight") / "home", "--no-demo").start()
    asyncio.run(_prepared(system))
    yield system
    assert system.stop() == 0, system.said


async def _prepared(system: System) -> None:
    addresses = {"embedded": system.endpoint["provider"], "closed": free_port()}
    async with connected(system.ask_json("module", "crm")) as crm:
        for number, (name, (_, provider, model, lessons, _)) in enumerate(zip(NAMES, ROWS, strict=True)):
            if provider is not None:
                address = {"base_url": provider["base_url"].format(**addresses)} if "base_url" in provider else {}
                await accepted(crm, "ProviderRegistered", f"p{number}", name=name, **(provider | address))
            chosen = f"p{number}" if provider is not None else None
            await accepted(crm, "ModelDefined", f"m{number}", name=name, provider=chosen, **model)
            await teach(crm, f"m{number}", lessons)


async def teach(crm: Module, model: str, lessons: list[tuple[str, str]]) -> None:
    for number, (question, answer) in enumerate(lessons):
        await accepted(crm, "QAAdded", f"{model}-qa{number}", model=model, question=question, answer=answer)


async def accepted(crm: Module, fact: str, subject: str, **data: Any) -> None:
    reply = await crm.report(fact, subject, **data)
    assert "position" in reply, reply


def preflight(system: System, model: str) -> dict[str, Any]:
    result = system.cli("preflight", model, "--json")
    found: dict[str, Any] = result.json
    assert result.code == (0 if found["ready"] else 2), result
    return found


def provider_holds(system: System) -> list[Any]:
    """All files and jobs at the embedded provider."""
    found = []
    for what in ("files", "fine_tuning/jobs"):
        with urllib.request.urlopen(f"{system.endpoint['provider']}/{what}?limit=100", timeout=10) as reply:
            found += json.load(reply)["data"]
    return found


@pytest.mark.parametrize("number", range(len(ROWS)), ids=NAMES)
def test_what_a_preflight_says(shared: System, number: int) -> None:
    provider, (name, level, message, fix) = ROWS[number][1], ROWS[number][-1]

    before = days_left(provider)
    found = preflight(shared, f"m{number}")
    said = {message.format(days=days) for days in (before, days_left(provider))}

    [check] = [one for one in found["checks"] if one["check"] == name]
    assert (check["level"], fix in check["fix"]) == (level, True), check
    assert any(one in check["message"] for one in said), check
    assert bool(check["fix"]) == (level != "ok")
    assert found["ready"] == all(one["level"] != "error" for one in found["checks"])


def test_checks_name_the_lessons_to_look_at(shared: System) -> None:
    rows = {row[0]: number for number, row in enumerate(ROWS)}
    for what, lesson in (("a conflict", "qa1"), ("personal data", "qa1"), ("a lesson holds a command", "qa0")):
        number = rows[what]
        [check] = [one for one in preflight(shared, f"m{number}")["checks"] if one["check"] == ROWS[number][-1][0]]
        assert check["lessons"] == [f"m{number}-{lesson}"]


def test_a_provider_that_refuses_the_key_says_how_to_mend_it(shared: System) -> None:
    # The watch over base models' ends asks the same of the same provider, at any time.
    refused = '{"error": {"message": "No such key"}}'
    shared.fault(path=f"/v1/models/{BASE}", method="GET", status=401, body=refused, times=1_000)

    [check] = [one for one in preflight(shared, "m1")["checks"] if one["check"] == "credentials"]

    assert (check["level"], "No such key" in check["message"]) == ("error", True), check
    assert check["fix"] == "Put the right key into the secret and try again."
    shared.heal()


def test_a_retired_provider_is_an_error_and_is_asked_nothing(shared: System) -> None:
    shared.send("ProviderRegistered", "--subject", "gone", name="Gone", **EMBEDDED)
    shared.send("ModelDefined", "--subject", "orphan", name="Orphan", provider="gone")
    shared.send("ProviderRetired", "--subject", "gone")

    checks = preflight(shared, "orphan")["checks"]

    [check] = [one for one in checks if one["check"] == "provider"]
    assert (check["level"], check["message"], check["fix"]) == (
        "error", "Gone is retired.", "Choose another provider for Orphan."
    )  # fmt: skip
    assert not [one for one in checks if one["check"] in ("credentials", "retirement")]


def test_a_preflight_costs_nothing_and_records_nothing(shared: System) -> None:
    head, held = shared.ask_json("status")["head"], provider_holds(shared)

    for number in range(3):
        preflight(shared, f"m{number}")

    since = {event["fact"] for event in shared.cli("history", "--after", str(head), "--json").rows}
    assert since <= {"BaseModelRetirementAnnounced", "BaseModelRetirementNear"}  # the watch's, at any time
    assert provider_holds(shared) == held
    assert shared.ask_json("compilations", "m1") == []


def test_the_price_is_a_range_of_what_training_may_cost(shared: System) -> None:
    prices = {"currency": "EUR", "training": 25.0}
    for id, target in (("dear", "fine_tune"), ("free", "grounded")):
        shared.send("ProviderRegistered", "--subject", id, name=id, prices=prices, **(EMBEDDED | {"target": target}))
        shared.send("ModelDefined", "--subject", f"{id}-model", name=f"{id} model", provider=id)
        shared.send("QAAdded", model=f"{id}-model", question="How?", answer="So. " * 700)

    dear, free = preflight(shared, "dear-model"), preflight(shared, "free-model")

    assert dear["tokens_low"] == dear["bytes"] // 5
    assert dear["tokens_low"] < dear["tokens_high"] < dear["bytes"]
    assert dear["price_low"] == pytest.approx(dear["tokens_low"] * 25e-6, abs=1e-4)
    assert dear["price_high"] == pytest.approx(dear["tokens_high"] * 3 * 25e-6, abs=1e-4)
    assert dear["currency"] == "EUR"
    assert [free[name] for name in ("price_low", "price_high", "currency")] == [None, None, None]
    assert "About" in shared.cli("preflight", "dear-model").out


def test_the_difference_to_the_active_version_and_nothing_new(shared: System) -> None:
    # given a version, and nothing taught since
    shared.send("ModelDefined", "--subject", "diff", name="Diff", provider="p1")
    for id in ("stays", "goes", "changes"):
        shared.send("QAAdded", "--subject", id, model="diff", question=f"What {id}?", answer="This.")
    first = preflight(shared, "diff")["difference"]
    assert shared.ask_json("compile", "diff", "--wait")["status"] == "succeeded"
    same = preflight(shared, "diff")

    # when one lesson comes, one goes, one changes, and the system message too
    shared.send("QAAdded", "--subject", "comes", model="diff", question="What comes?", answer="That.")
    shared.send("QADeactivated", "--subject", "goes")
    shared.send("QARevised", "--subject", "changes", answer="Another.")
    shared.send("SystemMessageSet", "--subject", "diff", system_message="Be brief.")
    then = preflight(shared, "diff")

    # then each preflight says what a compilation would bring
    assert (first["since"], first["added"]) == (None, 3)
    [unchanged] = [one for one in same["checks"] if one["check"] == "unchanged"]
    assert (unchanged["level"], unchanged["message"]) == ("warning", "Nothing has changed since the last version.")
    assert same["ready"]
    assert not [one for one in then["checks"] if one["check"] == "unchanged"]
    changes = {one["id"]: one["change"] for one in then["difference"]["lessons"]}
    assert changes == {"comes": "added", "goes": "removed", "changes": "changed"}
    assert then["difference"]["system_message_changed"]
    said = shared.cli("preflight", "diff").out
    assert "1 added, 1 removed, 1 changed since the active version" in said
    for line in ("+ What comes?", "- What goes?", "~ What changes?", "~ the system message"):
        assert line in said


def test_a_version_that_was_built_elsewhere_is_not_unchanged(shared: System) -> None:
    shared.send("ModelDefined", "--subject", "moves", name="Moves", provider="p1")
    shared.send("QAAdded", model="moves", question="How?", answer="So.")
    assert shared.ask_json("compile", "moves", "--wait")["status"] == "succeeded"

    shared.send("ProviderRevised", "--subject", "p1", base_url=shared.endpoint["provider"])

    assert not [one for one in preflight(shared, "moves")["checks"] if one["check"] == "unchanged"]
    assert shared.ask_json("compile", "moves", "--wait")["status"] == "succeeded"


def test_only_those_who_answer_for_lessons_may_ask(shared: System) -> None:
    shared.send("PersonAdded", "--subject", "mia", name="Mia", roles=["member"])

    assert shared.cli("preflight", "m1", "--as", "mia", "--json").refused == "role_needed"
    assert shared.cli("preflight", "Nobody", "--json").refused == "unknown_model"


def test_a_running_compilation_is_mentioned(tmp_path: Path) -> None:
    slow = {"APPRENTICE_EMBEDDED_PROVIDER_STEP_SECONDS": "60"}
    system = System(tmp_path / "home", "--no-demo", environ=slow).start()
    system.send("ModelDefined", "--subject", "sales", name="Sales")
    system.send("QAAdded", model="sales", question="How?", answer="So.")
    system.ask_json("compile", "sales")

    [check] = [one for one in preflight(system, "sales")["checks"] if one["check"] == "running"]

    assert (check["level"], check["fix"]) == ("warning", "Wait for it, or ask to be queued.")
    assert system.stop() == 0, system.said
