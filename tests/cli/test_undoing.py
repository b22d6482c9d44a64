"""Imports are taken back: all that they brought, nothing that came since, however they ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.lessons import FILES, hash_of, head, lessons_of, lines_of, written
from tests.fixtures.system import System

pytestmark = pytest.mark.slow

# At its 300th report some are answered, because no more than 256 wait at once, and the others are still to come.
CUT_OFF = """
import itertools, os, sys
from services.bus.plain import Plain
from services.cli.main import main
numbers, report, how = itertools.count(1), Plain.report, int(sys.argv.pop(1))
async def cut_off(self, *fact, **more):
    if next(numbers) == 300:
        os.kill(os.getpid(), how)
    return await report(self, *fact, **more)
Plain.report = cut_off
sys.exit(main())
"""


@pytest.mark.parametrize("format", FILES)
def test_a_file_is_tried_imported_known_again_and_taken_back(
    company: System, model: str, tmp_path: Path, format: str
) -> None:
    text, options, number = FILES[format]
    file = written(tmp_path, text.replace('"q-', f'"{model}-q').replace('"c-', f'"{model}-c'))
    before, start = hash_of(company, model), head(company)

    # when it is tried
    tried = company.ask_json("import", file, "--model", model, "--dry-run", *options)
    assert (tried["import"], tried["accepted"], tried["rejected"]) == (None, number, [])
    assert head(company) == start

    # when it is imported, and imported again
    first = company.ask_json("import", file, "--model", model, *options)
    taught = hash_of(company, model)
    again = company.ask_json("import", file, "--model", model, *options)
    assert (first["accepted"], first["unchanged"]) == (number, 0)
    assert (again["accepted"], again["unchanged"], again["marked"]) == (0, number, [])
    assert (taught != before, hash_of(company, model)) == (True, taught)
    assert company.ask_json("import", file, "--model", model, "--dry-run", *options)["unchanged"] == number

    # when it is taken back, twice
    undone = company.ask_json("undo", first["import"])
    repeated = company.ask_json("undo", first["import"])
    assert hash_of(company, model) == before
    assert (undone["left"], undone["already"]) == ([], number - undone["undone"])
    assert repeated == {"undone": 0, "already": number, "left": []}

    # when it is imported after all
    restored = company.ask_json("import", file, "--model", model, *options)
    assert restored["restored"] == restored["accepted"]
    assert hash_of(company, model) == taught
    company.ask_json("undo", restored["import"])
    assert hash_of(company, model) == before


def test_what_an_import_revised_is_as_it_was(company: System, model: str, tmp_path: Path) -> None:
    def records(answer: str, **more: Any) -> str:
        row = {"question": f"Which {model}?", "answer": answer, "external_system": "s", "external_id": model}
        return written(tmp_path, lines_of([row | more]))

    # given a record that was imported, and revised by another import
    first = company.ask_json("import", records("This.", section="A"), "--model", model)
    before = hash_of(company, model)
    second = company.ask_json("import", records("That.", active=False), "--model", model)
    assert (second["accepted"], second["revised"]) == (1, 1)

    # when that is taken back, in parts: the second time finds the rest
    undone = company.ask_json("undo", second["import"])

    # then the first holds, and what was revised comes again when it is imported again
    assert undone == {"undone": 2, "already": 0, "left": []}
    assert hash_of(company, model) == before
    assert company.ask_json("import", records("This.", section="A"), "--model", model)["unchanged"] == 1
    assert company.ask_json("import", records("That.", active=False), "--model", model)["revised"] == 1
    assert company.ask_json("import", records("This.", section="A", active=True), "--model", model)["revised"] == 1
    assert hash_of(company, model) == before
    assert company.ask_json("undo", first["import"])["left"] != []


def test_lessons_touched_since_are_left_alone_and_named(company: System, model: str, tmp_path: Path) -> None:
    rows = [{"question": f"Row {number}?", "answer": "Yes."} for number in range(3)]
    done = company.ask_json("import", written(tmp_path, lines_of(rows)), "--model", model)
    touched = next(row["id"] for row in lessons_of(company, model, tmp_path) if row["text"] == "Row 1?")
    company.send("QARevised", id=touched, answer="Better.")

    undone = company.ask_json("undo", done["import"])
    said = company.cli("undo", done["import"])

    assert (undone["undone"], [row["lesson"] for row in undone["left"]]) == (2, [touched])
    assert said.err == f"{touched}: somebody changed it since.\n"
    assert said.out == "0 changes taken back, 2 needed nothing, 1 left alone.\n"
    assert company.cli("undo", "import-nothing", "--json").refused == "unknown_import"


def test_what_modules_propose_is_withdrawn_and_what_was_approved_is_left(
    company: System, model: str, tmp_path: Path
) -> None:
    module = f"module-{model}"
    company.send("ModuleTrusted", id=module, lessons="proposes")
    file = written(tmp_path, lines_of([{"question": f"{n} proposed?", "answer": "Yes."} for n in range(3)]))

    done = company.ask_json("import", file, "--model", model, "--module", module)
    proposals = company.ask_json("proposals", model)
    company.ask_json("approve", proposals[0]["id"])
    undone = company.ask_json("undo", done["import"], "--module", module)
    again = company.ask_json("import", file, "--model", model, "--module", module)

    assert (done["accepted"], done["proposed"], len(proposals)) == (3, 3, 3)
    assert undone["undone"] == 2
    assert [row["lesson"] for row in undone["left"]] == [proposals[0]["id"]]
    assert (again["accepted"], again["proposed"], again["unchanged"]) == (2, 2, 1)
    assert len(company.ask_json("proposals", model)) == 2


def test_an_import_and_an_undoing_that_were_cut_off_are_done_again(company: System, model: str, tmp_path: Path) -> None:
    rows = [{"question": f"Row {number}?", "answer": "Yes."} for number in range(4_000)]
    file = written(tmp_path, lines_of(rows))
    before = hash_of(company, model)

    # given an import that was killed half-way
    killed = _cut_off(company, signal.SIGKILL, "import", file, "--model", model)
    id = killed.stderr.split()[-1].rstrip(".")
    came = company.ask_json("training-set", model)["examples"] - 1
    assert killed.returncode == -signal.SIGKILL
    assert 0 < came < len(rows)

    # when it is done again, then nothing counts twice
    done = company.ask_json("import", file, "--model", model)
    assert done["accepted"] + done["unchanged"] == len(rows)
    assert company.ask_json("training-set", model)["examples"] == len(rows) + 1

    # when taking both back is cut off and done again
    assert _cut_off(company, signal.SIGKILL, "undo", done["import"]).returncode == -signal.SIGKILL
    rest = company.ask_json("undo", done["import"])
    company.ask_json("undo", id)

    assert (rest["undone"] + rest["already"], rest["left"]) == (done["accepted"], [])
    assert hash_of(company, model) == before


def _cut_off(company: System, how: signal.Signals, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """What became of the command, which gets the signal when it has changed something and not all."""
    return subprocess.run(
        [sys.executable, "-c", CUT_OFF, str(int(how)), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"APPRENTICE_HOME": str(company.home)},
    )


def test_ctrl_c_tells_how_to_take_back_what_came_in(company: System, model: str, tmp_path: Path) -> None:
    file = written(tmp_path, lines_of([{"question": f"Row {n}?", "answer": "Yes."} for n in range(20_000)]))

    stopped = _cut_off(company, signal.SIGINT, "import", file, "--model", model)

    assert stopped.returncode == 130
    assert "At least" in stopped.stderr
    id = stopped.stderr.split("apprentice undo ")[1].split()[0]
    assert company.ask_json("undo", id)["left"] == []
