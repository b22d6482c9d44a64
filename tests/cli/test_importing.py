"""Imports by the command: every row in or named, what is marked, and files of any size."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.lessons import JSONL, lessons_of, lines_of, written
from tests.fixtures.system import APPRENTICE, System

pytestmark = pytest.mark.slow


def test_every_bad_row_is_named_with_its_line(company: System, model: str, tmp_path: Path) -> None:
    text = (
        'question,answer,active\n"Two\nlines?",Yes.,yes\n,No question.,yes\nIs it?,Perhaps.,perhaps\n"Open?,No.,yes\n'
    )

    rejected = company.cli("import", written(tmp_path, text, "bad.csv"), "--model", model)
    lines = written(tmp_path, JSONL.splitlines()[0] + '\n\n[]\n{"question": "?"}\n{"question": 5, "answer": "x"}\n')
    of_lines = company.cli("import", lines, "--model", model, "--json")

    assert rejected.code == of_lines.code == 2
    assert "line 4: The row has no question." in rejected.err
    assert "line 5: active is yes or no, not 'perhaps'." in rejected.err
    assert "line 6: The row isn't CSV: a quote is opened and never closed." in rejected.err
    assert "1 row accepted, 3 rejected." in rejected.out
    assert [(row["line"], row["code"]) for row in of_lines.json["rejected"]] == [
        (3, "malformed"), (4, "malformed"), (5, "malformed"),
    ]  # fmt: skip
    assert list(of_lines.json["rejected"][1]["fields"]) == ["data.answer"]


def test_rows_that_share_a_line_are_told_apart(company: System, model: str, tmp_path: Path) -> None:
    records = [{"Question": "Good?", "Answer": "Yes."}, {"Question": "Bad?"}, {"Question": "Bad?", "Answer": " "}]

    rejected = company.cli("import", written(tmp_path, json.dumps({"value": records})), "--model", model, "--dry-run")

    assert rejected.err == "line 1, row 2: The record has no Answer.\nline 1, row 3: The record has no Answer.\n"
    assert rejected.out == "1 row would be accepted, 2 rejected.\nNothing was recorded.\n"


def test_a_row_that_no_query_would_take_stops_no_others(company: System, model: str, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"question": "Л" * 2_000 + str(number), "answer": "Too long by a bit."} for number in range(3)
    ]
    rows += [{"question": "x" * 1_500_000, "answer": "Much too long."}, {"question": "Short?", "answer": "Yes."}]
    rows += [{"question": f"{number}" + "Л" * 1_900, "answer": "л" * 20_000} for number in range(150)]
    rows += [{"messages": 5}, {"question": "Nul\0?", "answer": "No."}]

    done = company.cli("import", written(tmp_path, lines_of(rows)), "--model", model, "--json")
    again = company.cli("import", written(tmp_path, lines_of(rows)), "--model", model, "--json")

    assert (done.json["accepted"], [row["line"] for row in done.json["rejected"]]) == (151, [1, 2, 3, 4, 156, 157])
    assert (again.json["unchanged"], len(again.json["rejected"])) == (151, 6)


def test_duplicates_conflicts_and_personal_data_are_marked(company: System, model: str, tmp_path: Path) -> None:
    rows = [
        {"question": "who was here FIRST", "answer": "This lesson. "},
        {"question": "Who was here first?", "answer": "Another."},
        {"question": "New?", "answer": "Yes."},
        {"question": "New", "answer": "Yes."},
        {"question": "new?", "answer": "No."},
        {"question": "Who was here first?", "answer": "It tests only.", "purpose": "validation"},
        {"question": "Whom to write to?", "answer": "ann.smith@example.com"},
    ]
    file = written(tmp_path, lines_of(rows))
    [lesson] = [row["id"] for row in lessons_of(company, model, tmp_path)]

    tried = company.ask_json("import", file, "--model", model, "--dry-run")
    done = company.ask_json("import", file, "--model", model)

    assert tried["marked"] == done["marked"]
    assert [(row["line"], row["kind"], row.get("with_line", row.get("lesson"))) for row in done["marked"]] == [
        (1, "duplicates", lesson), (2, "conflicts", 1), (4, "duplicates", 3), (5, "conflicts", 3),
        (7, "personal_data", None),
    ]  # fmt: skip
    assert (done["duplicates"], done["conflicts"], done["personal_data"]) == (2, 2, 1)


def test_a_large_file_takes_no_more_memory_than_a_small_one(company: System, model: str, tmp_path: Path) -> None:
    def rows(number: int) -> str:
        good = [{"question": f"What is row {n} of {number}?", "answer": f"{n} " * 200} for n in range(number)]
        return lines_of([row if n % 100 else {"question": ""} for n, row in enumerate(good)])

    small = _peak(company, written(tmp_path, rows(500), "small"), model)
    large = _peak(company, written(tmp_path, rows(8_000), "large"), model)

    assert small > 20_000  # else it was not the import that was measured
    assert large < small + 12_000


def _peak(company: System, file: str, model: str) -> int:
    """Kilobytes that the import of the file took at most."""
    # Linux counts a process's memory before exec too, so a small one starts it and not this large one.
    watch = (
        "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:], stdout=-3, stderr=-3).returncode;"
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    said = subprocess.run(
        [sys.executable, "-c", watch, APPRENTICE, "import", file, "--model", model],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"APPRENTICE_HOME": str(company.home)},
    ).stdout
    code, peak = map(int, said.split())
    assert code == 2
    return peak


def test_a_terminal_shows_how_far_it_is(company: System, model: str, tmp_path: Path) -> None:
    file = written(tmp_path, lines_of([{"question": f"Row {n}?", "answer": "Yes."} for n in range(2_000)]))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [APPRENTICE, "import", file, "--model", model],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=os.environ | {"APPRENTICE_HOME": str(company.home), "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    os.close(ours)

    assert process.wait(timeout=60) == 0
    size = f"{Path(file).stat().st_size:,}".encode()
    assert b"Importing" in shown
    assert b"of " + size + b" bytes" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4_096)
    except OSError:  # Linux says so when the other end was closed
        return b""
