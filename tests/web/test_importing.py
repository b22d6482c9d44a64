"""A file of lessons in a real browser: told what it is, mapped, tried, imported, and taken back."""

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from services.web.views.columns import complete, excerpts, guessed, sheet
from tests.fixtures.browser import People
from tests.fixtures.system import System

NUMBERS = itertools.count(1)


def written(folder: Path, rows: Sequence[Sequence[str]], name: str = "faq.csv", delimiter: str = ";") -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path = folder / name
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def test_columns_of_other_names_are_guessed_and_ours_stay() -> None:
    assert guessed(["Frage", "Antwort", "Thema", "notes", "Nr"]) == {
        "question": "Frage", "answer": "Antwort", "section": "Thema",
    }  # fmt: skip
    assert guessed(["question", "Frage", "answer"]) == {}
    assert complete(["Frage", "Antwort"], guessed(["Frage", "Antwort"]))
    assert not complete(["Frage", "Text"], guessed(["Frage", "Text"]))


def test_the_head_of_a_file_is_read_without_the_rest(tmp_path: Path) -> None:
    path = written(tmp_path, [("Frage", "Antwort"), *((f"Q{i}", "A\nB") for i in range(1_000))])

    found = sheet(path)

    assert (found.header, len(found.rows), found.samples(0)) == (["Frage", "Antwort"], 5, "Q0, Q1, Q2, Q3, Q4")
    assert excerpts(path, {1, 4}) == {1: "Frage;Antwort", 4: 'Q1;"A'}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web-importing") / "home").start()
    yield system
    assert system.stop() == 0


@pytest.fixture
def model(system: System) -> str:
    """A model of the test's own."""
    name = f"m{next(NUMBERS)}"
    system.send("ModelDefined", id=name, name=name)
    return name


def bring(page: Page, system: System, model: str, file: Path) -> None:
    page.goto(f"{system.endpoint['http']}/models/{model}/import")
    page.get_by_label("A file from your computer").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    page.wait_for_url("**/imports/*")


def lessons(system: System, model: str) -> dict[str, str]:
    """Questions that are taught, with their answers."""
    rows = system.cli("export", model, "--format", "jsonl").rows
    return {row["question"]: row["answer"] for row in rows if row["active"]}


@pytest.mark.slow
def test_a_file_is_tried_imported_and_taken_back(system: System, people: People, model: str, tmp_path: Path) -> None:
    rows = [
        ("Frage", "Antwort", "Thema"),
        *((f"How many of {number}?", f"{number}.", "Numbers") for number in range(60)),
        ("No answer?", "", "Numbers"),
        ("Who helps?", "Write to ann@rowanvale.example.", ""),
        ("How many of 3?", "Four.", "Numbers"),
    ]
    theo = people.sign_in(system, "theo")
    bring(theo, system, model, written(tmp_path, rows))

    # tried: counts, and every row that stays out
    theo.get_by_role("heading", name="What would happen").wait_for()
    expect(theo.get_by_role("region", name="Rows")).to_contain_text("The row has no answer.")
    expect(theo.get_by_role("region", name="After the import")).to_contain_text("62 new lessons")
    expect(theo.get_by_role("region", name="After the import")).to_contain_text("1 would conflict")
    assert lessons(system, model) == {}
    with theo.expect_download() as download:
        theo.get_by_role("link", name="Errors as CSV").click()
    (told,) = csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8").splitlines())
    assert (told["line"], told["message"]) == ("62", "The row has no answer.")

    # imported
    theo.get_by_role("button", name="Import 62 lessons").click()
    theo.get_by_role("heading", name="62 rows came in").wait_for()
    assert len(lessons(system, model)) == 61
    assert lessons(system, model)["How many of 59?"] == "59."

    # taken back, all of it
    theo.get_by_role("button", name="Undo").click()
    theo.get_by_text("62 changes were taken back.").wait_for()
    assert lessons(system, model) == {}


