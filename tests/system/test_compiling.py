"""Compilations on a whole system: grounded, cancelled, queued, and gone on with after a power cut at every step."""

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.system import System

pytestmark = pytest.mark.slow

SLOW = {"APPRENTICE_EMBEDDED_PROVIDER_STEP_SECONDS": "0.7"}
PATIENT = {"APPRENTICE_EMBEDDED_PROVIDER_STEP_SECONDS": "60"}


def taught(system: System) -> System:
    """A model with one lesson."""
    system.send("ModelDefined", "--subject", "sales", name="Sales")
    system.send("QAAdded", model="sales", question="How often should we call?", answer="Once a week.")
    return system


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[System]:
    """A system whose provider takes 0.7 s for each step of a job."""
    system = taught(System(tmp_path / "home", "--no-demo", environ=SLOW).start())
    yield system
    if system.running:
        assert system.stop() == 0, system.said + (system.home / "apprentice.log").read_text(encoding="utf-8")[-6_000:]


def learning(system: System, model: str, **more: Any) -> None:
    """Another model with one lesson."""
    system.send("ModelDefined", "--subject", model, name=model.title(), **more)
    system.send("QAAdded", model=model, question=f"Where is {model}?", answer="Over there.")


def jobs(system: System) -> list[Any]:
    """All jobs at the embedded provider."""
    with urllib.request.urlopen(f"{system.endpoint['provider']}/fine_tuning/jobs?limit=100", timeout=10) as reply:
        found: list[Any] = json.load(reply)["data"]
    return found


def until(system: System, fact: str, times: int = 1) -> None:
    """Wait until so many events of this name are in the log."""
    events = system.cli("history", "--json").rows
    while sum(event["fact"] == fact for event in events) < times:
        seen = str(events[-1]["position"])
        events += system.cli("history", "--after", seen, "--limit", "1", "--follow", "--json").rows


def test_a_grounded_version_answers_from_the_lessons_that_were_compiled(system: System) -> None:
    taught(system)
    grounded = {"provider_kind": "embedded", "base_model": "embedded-retrieval-1", "target": "grounded"}
    system.send("ProviderRegistered", "--subject", "grounded", name="Grounded", **grounded)
    system.send("ModelRevised", "--subject", "sales", provider="grounded")

    compiled = system.ask_json("compile", "sales", "--wait")
    system.send("QAAdded", model="sales", question="Where is the cat?", answer="On the kiln.")

    assert (compiled["status"], compiled["version"]) == ("succeeded", 1)
    assert system.ask_json("ask", "Sales", "How often do we call?")["answer"] == "Once a week."
    assert system.ask_json("ask", "Sales", "Where is the cat?")["known"] is False
    system.send("ModelRevised", "--subject", "sales", uncompiled_lessons=True)
    assert system.ask_json("ask", "Sales", "Where is the cat?")["answer"] == "On the kiln."
    assert jobs(system) == []


def test_a_compilation_is_cancelled_at_the_provider_too(tmp_path: Path) -> None:
    system = taught(System(tmp_path / "home", "--no-demo", environ=PATIENT).start())
    running = system.ask_json("compile", "sales")
    until(system, "JobCreated")

    system.ask_json("cancel", "Sales")
    until(system, "CompilationCancelled")

    found, [row] = jobs(system), system.ask_json("compilations", "sales")
    assert system.stop() == 0
    assert [one["status"] for one in found] == ["cancelled"]
    assert (row["id"], row["status"], row["version"]) == (running["id"], "cancelled", None)


def test_what_is_cancelled_while_its_job_is_being_created_ends_with_the_job(tmp_path: Path) -> None:
    system = taught(System(tmp_path / "home", "--no-demo", environ=PATIENT).start())
    system.fault(path="/v1/fine_tuning/jobs", status=None, delay=60.0)
    system.ask_json("compile", "sales")
    until(system, "JobCreationIntended")
    system.ask_json("cancel", "Sales")

    system.heal()
    began = time.monotonic()
    until(system, "CompilationCancelled")

    took, found = time.monotonic() - began, jobs(system)
    assert system.stop() == 0
    assert took < 20, "nobody else can be making the call"
    assert [one["status"] for one in found] == ["cancelled"]


def test_jobs_that_take_long_hold_up_no_other_compilation(tmp_path: Path) -> None:
    # given a provider that takes a minute for each step of a job
    system = System(tmp_path / "home", "--no-demo", environ=PATIENT).start()
    models = ["north", "south", "east", "west", "centre"]
    for model in models:
        learning(system, model)

    # when more models are compiled than may work at once
    for model in models:
        system.ask_json("compile", model)
    until(system, "JobCreated", len(models))

    # then each is cancelled at once, too
    for model in models:
        system.ask_json("cancel", model)
    until(system, "CompilationCancelled", len(models))
    found = jobs(system)
    assert system.stop() == 0
    assert [one["status"] for one in found] == ["cancelled"] * len(models)


