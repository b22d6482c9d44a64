"""Import, undo and export against a running system: every format, every row, and back."""

import csv
import io
import itertools
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.system import APPRENTICE, System

pytestmark = pytest.mark.slow

JSONL = (
    '{"question":"What is JSON?","answer":"Lines.","section":"Files","notes":"Short.","language":"en"}\n'
    '{"question":"What is tested?","answer":"This.","purpose":"validation","active":false}\n'
    '{"messages":[{"role":"user","content":"Hi","name":"Ann","time":"2024-02-01T10:00:00Z"},'
    '{"role":"assistant","content":"No.","learn":false},{"role":"user","content":"Really?"},'
    '{"role":"assistant","content":"Yes."}],"train_as":"exchange","origin":"chat"}\n'
)
CSV = (
    "Frage,Antwort,section,purpose,active,Nr,model\r\n"
    'What is CSV?,"Commas, mostly.",Files,training,yes,1,\r\n'
    '"Which ""one""?","Two\nlines.",,V,no,,\r\n'
    "Whose?,Mine.,General,,,3,\r\n"
)
OPENAI = (
    '{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"What is a weight?"},'
    '{"role":"assistant","content":"0 or 1."}],"id":7}\n'
    '{"messages":[{"role":"user","content":"Two?","name":"ann"},{"role":"assistant","content":"3.","weight":0},'
    '{"role":"user","content":"No, 2."},{"role":"assistant","content":"2.","weight":1}]}\n'
)
ERPNET = json.dumps(
    {
        "@odata.context": "https://example.com/$metadata#Projects_AI_ModelQAs",
        "value": [
            {
                "Id": "q-1", "Question": "What is OData?", "Answer": "JSON with rules.", "Section": "Files",
                "QAType": "Training", "IsActive": True, "AddedByUser": {"Name": "Ann"},
                "CreationTimeUtc": "2024-02-01T10:00:00Z", "DisplayText": "What",
            },
            {
                "Id": "q-2", "Question": "And this?", "Answer": "It tests.", "Section": None, "QAType": "Validation",
                "IsActive": False, "DeactivatonTimeUtc": "2024-03-01T10:00:00Z", "Notes": "Kept.",
            },
            {
                "Id": "c-1", "Origin": "Chat", "Notes": None,
                "Messages": [
                    {"MessageNo": 2, "ParticipantRole": "Assistant", "ParticipantName": "AI", "Contents": "Hello."},
                    {"MessageNo": 1, "ParticipantRole": "User", "ParticipantName": "Ann", "Contents": "Hi.",
                     "MessageTimeUtc": "2024-02-01T10:00:00Z"},
                ],
            },
        ],
    }
)  # fmt: skip
MAPPING = ("--map", "question=Frage", "--map", "answer=Antwort")
FILES: dict[str, tuple[str, tuple[str, ...], int]] = {
    "jsonl": (JSONL, (), 3), "csv": (CSV, MAPPING, 3), "openai": (OPENAI, (), 2), "erpnet": (ERPNET, (), 3),
}  # fmt: skip
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def system_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("importing") / "home", "--no-demo").start()
    yield system
    assert system.stop() == 0, system.said


@pytest.fixture
def company(system_of_all: System) -> System:
    return system_of_all


@pytest.fixture
def model(company: System) -> str:
    """A model of the test's own, with a lesson that was there before."""
    name = f"m{next(NUMBERS)}"
    company.send("ModelDefined", id=name, name=name)
    company.send("QAAdded", model=name, question="Who was here first?", answer="This lesson.")
    return name


def written(folder: Path, text: str, name: str = "lessons") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


def hash_of(company: System, model: str) -> Any:
    return company.ask_json("training-set", model)["sha256"]


def lines_of(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def head(company: System) -> int:
    found: int = company.ask_json("status")["head"]
    return found


# in, and back ---------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("format", ["jsonl", "openai"])
def test_lines_come_back_to_the_byte(company: System, model: str, tmp_path: Path, format: str) -> None:
    text, options, number = FILES[format]
    company.ask_json("import", written(tmp_path, text), "--model", model, *options)
    out = tmp_path / "out"

    exported = company.ask_json("export", model, "--format", format, "-o", str(out))

    lines = out.read_text(encoding="utf-8").splitlines()[1:]  # the first lesson was there before
    assert exported["lessons"] == len(lines) + 1 == number + 1
    if format == "openai":
        assert "\n".join(lines) + "\n" == text
        assert exported["lost"] == {}
    else:
        usual = {"model": model, "section": "General", "notes": "", "origin_reference": {"messages": []}}
        for line, said in zip(map(json.loads, lines), map(json.loads, text.splitlines()), strict=True):
            assert {name: value for name, value in line.items() if name in said} == said
            rest = {name: value for name, value in line.items() if name not in said}
            assert all(usual.get(name, value) == value for name, value in rest.items())


def test_a_spreadsheet_comes_back_to_the_byte(company: System, model: str, tmp_path: Path) -> None:
    file = written(tmp_path, CSV)
    company.ask_json("import", file, "--model", model, *MAPPING)
    out = tmp_path / "out.csv"

    exported = company.ask_json("export", model, "--format", "csv", "-o", str(out), *MAPPING)

    def rows(text: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(text, newline="")))

    came = rows(out.read_bytes().decode())[1:]
    assert exported["lost"] == {}
    assert [{name: row[name] for name in row if name != "model"} for row in rows(CSV)] == [
        {name: row[name] for name in rows(CSV)[0] if name != "model"} for row in came
    ]
    again = company.ask_json("import", str(out), *MAPPING, "--dry-run")
    assert again["rejected"] == []


