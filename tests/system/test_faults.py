"""Faults of providers, disks and people, on a whole system: one clear sentence each, nothing lost, nothing half done."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.system import System

pytestmark = pytest.mark.slow

QUESTION, ANSWER = "When do we open?", "At nine."
LATE = {"APPRENTICE_PROVIDER_PATIENCE": "1", "APPRENTICE_PROVIDER_TIMEOUT": "10"}
FILES, JOBS, CHAT = "/v1/files", "/v1/fine_tuning/jobs", "/v1/chat/completions"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system whose model Sales has an active version; its provider is given up soon."""
    system = System(tmp_path_factory.mktemp("faults") / "home", "--no-demo", environ=LATE).start()
    system.send("ModelDefined", id="sales", name="Sales")
    system.send("QAAdded", model="Sales", question=QUESTION, answer=ANSWER)
    assert system.ask_json("compile", "Sales", "--wait")["version"] == 1
    yield system
    assert system.stop() == 0, system.said


@pytest.mark.parametrize(
    ("fault", "said", "fix"),
    [
        ({"path": FILES, "status": 401, "body": '{"error": {"message": "Bad key"}}'}, "key", "secret"),
        ({"path": JOBS, "status": 403, "body": '{"error": {"message": "Closed"}}'}, "allow", "another provider"),
        ({"path": JOBS, "status": 429, "body": '{"error": {"code": "insufficient_quota"}}'}, "quota", "Raise it"),
        ({"path": FILES, "status": 500, "times": 50}, "status 500", "later"),
        (
            {"path": FILES, "status": 200, "body": "<html>Welcome</html>", "times": 50},
            "The provider answered",
            "address",
        ),
        ({"path": FILES, "delay": 60.0, "times": 2}, "in time", "later"),
    ],
)
def test_a_provider_that_fails_changes_nothing(company: System, fault: dict[str, Any], said: str, fix: str) -> None:
    # given a lesson that waits, and a provider that fails
    company.send("QAAdded", model="Sales", question=f"Who says {said}?", answer="The provider.")
    company.fault(**fault)

    # when the model is compiled
    failed = company.cli("compile", "Sales", "--wait", "--json")

    # then it failed with a sentence and a fix, and the version that answered goes on answering
    company.heal()
    assert (failed.code, failed.json["status"], failed.json["version"]) == (1, "failed", None)
    assert said in failed.json["error"]["message"]
    assert fix in failed.json["error"]["fix"]
    assert company.ask_json("ask", "Sales", QUESTION)["answer"] == ANSWER
    assert company.cli("cancel", "Sales", "--json").refused == "not_compiling"


def test_a_refused_file_leads_back_to_the_lesson(company: System) -> None:
    lesson = company.send("QAAdded", model="Sales", question="Which line is it?", answer="This one.")["subject"]
    line = company.ask_json("training-set", "Sales")["examples"]
    company.fault(
        path=FILES, status=400, body=json.dumps({"error": {"message": f"Invalid file: Line {line} is wrong"}})
    )

    error = company.cli("compile", "Sales", "--wait", "--json").json["error"]

    assert lesson in error["message"]


def test_a_lost_reply_makes_no_second_job(company: System) -> None:
    company.send("QAAdded", model="Sales", question="How many jobs?", answer="One.")
    company.fault(path=JOBS, when="after", status=500)

    compiled = company.ask_json("compile", "Sales", "--wait")

    assert compiled["status"] == "succeeded"
    assert [each["id"] for each in company.ask_json("compilations", "Sales")].count(compiled["id"]) == 1


def test_a_provider_that_is_down_is_a_sentence_for_who_asks(company: System) -> None:
    company.fault(path=CHAT, status=500, times=20)

    asked = company.cli("ask", "Sales", QUESTION, "--json")

    company.heal()
    assert asked.code == 2
    assert "status 500" in asked.json["refused"]["message"]
    assert company.ask_json("ask", "Sales", QUESTION)["answer"] == ANSWER


