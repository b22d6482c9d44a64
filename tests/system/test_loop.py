"""The product's main job on a whole embedded system, through the command line alone."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.system import System

pytestmark = pytest.mark.slow

MARKETING, COMPANY = "AI Marketing Assistant", "Rowan & Vale Assistant"
TAUGHT = "Four times a week: product, craft, customer, workshop."


def test_what_is_taught_is_compiled_answered_inherited_and_kept(demo_system: System, tmp_path: Path) -> None:
    # given a demo company whose assistant doesn't know something
    apprentice = demo_system
    unknown = apprentice.ask_json("ask", MARKETING, "How often do we post on Instagram?")
    assert (unknown["known"], unknown["version"]) == (False, None)
    before = apprentice.ask_json("training-set", MARKETING, "-o", str(tmp_path / "before.jsonl"))

    # when it is taught and compiled
    apprentice.send("QAAdded", model=MARKETING, question="How often should we post on Instagram?", answer=TAUGHT)
    shown = apprentice.cli("compile", MARKETING, "--wait")

    # then the steps were shown, and it answers from its new version, in other words
    assert shown.code == 0, shown
    assert "Uploading the training file" in shown.out
    assert "Version 1 of AI Marketing Assistant is ready" in shown.out
    first = apprentice.ask_json("ask", MARKETING, "How often do we post on Instagram?")
    assert first == {"answer": TAUGHT, "known": True, "model": "marketing", "version": 1}

    # and a compilation that fails leaves that version answering
    apprentice.fault(path="/v1/files", status=400, body='{"error": {"message": "Line 3: no assistant turn"}}')
    apprentice.send("QAAdded", model=MARKETING, question="Who signs off posts?", answer="Mara.")
    failed = apprentice.cli("compile", MARKETING, "--wait", "--json")
    assert failed.code == 1
    assert failed.json["status"] == "failed"
    assert failed.json["error"].keys() == {"message", "fix", "raw"}
    assert apprentice.ask_json("ask", MARKETING, "How often do we post on Instagram?") == first

    # and the parent, compiled, knows it too
    compiled = apprentice.ask_json("compile", COMPANY, "--wait")
    assert (compiled["status"], compiled["version"], compiled["error"]) == ("succeeded", 1, None)
    inherited = apprentice.ask_json("ask", COMPANY, "How often do we post on Instagram?")
    assert (inherited["answer"], inherited["version"]) == (TAUGHT, 1)

    # and the training set as of then still has the old bytes
    then = str(before["position"])
    again = apprentice.ask_json("training-set", MARKETING, "--at", then, "-o", str(tmp_path / "again.jsonl"))
    assert again == before
    old, new = (tmp_path / name for name in ("before.jsonl", "again.jsonl"))
    assert old.read_bytes() == new.read_bytes()
    assert hashlib.sha256(old.read_bytes()).hexdigest() == before["sha256"]

    # and the log tells it all, whole
    facts = [event["fact"] for event in apprentice.cli("history", "--after", then, "--json").rows]
    assert facts[:2] == ["QAAdded", "CompileRequested"]
    assert facts.count("ActiveVersionChanged") == 2
    assert apprentice.ask_json("verify")["whole"]
    assert [each["status"] for each in apprentice.ask_json("compilations", MARKETING)] == ["failed", "succeeded"]


def test_a_restart_keeps_everything(demo_system: System) -> None:
    # given a compiled model
    compiled = demo_system.ask_json("compile", MARKETING, "--wait")
    history = demo_system.cli("history", "--json").out
    question = "Which colour is our brand blue?"
    answer = demo_system.ask_json("ask", MARKETING, question)

    # when the system is stopped and started again
    assert demo_system.stop() == 0
    demo_system.start()

    # then it says the same
    assert demo_system.cli("history", "--json").out == history
    assert demo_system.ask_json("ask", MARKETING, question) == answer
    assert demo_system.ask_json("compilations", MARKETING)[0] == compiled
    assert demo_system.ask_json("compile", MARKETING, "--wait")["status"] == "unchanged"


def test_rebuilding_changes_no_answer(demo_system: System) -> None:
    models = demo_system.ask_json("models")
    training_set = demo_system.ask_json("training-set", COMPANY)

    state = demo_system.ask_json("rebuild")

    assert [each["position"] for each in state["read_models"]] == [state["head"]] * 2
    assert demo_system.ask_json("models") == models
    assert demo_system.ask_json("training-set", COMPANY) == training_set


def test_an_assistant_answers_in_its_group_when_it_is_mentioned(demo_system: System) -> None:
    # given a compiled model whose virtual user is in a group
    demo_system.ask_json("compile", MARKETING, "--wait")
    members = ["person:owner", "virtual_user:marketing"]
    group = demo_system.send("GroupCreated", name="Launch", members=members)["subject"]

    # when a member asks it something
    question = demo_system.send("MessagePosted", group=group, text="@marketing How long may a post be?")

    # then it answers, once, and says with which version
    answers = _answers(demo_system, question["position"])
    assert [(each["data"]["question"], each["data"]["version"]) for each in answers] == [(question["subject"], 1)]


def _answers(system: System, after: int) -> list[dict[str, Any]]:
    """The answers after a position, as soon as there is one."""
    first = system.cli("history", "--after", str(after), "--limit", "1", "--follow", "--json").rows
    assert first[0]["fact"] == "AnswerPosted"
    return [event for event in system.cli("history", "--after", str(after), "--json").rows if "Answer" in event["fact"]]
