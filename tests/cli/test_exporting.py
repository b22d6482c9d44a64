"""What was imported is exported as it came, in every format."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.lessons import CSV, ERPNET, FILES, JSONL, MAPPING, written
from tests.fixtures.system import System

pytestmark = pytest.mark.slow


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