def test_records_come_back_as_they_were(company: System, model: str, tmp_path: Path) -> None:
    document = json.loads(ERPNET.replace('"q-', '"rec-q').replace('"c-', '"rec-c'))
    document["value"][0]["Model"] = {"Name": f" {model.upper()} "}
    company.ask_json("import", written(tmp_path, json.dumps(document)), "--model", model)
    out = tmp_path / "out.json"

    exported = company.ask_json("export", model, "--format", "erpnet", "-o", str(out))

    assert json.loads(out.read_bytes())["value"][1:] == document["value"]
    assert exported["lost"] == {}


def test_what_has_no_place_is_reported(company: System, model: str, tmp_path: Path) -> None:
    company.ask_json("import", written(tmp_path, JSONL), "--model", model)

    to_csv = company.cli("export", model, "--format", "csv", "-o", str(tmp_path / "out.csv"))
    to_openai = company.ask_json("export", model, "--format", "openai", "-o", str(tmp_path / "out"))

    assert "3 lessons exported" in to_csv.err
    assert "No place in csv: conversations (1 lesson)" in to_csv.err
    assert to_openai["lost"]["purpose"] == to_openai["lost"]["active"] == to_openai["lost"]["messages.time"] == 1


# what is wrong with rows ----------------------------------------------------------------------------------------------


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
    rows = [{"question": "Л" * 2_000 + str(number), "answer": "Too long by a bit."} for number in range(3)]
    rows += [{"question": "x" * 1_500_000, "answer": "Much too long."}, {"question": "Short?", "answer": "Yes."}]
    rows += [{"question": f"{number}" + "Л" * 1_900, "answer": "л" * 20_000} for number in range(150)]
    rows += [{"messages": 5}, {"question": "Nul\0?", "answer": "No."}]  # type: ignore[dict-item]

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
    [lesson] = [row["id"] for row in _lessons(company, model, tmp_path)]

    tried = company.ask_json("import", file, "--model", model, "--dry-run")
    done = company.ask_json("import", file, "--model", model)

    assert tried["marked"] == done["marked"]
    assert [(row["line"], row["kind"], row.get("with_line", row.get("lesson"))) for row in done["marked"]] == [
        (1, "duplicates", lesson), (2, "conflicts", 1), (4, "duplicates", 3), (5, "conflicts", 3),
        (7, "personal_data", None),
    ]  # fmt: skip
    assert (done["duplicates"], done["conflicts"], done["personal_data"]) == (2, 2, 1)


def _lessons(company: System, model: str, folder: Path) -> list[dict[str, Any]]:
    company.ask_json("export", model, "--format", "erpnet", "-o", str(folder / "all.json"))
    found = json.loads((folder / "all.json").read_bytes())["value"]
    return [{"id": row["Id"], "text": row.get("Question")} for row in found]


# taking back ----------------------------------------------------------------------------------------------------------


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
    touched = next(row["id"] for row in _lessons(company, model, tmp_path) if row["text"] == "Row 1?")
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


# when it is cut off ---------------------------------------------------------------------------------------------------


def test_an_import_and_an_undoing_that_were_cut_off_are_done_again(company: System, model: str, tmp_path: Path) -> None:
    rows = [{"question": f"Row {number}?", "answer": "Yes."} for number in range(4_000)]
    file = written(tmp_path, lines_of(rows))
    before = hash_of(company, model)

    # given an import that was killed half-way
    id = _killed(company, "import", file, "--model", model).split()[-1].rstrip(".")
    came = company.ask_json("training-set", model)["examples"] - 1
    assert 0 < came < len(rows)

    # when it is done again, then nothing counts twice
    done = company.ask_json("import", file, "--model", model)
    assert done["accepted"] + done["unchanged"] == len(rows)
    assert company.ask_json("training-set", model)["examples"] == len(rows) + 1

    # when taking both back is cut off and done again
    _killed(company, "undo", done["import"])
    rest = company.ask_json("undo", done["import"])
    company.ask_json("undo", id)

    assert (rest["undone"] + rest["already"], rest["left"]) == (done["accepted"], [])
    assert hash_of(company, model) == before


def _killed(company: System, *arguments: str) -> str:
    """Run it until it has changed something, then end it; what it said."""
    start = head(company)
    process = subprocess.Popen(
        [APPRENTICE, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"APPRENTICE_HOME": str(company.home)},
    )
    while head(company) < start + 300:
        assert process.poll() is None, "it was over before it could be cut off"
    process.kill()
    return process.communicate(timeout=30)[1]


# large files ----------------------------------------------------------------------------------------------------------


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


def test_ctrl_c_tells_how_to_take_back_what_came_in(company: System, model: str, tmp_path: Path) -> None:
    file = written(tmp_path, lines_of([{"question": f"Row {n}?", "answer": "Yes."} for n in range(20_000)]))
    start = head(company)
    process = subprocess.Popen(
        [APPRENTICE, "import", file, "--model", model],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"APPRENTICE_HOME": str(company.home)},
    )
    while head(company) < start + 300:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]

    assert process.returncode == 130
    id = said.split("apprentice undo ")[1].split()[0]
    assert company.ask_json("undo", id)["left"] == []