def test_who_waits_for_a_turn_is_cancelled_and_what_needs_none_is_done(tmp_path: Path) -> None:
    # given two versions of Sales, and as many compilations at work as may be, each waiting for a provider's answer
    system = taught(System(tmp_path / "home", "--no-demo", environ={"APPRENTICE_PROVIDER_TIMEOUT": "600"}).start())
    old = system.ask_json("compile", "sales", "--wait")
    system.send("QAAdded", model="sales", question="On which day?", answer="On Mondays.")
    system.ask_json("compile", "sales", "--wait")
    grounded = {"provider_kind": "embedded", "base_model": "embedded-retrieval-1", "target": "grounded"}
    system.send("ProviderRegistered", "--subject", "grounded", name="Grounded", **grounded)
    system.fault(path="/v1/chat/completions", status=None, delay=600.0, times=4)
    for model in ("north", "south", "east", "west"):
        learning(system, model, provider="grounded")
        system.ask_json("compile", model)
    while system.waiting_faults():
        pass

    # when another is compiled and cancelled, and a version is deleted
    learning(system, "centre")
    waiting = system.ask_json("compile", "centre")
    system.ask_json("cancel", "centre")
    system.send("DeletionRequested", "--subject", old["id"])

    # then both are done, and the others go on
    until(system, "CompilationCancelled")
    until(system, "CompiledModelDeleted")
    system.heal()
    until(system, "CompilationSucceeded", 6)
    [row] = system.ask_json("compilations", "centre")
    assert system.stop() == 0
    assert (row["id"], row["status"]) == (waiting["id"], "cancelled")


def test_a_second_request_waits_its_turn_when_it_asks_to(slow: System) -> None:
    slow.fault(path="/v1/fine_tuning/jobs", status=None, delay=60.0)
    slow.ask_json("compile", "sales")

    assert slow.cli("compile", "sales", "--json").refused == "compilation_running"
    slow.send("QAAdded", model="sales", question="On which day?", answer="On Mondays.")
    queued = slow.ask_json("compile", "sales", "--queue")
    slow.heal()
    until(slow, "CompilationSucceeded", 2)

    [second, first] = slow.ask_json("compilations", "sales")
    assert (queued["status"], queued["id"]) == ("queued", second["id"])
    assert [(each["status"], each["version"]) for each in (first, second)] == [("succeeded", 1), ("succeeded", 2)]
    assert slow.ask_json("ask", "sales", "On which day?")["answer"] == "On Mondays."


@pytest.mark.parametrize(
    "moment", ["CompileRequested", "TrainingSetPackaged", "FileUploaded", "JobCreated", "JobObserved"]
)
def test_after_a_power_cut_the_compilation_goes_on_with_the_job_it_has(slow: System, moment: str) -> None:
    slow.ask_json("compile", "sales")
    until(slow, moment)

    slow.kill()
    slow.start()
    until(slow, "CompilationSucceeded")

    [row] = slow.ask_json("compilations", "sales")
    assert (row["status"], row["version"]) == ("succeeded", 1)
    assert [one["status"] for one in jobs(slow)] == ["succeeded"]
    assert slow.ask_json("ask", "sales", "How often do we call?")["version"] == 1


def test_a_version_that_nothing_had_accepted_is_built_again_when_somebody_has_written_a_question(
    system: System,
) -> None:
    # given a model that demands proof, and a version that was asked nothing
    taught(system)
    system.send("ModelRevised", "--subject", "sales", acceptance=0.5)
    first = system.ask_json("compile", "sales", "--wait")
    again = system.ask_json("compile", "sales", "--wait")
    assert (first["status"], again["status"]) == ("succeeded", "unchanged")
    assert system.ask_json("ask", "sales", "How often should we call?")["version"] is None

    # when a question is written, which no training file shows
    question = {"question": "How often should we call?", "answer": "Once a week.", "purpose": "validation"}
    system.send("QAAdded", model="sales", **question)
    preflight = system.ask_json("preflight", "sales")
    asked = system.ask_json("compile", "sales", "--wait")

    # then the next compilation asks it, and what passes answers
    assert "unchanged" not in [one["check"] for one in preflight["checks"]]
    assert (asked["status"], asked["version"]) == ("succeeded", 2)
    assert system.ask_json("ask", "sales", "How often should we call?")["version"] == 2
    assert system.ask_json("compile", "sales", "--wait")["status"] == "unchanged"


def test_a_version_that_its_provider_has_forgotten_is_built_again_and_says_so_meanwhile(system: System) -> None:
    taught(system)
    first = system.ask_json("compile", "sales", "--wait")
    compiled = system.ask_json("models")[0]["active"]["compiled_model"]
    forget = urllib.request.Request(f"{system.endpoint['provider']}/models/{compiled}", method="DELETE")
    urllib.request.urlopen(forget, timeout=10).close()

    refused = system.cli("ask", "sales", "How often should we call?", "--json")
    again = system.ask_json("compile", "sales", "--wait")

    assert refused.refused == "version_gone"
    assert "Version 1 of Sales no longer exists at its provider." in refused.out
    assert (first["version"], again["status"], again["version"]) == (1, "succeeded", 2)
    assert system.ask_json("ask", "sales", "How often should we call?")["version"] == 2
    told = [one["message"] for one in system.ask_json("notices")["notices"]]
    assert "No version of Sales answers any more (retired)." in told
