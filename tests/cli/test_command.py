"""The command itself: quick, and with one sentence and the right exit code when it can't do what it is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.cli.main import app
from tests.fixtures.system import apprentice

SLOW = ("asyncio", "fastapi", "faststream", "nats", "openai", "pydantic", "sqlalchemy", "uvicorn")


def test_help_imports_nothing_slow() -> None:
    program = f"import sys, services.cli.main; print(*(m for m in {SLOW} if m in sys.modules))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == ""


def test_asking_imports_no_server() -> None:
    program = (
        "import sys, services.cli.client, services.cli.names; "
        f"print(*(m for m in {SLOW} if m in sys.modules and m not in ('asyncio', 'nats', 'pydantic')))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == ""


def test_without_arguments_it_shows_its_commands(tmp_path: Path) -> None:
    shown = apprentice(tmp_path)

    assert shown.code == 0
    assert "training-set" in shown.out


def test_a_commands_help_is_wrapped_where_the_terminal_ends_and_nowhere_else() -> None:
    helps = {one.name: one.help or "" for one in app.registered_commands}
    paragraphs = [one for text in helps.values() for one in text.split("\n\n")]

    assert all(helps.values())
    assert len(paragraphs) > len(helps)
    assert not [one for one in paragraphs if "\n" in one]


@pytest.mark.parametrize(
    "command",
    [["status"], ["models"], ["ask", "Sales", "Hello?"], ["send", "QAAdded", "{}"], ["verify"], ["history"]],
)
def test_where_nothing_runs_it_says_how_to_start(tmp_path: Path, command: list[str]) -> None:
    told, for_programs = apprentice(tmp_path, *command), apprentice(tmp_path, *command, "--json")

    assert (told.code, told.out) == (1, "")
    assert told.err.startswith(
        f"Apprentice isn't running in {tmp_path}; start it with: apprentice up --home {tmp_path}"
    )
    assert len(told.err.splitlines()) == 1
    assert for_programs.code == 1
    assert for_programs.json["broken"]["message"] == told.err.strip()


def test_a_home_whose_system_was_killed_is_not_running(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    (tmp_path / "endpoint.json").write_text(
        f'{{"pid": {ended.pid}, "nats": "nats://127.0.0.1:1", "users": {{}}, "http": "", "provider": "", '
        '"started_at": ""}',
        encoding="utf-8",
    )

    assert "didn't end properly" in apprentice(tmp_path, "status").err


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["statu"], "usage", "Did you mean 'status'?"),
        (["ask", "Sales"], "usage", "Missing argument 'QUESTION'"),
        (["compile", "Sales", "--whait"], "usage", "--wait"),
        (["send", "QAAded", "{}"], "unknown_fact", "Did you mean QAAdded?"),
        (["send", "qaadded", "{}"], "unknown_fact", "Did you mean QAAdded?"),
        (["send", "QAAdded", "{nope"], "malformed", "isn't JSON"),
        (["send", "QAAdded", "[1]"], "malformed", "isn't a JSON object"),
        (["training-set", "Sales", "--at", "yesterday"], "malformed", "neither a position nor an instant"),
        (["training-set", "Sales", "--at", "2026-11-24T10:00:00"], "malformed", "time zone"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(
    tmp_path: Path, command: list[str], code: str, said: str
) -> None:
    told, for_programs = apprentice(tmp_path, *command), apprentice(tmp_path, *command, "--json")

    assert told.code == 2
    assert said in told.err
    assert for_programs.refused == code
    assert for_programs.json["refused"].keys() == {"code", "message", "fields"}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere.json can't be read: No such file" in apprentice(tmp_path, "send", "QAAdded", "@nowhere.json").err


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    failed = apprentice(tmp_path, "up", "--home", str(tmp_path / "file" / "home"))

    assert failed.code == 1
    assert "can't be used as a home folder" in failed.err
