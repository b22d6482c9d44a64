"""CSV: QAs in columns. Columns are named as the fields are, or by a mapping; other columns are kept and given back."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import Any, BinaryIO, Final

import orjson

from services.lesson_files.rows import BadRow, Data, Row, Unusable, made, rest_of

COLUMNS: Final = (
    "model", "question", "answer", "section", "purpose", "active", "language", "notes", "held_back", "external_system",
    "external_id",
)  # fmt: skip
_TEXTS: Final = frozenset(
    {"model", "question", "answer", "section", "language", "notes", "external_system", "external_id"}
)
_YES: Final = frozenset({"yes", "true", "1", "да", "ja", "y", "x"})
_NO: Final = frozenset({"no", "false", "0", "не", "nein", "n"})
_PURPOSES: Final = {"training": "training", "t": "training", "validation": "validation", "v": "validation"}


def read(stream: BinaryIO, mapping: Mapping[str, str]) -> Iterator[Row | BadRow]:
    """A QA for every row below the header. `mapping`: our field to the file's column."""
    text = TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    first = text.readline(1_000_000)
    header = next(csv.reader([first], delimiter=_delimiter(first)), [])
    problem = _header_problem(header, mapping)
    if problem is not None:
        yield BadRow(1, problem)
        return
    ours = {theirs: field for field, theirs in mapping.items()}
    fields = [ours.get(name, name if name in COLUMNS and name not in mapping else None) for name in header]
    rows = csv.reader(text, delimiter=_delimiter(first), strict=True)
    while True:
        began = rows.line_num + 2
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as problem:
            yield BadRow(began, f"The row isn't CSV: {problem}.")
            continue
        if any(cell.strip() for cell in cells):
            yield made(began, lambda cells=cells: ("QAAdded", _data(header, fields, cells)))  # type: ignore[misc]


class Writer:
    """Writes QAs. `extra`: columns that imported rows had besides, as `extra_columns` found them."""

    def __init__(self, stream: BinaryIO, mapping: Mapping[str, str], extra: Sequence[str] = ()) -> None:
        self.lost: Counter[str] = Counter()
        self._names = [(field, mapping.get(field, field)) for field in COLUMNS]
        self._extra = list(extra)
        self._text = TextIOWrapper(stream, "utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._text)
        self._writer.writerow([name for _, name in self._names] + self._extra)

    def write(self, lesson: Data) -> None:
        """One lesson; a conversation has no place."""
        if lesson["kind"] != "qa":
            self.lost["conversations"] += 1
            return
        rest = rest_of(lesson, "csv")
        cells = [_cell(lesson[field], field, rest.get("spelt", {})) for field, _ in self._names]
        self._writer.writerow(cells + [rest.get("columns", {}).get(name, "") for name in self._extra])

    def close(self) -> None:
        """Write what is buffered; the stream stays open."""
        self._text.flush()
        self._text.detach()


def extra_columns(lesson: Data) -> list[str]:
    """The columns that the lesson's row had and that have no place in a lesson."""
    return list(rest_of(lesson, "csv").get("columns", {}))


def _delimiter(header: str) -> str:
    return max((",", ";", "\t"), key=header.count)


def _header_problem(header: Sequence[str], mapping: Mapping[str, str]) -> str | None:
    unknown = [field for field in mapping if field not in COLUMNS]
    if unknown:
        return f"There is no field {unknown[0]} to map a column to; there are {', '.join(COLUMNS)}."
    absent = [column for column in mapping.values() if column not in header]
    if absent:
        return f"The file has no column {absent[0]!r}; its columns are {', '.join(header)[:300]}."
    missing = [field for field in ("question", "answer") if mapping.get(field, field) not in header]
    if missing:
        return f"The file has no column {missing[0]!r}; name the column that it is, as in --map {missing[0]}=COLUMN."
    double = [name for name, number in Counter(header).items() if number > 1]
    return f"The column {double[0]!r} is there twice." if double else None


def _data(header: Sequence[str], fields: Sequence[str | None], cells: Sequence[str]) -> Data:
    if len(cells) > len(header):
        raise Unusable(f"The row has {len(cells)} cells, the header {len(header)}; is a quote missing?")
    if any("\ud800" <= character <= "\udfff" for cell in cells for character in cell if not cell.isascii()):
        raise Unusable("The row isn't UTF-8; save the file as UTF-8.")
    data: Data = {}
    spelt: dict[str, str] = {}
    columns: dict[str, str] = {}
    for name, field, cell in zip(header, fields, cells, strict=False):
        if field is None:
            columns[name] = cell
        elif cell != "":
            data[field] = _value(field, cell)
            if field not in _TEXTS:
                spelt[field] = cell
    for field in ("question", "answer"):
        if field not in data:
            raise Unusable(f"The row has no {field}.", field)
    rest: Data = ({"spelt": spelt} if spelt else {}) | ({"columns": columns} if any(columns.values()) else {})
    imported: Data = {"format": "csv"} | ({"rest": orjson.dumps(rest).decode()} if rest else {})
    return data | {"imported": imported}


def _value(field: str, cell: str) -> Any:
    if field in _TEXTS:
        return cell
    said = cell.strip().casefold()
    if field == "purpose":
        if said not in _PURPOSES:
            raise Unusable(f"The purpose is training or validation, not {cell[:40]!r}.", field)
        return _PURPOSES[said]
    if said in _YES | _NO:
        return said in _YES
    raise Unusable(f"{field} is yes or no, not {cell[:40]!r}.", field)


def _cell(value: Any, field: str, spelt: Mapping[str, str]) -> str:
    if field in spelt and _value(field, spelt[field]) == value:
        return spelt[field]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