def test_a_key_goes_to_no_other_host(tmp_path: Path) -> None:
    # given a key for one host only, and a provider at another
    home = tmp_path / "home"
    home.mkdir()
    secret = {"openai": {"value": "sk-never-sent", "hosts": ["api.openai.com"]}}
    (home / "secrets.json").write_text(json.dumps(secret), encoding="utf-8")
    system = System(home, "--no-demo").start()
    foreign = {"provider_kind": "openai_compatible", "base_model": "m", "secret": "openai"}
    system.send("ProviderRegistered", name="Foreign", base_url="http://127.0.0.1:9/v1", **foreign)
    system.send("ModelDefined", id="sales", name="Sales", provider="Foreign")
    system.send("QAAdded", model="sales", question=QUESTION, answer=ANSWER)

    # when the model is compiled there, or asked
    failed = system.cli("compile", "sales", "--wait", "--json")
    asked = system.cli("ask", "sales", QUESTION, "--json")

    # then a sentence names the secret, and nothing was sent
    stopped = system.stop()
    assert failed.code == 1
    assert "may not be sent to" in failed.json["error"]["message"], failed
    assert asked.refused == "secret_not_for_host"
    assert "sk-never-sent" not in (home / "apprentice.log").read_text(encoding="utf-8")
    assert stopped == 0


def test_a_key_that_nobody_can_send_is_a_sentence_and_ends_nothing(tmp_path: Path) -> None:
    # given a key with a letter that no key has, and another provider whose base model ends soon
    home = tmp_path / "home"
    home.mkdir()
    secret = {"typed": {"value": "schlüssel", "hosts": ["127.0.0.1"]}}
    (home / "secrets.json").write_text(json.dumps(secret), encoding="utf-8")
    system = System(home, "--no-demo").start()
    mistyped = {"provider_kind": "openai_compatible", "base_model": "m", "secret": "typed"}
    system.send("ProviderRegistered", name="Mistyped", base_url="http://127.0.0.1:9/v1", **mistyped)
    system.send("ModelDefined", id="sales", name="Sales", provider="Mistyped")
    system.send("QAAdded", model="sales", question=QUESTION, answer=ANSWER)

    # when everything starts again, and somebody compiles and asks there
    assert system.stop() == 0, system.said
    system.start()
    failed = system.cli("compile", "sales", "--wait", "--json")
    asked = system.cli("ask", "sales", QUESTION, "--json")

    # then a sentence names the secret, and everything goes on
    said = (home / "apprentice.log").read_text(encoding="utf-8")
    assert system.stop() == 0, system.said
    assert failed.code == 1
    assert "The secret typed holds" in failed.json["error"]["message"]
    assert asked.refused == "secret_unusable"
    assert "schlüssel" not in said


def test_a_provider_that_needs_a_key_is_not_registered_without(company: System) -> None:
    keyless = json.dumps({"name": "Keyless", "provider_kind": "openai", "base_model": "m"})

    assert company.cli("send", "ProviderRegistered", keyless, "--json").refused == "secret_needed"


def test_a_full_disk_is_said_and_nothing_is_half_done(system: System) -> None:
    # given a system that works
    system.send("ModelDefined", id="sales", name="Sales")
    before = system.ask_json("training-set", "sales")

    # when its files can't grow
    none = resource.prlimit(system.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    refused = system.cli("send", "QAAdded", json.dumps({"model": "sales", "question": "a?", "answer": "b"}), "--json")
    resource.prlimit(system.pid, resource.RLIMIT_FSIZE, none)

    # then the fact was refused with a sentence, and is accepted when there is room again
    assert refused.refused == "unavailable"
    assert system.ask_json("training-set", "sales")["sha256"] == before["sha256"]
    system.send("QAAdded", model="sales", question="a?", answer="b")
    assert system.ask_json("training-set", "sales")["examples"] == before["examples"] + 1
    assert system.ask_json("verify")["whole"]
