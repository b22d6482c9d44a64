"""The guide for module developers, run as it stands: its Python in order, compared with what it says is printed."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.system import System
from tests.system.test_readme import pattern

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).parents[2] / "docs" / "modules.md"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[System]:
    """The demo company, in a sandbox."""
    system = System(tmp_path / "home", "--sandbox").start()
    yield system
    assert system.stop() == 0, system.said


def test_the_guides_program_does_what_the_guide_says(sandbox: System) -> None:
    # given the login of the guide's module
    login = sandbox.ask_json("module", "crm")
    given = {"NATS_URL": "url", "NATS_PASSWORD": "password", "NATS_INBOX_PREFIX": "inbox_prefix"}
    guide = GUIDE.read_text(encoding="utf-8")
    program = "\n".join(re.findall(r"```python\n(.*?)```", guide, re.DOTALL))
    shown = "".join(re.findall(r"```text\n(.*?)```", guide, re.DOTALL))
    assert shown.count("\n") >= 8

    # when its program runs
    whole = f"import asyncio\nasync def main():\n{textwrap.indent(program, '    ')}\nasyncio.run(main())\n"
    environ = os.environ | {name: login[key] for name, key in given.items()}
    done = subprocess.run(
        [sys.executable, "-c", whole], env=environ, capture_output=True, text=True, timeout=90, check=False
    )

    # then it prints what stands in the guide
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(pattern(shown), done.stdout), done.stdout
