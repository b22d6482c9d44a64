"""What people see: aligned tables and progress on a terminal, plain lines elsewhere, JSON for programs."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

    from services.importing.progress import Bar


def say(text: str = "") -> None:
    """One line or several for people, on stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A remark beside the result, on stderr."""
    sys.stderr.write(text + "\n")


def show_json(data: Any) -> None:
    """One JSON document in one line, at once."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 example`, `1,204 examples`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Aligned columns, as wide as their longest cell. `right`: columns that are numbers."""
    widths = [max(cell_width(row[column]) for row in (titles, *rows)) for column in range(len(titles))]

    def line(row: Sequence[str]) -> str:
        cells = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - cell_width(cell))
            cells.append(space + cell if column in right else cell + space)
        return "  ".join(cells).rstrip()

    heading = line(titles)
    say(f"\x1b[2m{heading}\x1b[0m" if sys.stdout.isatty() else heading)
    for row in rows:
        say(line(row))


def cell_width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    import unicodedata

    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


@contextmanager
def progress(text: str, unit: str = "") -> "Iterator[Bar]":
    """A bar on stderr where that is a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield _NoBar()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[shown]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield _RichBar(shown, text, unit)


class _NoBar:
    def update(self, done: float, total: float | None = None, text: str | None = None) -> None:
        pass


class _RichBar:
    def __init__(self, shown: "Progress", text: str, unit: str) -> None:
        self._shown = shown
        self._unit = unit
        self._task = shown.add_task(text, total=None, shown="")

    def update(self, done: float, total: float | None = None, text: str | None = None) -> None:
        figures = f"{done:,.0f}" + (f" of {total:,.0f}" if total else "") + f" {self._unit}"
        self._shown.update(self._task, completed=done, total=total, shown=figures if done or total else "")
        if text is not None:
            self._shown.update(self._task, description=text)
