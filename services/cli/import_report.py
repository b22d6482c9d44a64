"""What became of the rows of an import, told in the order of lines."""

import json
import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from services.cli.screen import counted, note, say
from services.importing.report import Report, Told

SHOWN: Final = 20
_MARKS: Final = {
    "duplicates": ("duplicate", "duplicates"),
    "conflicts": ("conflict", "conflicts"),
    "personal_data": ("row with personal data", "rows with personal data"),
}


def show(report: Report, id: str | None) -> None:
    """One JSON document, written row by row. `id`: the import's; None when nothing was recorded."""
    counts = ("accepted", "proposed", "revised", "restored", "unchanged")
    plain = {"import": id} | {name: getattr(report, name) for name in counts} | report.marks
    sys.stdout.write(json.dumps(plain)[:-1])
    for kind in ("rejected", "marked"):
        sys.stdout.write(f', "{kind}": [')
        for number, told in enumerate(report.named(kind)):
            sys.stdout.write((", " if number else "") + json.dumps(told, ensure_ascii=False))
        sys.stdout.write("]")
    sys.stdout.write("}\n")
    sys.stdout.flush()


def tell(report: Report, id: str | None) -> None:
    """Sentences for people. `id`: the import's; None when nothing was recorded."""
    _name(report.named("rejected"), report.rejected, "rejected", lambda row: str(row["message"]))
    _name(report.named("marked"), sum(report.marks.values()), "to look at", _marked)
    kinds = ((report.proposed, "proposed"), (report.revised, "revised"), (report.restored, "restored"))
    among = ", ".join(f"{number:,} {kind}" for number, kind in kinds if number)
    parts = [counted(report.accepted, "row") + " " + ("accepted" if id else "would be accepted")]
    parts[0] += f" ({among})" if among else ""
    parts += [f"{report.unchanged:,} known already"] if report.unchanged else []
    parts += [f"{report.rejected:,} rejected"] if report.rejected else []
    say(", ".join(parts) + ".")
    if looked := [counted(number, *_MARKS[kind]) for kind, number in report.marks.items() if number]:
        say(f"Worth a look: {', '.join(looked)}.")
    if id is None:
        say("Nothing was recorded.")
    elif report.accepted:
        say(f"Take it back with: apprentice undo {id}")


def _name(rows: Iterable[Told], number: int, what: str, sentence: Any) -> None:
    for row in islice(rows, SHOWN):
        place = f", row {row['row']}" if row["row"] > row["line"] else ""  # JSON may have many rows in a line
        note(f"line {row['line']}{place}: {sentence(row)}")
    if number > SHOWN:
        note(f"... and {number - SHOWN:,} more {what}; --json names them.")


def _marked(row: Told) -> str:
    if row["kind"] == "personal_data":
        return f"holds personal data ({', '.join(row['found'])})"
    other = f"line {row['with_line']}" if "with_line" in row else f"the lesson {row['lesson']}"
    return f"{'says the same as' if row['kind'] == 'duplicates' else 'has another answer than'} {other}"
