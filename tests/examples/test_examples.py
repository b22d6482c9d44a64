"""The example modules, run as they stand against a running system."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.system import System

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
MARKETING = "AI Marketing Assistant"


def login(system: System, module: str, **more: str) -> dict[str, str]:
    found = system.ask_json("module", module)
    given = {"NATS_URL": "url", "NATS_USER": "user", "NATS_PASSWORD": "password", "NATS_INBOX_PREFIX": "inbox_prefix"}
    return os.environ | {name: found[key] for name, key in given.items()} | more


def run(command: list[str], folder: Path, environ: dict[str, str], stdin: str = "") -> list[str]:
    done = subprocess.run(
        command, input=stdin, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done
    return done.stdout.splitlines()


def helpdesk(environ: dict[str, str], *tickets: dict[str, Any]) -> list[str]:
    lines = "".join(json.dumps(ticket) + "\n" for ticket in tickets)
    return run([sys.executable, "helpdesk.py"], EXAMPLES / "helpdesk", environ, lines)


def test_the_helpdesk_proposes_what_its_closed_tickets_say(demo_system: System) -> None:
    # given a helpdesk with a login of its own
    apprentice, environ = demo_system, login(demo_system, "helpdesk", MODEL=MARKETING)
    ticket = {"id": "4711", "question": "May we use the old logo?", "resolution": "No, since 2024."}

    # when tickets are closed, one of them in a way that can't be a lesson
    said = helpdesk(environ, ticket, {"id": "4712", "question": "x" * 3_000, "resolution": "Yes."})

    # then the one waits for a trainer, and the other was refused with a reason
    assert sorted(line.split(": ", 1)[1].split(" ")[0] for line in said) == ["proposed", "refused"]
    assert any("question" in line for line in said)
    (proposal,) = apprentice.ask_json("proposals")
    assert (proposal["proposer"], proposal["content"]["answer"]) == ("module:helpdesk", "No, since 2024.")

    # and the same ticket closed again, in other words, replaces it
    helpdesk(environ, ticket | {"resolution": "Never."})
    (again,) = apprentice.ask_json("proposals")
    assert (again["id"], again["content"]["answer"]) == (proposal["id"], "Never.")

    # and once a trainer takes it, it teaches
    assert apprentice.cli("approve", proposal["id"], "--json").code == 0
    assert apprentice.cli("compile", MARKETING, "--wait").code == 0
    assert apprentice.ask_json("ask", MARKETING, "May we use the old logo?")["answer"] == "Never."


@pytest.mark.timeout(400)
def test_a_program_in_another_language_follows_from_any_position(demo_system: System, tmp_path: Path) -> None:
    # given the follower, installed from its lock file
    folder = tmp_path / "follower"
    shutil.copytree(EXAMPLES / "follower", folder, ignore=shutil.ignore_patterns("node_modules"))
    node, npm = shutil.which("node"), shutil.which("npm")
    assert node and npm, "This test needs Node 20 or newer with npm; install it from your system's packages."
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([npm, "ci", *quiet], cwd=folder, check=True, timeout=280, capture_output=True)
    apprentice, environ = demo_system, login(demo_system, "follower")

    # when it has seen everything up to the lesson of today, and goes on after another one
    first = apprentice.send("QAAdded", model=MARKETING, question="One?", answer="1.")["position"]
    seen = run([node, "follower.js", "--until", str(first)], folder, environ)
    second = apprentice.send("QAAdded", model=MARKETING, question="Two?", answer="2.")["position"]
    then = run([node, "follower.js", "--until", str(second)], folder, environ)

    # then it saw what is shared, once and in order, and nothing of what people say to each other
    positions = [int(line.split()[0]) for line in seen + then]
    assert positions == sorted(set(positions))
    assert then == [line for line in then if line.startswith(f"{second} QAAdded")]
    assert len(then) == 1
    assert not any("Message" in line or "Person" in line for line in seen)

    # and it knows which versions answer
    assert apprentice.cli("compile", MARKETING, "--wait").code == 0
    head = apprentice.ask_json("status")["head"]
    (version,) = run([node, "follower.js", "--versions", "--until", str(head - 5)], folder, environ)
    assert version == "marketing: version 1 answers"
