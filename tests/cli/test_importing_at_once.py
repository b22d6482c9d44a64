"""Two imports of one file at the same moment: each says what it brought itself, and takes back that."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from services.cli.client import Client, talk
from services.importing.progress import Bar
from services.importing.report import Report
from services.importing.rows import Import
from services.lesson_files.formats import read_rows
from services.lesson_files.rows import BadRow, Row
from tests.cli.lessons import hash_of, lines_of, written
from tests.fixtures.system import System

pytestmark = pytest.mark.slow


class _Unseen(Bar):
    def update(self, done: float, total: float | None = None, text: str | None = None) -> None:
        """Nobody looks."""


def overtaken(company: System, model: str, file: str, begun: int) -> tuple[Report, dict[str, Any]]:
    """An import that has begun with so many rows when another one of the same file comes and goes; what each reports."""
    report, other = Report(), dict[str, Any]()

    def another() -> Iterator[Row]:
        while learnt(company, model) < before + begun:
            pass  # those that are on their way come in first
        other.update(company.ask_json("import", file, "--model", model))
        yield from ()

    def rows() -> Iterator[Row | BadRow]:
        with Path(file).open("rb") as stream:
            every = list(read_rows(stream, "jsonl", {}))
        yield from chain(every[:begun], another(), every[begun:])

    async def work(client: Client) -> None:
        slow = Import(client, slow_of(model), model, report, dry=False)
        await slow.run(rows(), _Unseen(), lambda: (0, None), max(begun, 1))

    before = learnt(company, model)
    talk(company.home, work)
    return report, other


def learnt(company: System, model: str) -> int:
    examples: int = company.ask_json("training-set", model)["examples"]
    return examples


def slow_of(model: str) -> str:
    """The slow import's id."""
    return f"import-slow-{model}"


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.accepted, report.restored, report.unchanged, report.rejected


def test_rows_that_another_import_brought_meanwhile_were_known_already(
    company: System, model: str, tmp_path: Path
) -> None:
    rows = [{"question": f"Row {number}?", "answer": f"Call +359 888 123 45{number}."} for number in range(6)]
    file, before = written(tmp_path, lines_of(rows)), hash_of(company, model)

    # when an import is overtaken in its middle
    report, other = overtaken(company, model, file, 3)

    # then each row counts for the one that brought it, and so does what is worth a look in it
    assert counts(report) == (3, 0, 3, 0)
    assert (other["accepted"], other["unchanged"]) == (3, 3)
    assert (report.marks["personal_data"], other["personal_data"]) == (3, 3)

    # and each undoing takes back as much as its import said
    assert company.ask_json("undo", slow_of(model)) == {"undone": 3, "already": 0, "left": []}
    assert company.ask_json("undo", other["import"]) == {"undone": 3, "already": 0, "left": []}
    assert hash_of(company, model) == before


def test_an_import_of_which_another_one_brought_every_row_says_that_it_brought_none(
    company: System, model: str, tmp_path: Path
) -> None:
    file = written(tmp_path, lines_of([{"question": f"Row {number}?", "answer": "Yes."} for number in range(4)]))

    report, other = overtaken(company, model, file, 0)

    assert (counts(report), other["accepted"]) == ((0, 0, 4, 0), 4)
    assert company.cli("undo", slow_of(model), "--json").refused == "unknown_import"