@pytest.mark.slow
def test_columns_that_nobody_knows_are_mapped_by_the_person(
    system: System, people: People, model: str, tmp_path: Path
) -> None:
    theo = people.sign_in(system, "theo")
    bring(theo, system, model, written(tmp_path, [("Was", "Darum", "Nr"), ("Why?", "Because.", "7")]))

    theo.get_by_role("heading", name="Where are the questions and answers?").wait_for()
    expect(theo.get_by_role("region", name="The first rows").get_by_role("cell").nth(1)).to_have_text("Because.")
    theo.get_by_label("Was becomes").select_option("question")
    theo.get_by_label("Darum becomes").select_option("answer")
    theo.get_by_role("button", name="Try it this way").click()
    theo.get_by_role("button", name="Import 1 lesson").click()
    theo.get_by_role("heading", name="1 row came in").wait_for()

    assert lessons(system, model) == {"Why?": "Because."}


@pytest.mark.slow
def test_an_import_goes_on_while_its_page_is_closed_and_is_one_at_a_time(
    system: System, people: People, model: str, tmp_path: Path
) -> None:
    rows = [("question", "answer"), *((f"What is number {number} of many?", "One.") for number in range(6_000))]
    file, other = written(tmp_path, rows), written(tmp_path, rows, "other.csv")
    theo = people.sign_in(system, "theo")
    bring(theo, system, model, file)
    theo.get_by_role("button", name="Import 6,000 lessons").click(timeout=60_000)
    theo.get_by_text("Coming in").wait_for()
    address = theo.url

    theo.goto(f"{system.endpoint['http']}/models/{model}/import")
    theo.get_by_text("is still on its way").wait_for()
    theo.get_by_label("A file from your computer").set_input_files(other)
    theo.get_by_role("button", name="Look at it").click()
    expect(theo.get_by_role("alert")).to_contain_text("is still on its way")
    people.problems.clear()  # the browser logs the 422

    theo.goto(address)
    theo.get_by_role("heading", name="6,000 rows came in").wait_for(timeout=120_000)
    assert len(lessons(system, model)) == 6_000


@pytest.mark.slow
def test_what_is_no_file_of_lessons_is_said(system: System, people: People, model: str, tmp_path: Path) -> None:
    theo = people.sign_in(system, "theo")
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    theo.goto(f"{system.endpoint['http']}/models/{model}/import")
    theo.get_by_label("A file from your computer").set_input_files(empty)
    theo.get_by_role("button", name="Look at it").click()
    expect(theo.get_by_role("alert")).to_contain_text("The file is empty.")
    people.problems.clear()  # the browser logs the 422

    other = tmp_path / "rows.jsonl"
    other.write_text('{"question": "Half"}\n{"question": "Whole?", "answer": "Yes."}\n', encoding="utf-8")
    bring(theo, system, model, other)
    theo.get_by_role("button", name="Import 1 lesson").wait_for()
    expect(theo.get_by_role("combobox", name="Format")).to_have_value("jsonl")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/models/support/import", "/imports/import-1", "/imports/import-1/rejected.csv"])
@pytest.mark.parametrize("person", ["ines", "ruth"])
def test_only_trainers_import(system: System, people: People, person: str, path: str) -> None:
    page = people.sign_in(system, person)
    answer = page.goto(system.endpoint["http"] + path)

    assert answer is not None
    assert answer.status == 403
    people.problems.clear()  # the browser logs the 403


@pytest.mark.slow
def test_nobody_sees_the_file_of_another(system: System, people: People, model: str, tmp_path: Path) -> None:
    theo, mara = people.sign_in(system, "theo"), people.sign_in(system, "mara")
    bring(theo, system, model, written(tmp_path, [("question", "answer"), ("Mine?", "Yes.")]))
    theo.get_by_role("button", name="Import 1 lesson").wait_for()

    answer = mara.goto(theo.url)

    assert answer is not None
    assert answer.status == 404
    people.problems.clear()  # the browser logs the 404
