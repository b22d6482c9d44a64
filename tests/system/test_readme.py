"""The session that README.md shows, run from the README itself."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.system import APPRENTICE, System

README = Path(__file__).parents[2] / "README.md"


def commands(readme: str) -> Iterator[tuple[str, str]]:
    """Every command of the session, with what the README says that it prints."""
    session = readme.partition("<!-- session")[2].partition("<!-- end of session -->")[0]
    for block in re.findall(r"```console\n(.*?)```", session, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            yield command, shown.strip()


def pattern(shown: str) -> str:
    """What is printed must match this: `...` alone in a line means any lines, inside a line anything."""
    lines = (
        r"(?:.*\n?)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
        for line in shown.splitlines()
    )
    return "".join(lines)


@pytest.mark.slow
def test_the_readmes_session_is_what_happens(demo_system: System, tmp_path: Path) -> None:
    steps = list(commands(README.read_text(encoding="utf-8")))
    assert len(steps) >= 8
    environ = os.environ | {
        "APPRENTICE_HOME": str(demo_system.home),
        "PATH": f"{Path(APPRENTICE).parent}:{os.environ['PATH']}",
        "NO_COLOR": "1",
    }
    for command, shown in steps:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        said = done.stdout + done.stderr
        assert re.fullmatch(pattern(shown), said), f"$ {command}\nREADME:\n{shown}\n\nsaid:\n{said}"


def test_the_readme_names_every_command() -> None:
    from services.cli.main import app

    readme = README.read_text(encoding="utf-8")
    unnamed = [each.name for each in app.registered_commands if f"apprentice {each.name}" not in readme]

    assert unnamed == []
