"""How far a compilation is, from what was recorded of it; and how a provider stands. No browser, no system."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from contracts.facts.compilation import Plan, Problem, Status
from contracts.facts.model import LineageRule
from contracts.facts.provider import Limits
from contracts.queries import CompilationRow, LogLine, ProviderRow, UsualTime
from services.settings import Secret
from services.web.rendering import environment
from services.web.views.building import MOST_PERCENT, fix_of, steps
from services.web.views.providing import as_given, fields_of, looks_like_a_key, secret_state, shown

BEGAN = datetime(2026, 11, 25, 10, tzinfo=UTC)
PLAN = Plan(provider="aurora", provider_kind="openai_compatible", base_url="https://a.example/v1", base_model="open-8b",
            target="fine_tune", secret=None, lineage=LineageRule())  # fmt: skip
PACKAGED, UPLOADED, TRAINED = "TrainingSetPackaged", "FileUploaded", "EvaluationStarted"


def compilation(status: Status, *facts: str, target: str = "fine_tune", **more: Any) -> CompilationRow:
    """One that began at ten; each of the facts came ten seconds after the one before."""
    log = [
        LogLine(position=number, time=(BEGAN + timedelta(seconds=10 * number)).isoformat(), fact=fact, message="")
        for number, fact in enumerate(("CompileRequested", *facts))
    ]
    empty = {name: None for name, field in CompilationRow.model_fields.items() if field.is_required()}
    given = {"id": "c1", "model": "sales", "status": status, "revision": 1, "requested_by": "person:mara",
             "requested_at": BEGAN.isoformat(), "occasion": "asked", "position": 7, "forced": False,
             "cancel_requested": False, "plan": PLAN.model_copy(update={"target": target}), "results": [], "log": log,
             "started_at": None if status == "queued" else BEGAN.isoformat()}  # fmt: skip
    return CompilationRow.model_validate(empty | given | more)


def states(row: CompilationRow, active: int | None = 3, after: float = 25) -> dict[str, str]:
    return {step.name: step.state for step in steps(row, active, BEGAN + timedelta(seconds=after))}


def test_steps_behind_it_are_done_one_runs_and_the_rest_is_ahead() -> None:
    row = compilation("training", PACKAGED, UPLOADED)
    assert states(row) == {
        "packaging": "did", "uploading": "did", "training": "now", "evaluating": "ahead", "active": "ahead",
    }  # fmt: skip
    assert [step.seconds for step in steps(row, 3, BEGAN)][:2] == [10.0, 10.0]


def test_a_grounded_compilation_has_neither_upload_nor_training() -> None:
    assert list(states(compilation("evaluating", PACKAGED, target="grounded"))) == ["packaging", "evaluating", "active"]


def test_a_failure_breaks_the_step_that_ran_and_leaves_the_rest_unreached() -> None:
    row = compilation("failed", PACKAGED, ended_at=(BEGAN + timedelta(seconds=12)).isoformat())
    found = {step.name: step for step in steps(row, 3, BEGAN)}
    assert (found["uploading"].state, found["uploading"].seconds) == ("broke", 2.0)
    assert {found[name].state for name in ("training", "evaluating", "active")} == {"unreached"}


def test_a_queued_one_has_everything_ahead() -> None:
    assert set(states(compilation("queued")).values()) == {"ahead"}


def test_only_the_version_that_answers_is_active() -> None:
    row = compilation("succeeded", PACKAGED, UPLOADED, TRAINED, "CompilationSucceeded", version=3)
    assert states(row, active=3)["active"] == "did"
    assert states(row, active=4)["active"] == "unreached"


@pytest.mark.parametrize(("after", "percent"), [(20, 0), (30, 50), (1_000, MOST_PERCENT)])
def test_progress_is_what_has_passed_of_the_usual_time_and_never_looks_finished(after: int, percent: int) -> None:
    usual = UsualTime(seconds=60, steps={"training": 20.0}, of="model", expected_at=None)
    row = compilation("training", PACKAGED, UPLOADED, usual=usual)
    running = next(step for step in steps(row, 3, BEGAN + timedelta(seconds=after)) if step.state == "now")
    assert running.percent == percent


def test_without_a_usual_time_no_progress_is_claimed() -> None:
    assert steps(compilation("training", PACKAGED, UPLOADED), 3, BEGAN)[2].percent is None


@pytest.mark.parametrize(
    ("code", "lesson", "fix"),
    [
        ("provider_unauthorized", None, "provider"),
        ("special_token", "qa-1", "lesson"),
        ("too_few_examples", None, "lessons"),
        ("provider_broken", None, "again"),
    ],
)
def test_a_failure_is_mended_where_it_comes_from(code: str, lesson: str | None, fix: str) -> None:
    error = Problem(code=code, message="It broke.", lesson=lesson)
    assert fix_of(compilation("failed", error=error)) == fix


# providers ------------------------------------------------------------------------------------------------------------

SECRETS = {"AURORA": Secret("", frozenset({"a.example"}))}


def provider(**more: Any) -> ProviderRow:
    given = {"id": "aurora", "name": "Aurora", "names": {"bg": "Аврора", "de": "Aurora EU"}, "base_model": "open-8b",
             "provider_kind": "openai_compatible", "base_url": "https://a.example/v1", "target": "grounded", "secret": None,
             "limits": Limits(), "prices": None, "retires_on": None, "retirement_margin": 30, "retired": False,
             "notes": "", "revision": 1}  # fmt: skip
    return ProviderRow.model_validate(given | more)


@pytest.mark.parametrize(
    ("row", "secrets", "state"),
    [
        (provider(), SECRETS, "none"),
        (provider(secret="AURORA"), SECRETS, "set"),
        (provider(secret="AURORA", base_url="https://b.example/v1"), SECRETS, "host"),
        (provider(secret="OTHER"), SECRETS, "missing"),
        (provider(secret="OTHER"), None, "unknown"),
        (provider(provider_kind="openai", base_url=None), SECRETS, "missing"),
    ],
)
def test_a_secret_is_set_missing_or_kept_from_the_host(
    row: ProviderRow, secrets: dict[str, Secret] | None, state: str
) -> None:
    assert secret_state(row, secrets) == state


@pytest.mark.parametrize("address", ["http://[::1/v1", "http://a.example:99999/v1"])
def test_a_provider_is_shown_whatever_its_address_says(address: str) -> None:
    row = provider(secret="AURORA", base_url=address)

    assert shown(row, SECRETS, date(2026, 11, 25)).row.base_url == address


def test_days_are_counted_to_the_end_of_the_base_model() -> None:
    row = provider(retires_on="2027-01-14")
    assert (shown(row, {}, date(2026, 11, 25)).days, shown(row, {}, date(2026, 11, 25)).ends_soon) == (50, True)
    assert shown(row, {}, date(2026, 6, 1)).ends_soon is False
    assert shown(row, {}, date(2027, 1, 20)).days == -6


def test_a_form_sent_back_as_it_was_changes_nothing() -> None:
    row = provider(limits={"minimum_examples": 10}, prices={"currency": "EUR", "training": 18.5}, notes="Two\nlines")
    from contracts.facts.provider import ProviderRevised

    said = ProviderRevised.model_validate(fields_of(as_given(row), row.names)).changes()
    assert {name: value for name, value in said.items() if value != getattr(row, name)} == {}


@pytest.mark.parametrize(("text", "key"), [("OPENAI_KEY", False), ("sk-proj-abc", True), ("a" * 40, True), ("", False)])
def test_a_key_is_told_from_the_name_of_one(text: str, *, key: bool) -> None:
    assert looks_like_a_key(text) is key


@pytest.mark.parametrize(("least", "most", "words"), [
    (0.2, 0.9, "under 1 s"), (3.1, 3.4, "3 s"), (0.3, 12.2, "1 to 12 s"), (58, 59.4, "58 to 59 s"),
    (240, 372, "4 to 6 min"), (305, 310, "5 min"), (20, 130, "1 to 2 min"), (3000, 7300, "1 to 2 h"),
])  # fmt: skip
def test_the_time_that_a_compilation_usually_takes_is_told_from_the_shortest_to_the_longest(
    least: float, most: float, words: str
) -> None:
    usual = UsualTime(seconds=most, steps={}, of="model", expected_at=None, least=least, most=most)

    assert environment("en").get_template("compilation_macros.html").module.usual_time(usual) == words  # type: ignore[attr-defined]
