"""CSV: QAs in columns. Columns are named as the fields are, or by a mapping; other columns are kept and given back.

Cells are written as they are, also those that a spreadsheet takes for a formula: an export loses nothing, and changes
nothing."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import Any, BinaryIO, Final

from services.lesson_files.csv_lines import Lines, NotCsv
from services.lesson_files.losses import losses
from services.lesson_files.rows import BadRow, Data, Row, Unusable, bad, imported, names, rest_of

COLUMNS: Final = (
    "model", "question", "answer", "section", "purpose", "active", "language", "notes", "held_back", "external_system",
    "external_id",
)  # fmt: skip
_USUAL: Final = {"section": "General", "purpose": "training", "active": True}
_SAID: Final = frozenset({"purpose", "active", "held_back"})
"""Columns whose cells are words for something else than a text."""
_YES: Final = frozenset({"yes", "true", "1", "да", "ja", "y", "x"})
_NO: Final = frozenset({"no", "false", "0", "не", "nein", "n"})
_PURPOSES: Final = {
    "training": "training", "t": "training", "обучение": "training",
    "validation": "validation", "v": "validation", "валидация": "validation",
}  # fmt: skip


def read(stream: BinaryIO, mapping: Mapping[str, str]) -> Iterator[Row | BadRow]:
    """A QA for every row below the header. `mapping`: our field to the file's column. Delimiters: `,` `;` tab."""
    lines = Lines(stream)
    try:
        yield from _rows(lines, mapping)
    finally:
        lines.leave()


class Writer:
    """Writes QAs. `extra`: columns that imported rows had besides, as `extra_columns` found them. `models`: id to name."""

    def __init__(
        self, stream: BinaryIO, mapping: Mapping[str, str], extra: Sequence[str], models: Mapping[str, str]
    ) -> None:
        self.lost: Counter[str] = Counter()
        self._models = models
        self._names = [mapping.get(field, field) for field in COLUMNS]
        self._extra = [name for name in extra if name not in self._names]
        self._text = TextIOWrapper(stream, "utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._text)
        self._writer.writerow(self._names + self._extra)

    def write(self, lesson: Data) -> None:
        """One lesson, as the query `lesson` gives it; a conversation has no place."""
        if lesson["kind"] != "qa":
            self.lost["conversations"] += 1
            return
        columns, spelt = _kept(lesson)
        cells = [_cell(lesson, field, spelt) for field in COLUMNS]
        if spelt is not None and names(spelt.get("model"), lesson["model"], self._models):
            cells[0] = spelt["model"]
        self._writer.writerow(cells + [str(columns.get(name, "")) for name in self._extra])
        self.lost.update(losses(lesson, "csv", COLUMNS))
        self.lost.update(f"column {name}" for name in columns if name not in self._extra)

    def close(self) -> None:
        """Write what is buffered; the stream stays open."""
        self._text.flush()
        self._text.detach()


def extra_columns(lesson: Data) -> list[str]:
    """The columns that the lesson's row had and that have no place in a lesson."""
    return list(_kept(lesson)[0])


# reading --------------------------------------------------------------------------------------------------------------


def _rows(lines: Lines, mapping: Mapping[str, str]) -> Iterator[Row | BadRow]:
    try:
        header = lines.header()
        fields = _fields(header, mapping)
    except (NotCsv, Unusable) as problem:
        yield BadRow(lines.began, str(problem))
        return
    while True:
        try:
            cells = lines.row()
            if cells is None:
                return
            if cells and [cells[0].removeprefix("\ufeff"), *cells[1:]] == header:
                raise NotCsv("The row is the header again, as where files were joined; it is no lesson.")
            row = Row(lines.began, "QAAdded", _data(header, fields, cells)) if any(map(str.strip, cells)) else None
        except NotCsv as problem:
            yield BadRow(lines.began, str(problem))
        except Unusable as problem:
            yield bad(lines.began, problem)
        else:
            if row is not None:
                yield row


def _fields(header: Sequence[str], mapping: Mapping[str, str]) -> list[str | None]:
    """The field of every column; None for one that is only kept. Raises `Unusable`."""
    columns = ", ".join(header)[:300]
    for field, column in mapping.items():
        if field not in COLUMNS:
            raise Unusable(f"There is no field {field} to map a column to; there are {', '.join(COLUMNS)}.")
        if column not in header:
            raise Unusable(f"The file has no column {column!r}; its columns are {columns}.")
    ours = {column: field for field, column in mapping.items()}
    if len(ours) < len(mapping):
        raise Unusable("One column is named for two fields.")
    double = [name for name, number in Counter(header).items() if number > 1 and name]
    if double:
        raise Unusable(f"The column {double[0]!r} is there twice.")
    fields = [ours.get(name) or _field_called(name, header, mapping) for name in header]
    for field in ("question", "answer"):
        if field not in fields:
            raise Unusable(
                f"The first row names no column {field!r}; it says {columns}. Name the one that it is: {field}=COLUMN."
            )
    return fields


def _field_called(name: str, header: Sequence[str], mapping: Mapping[str, str]) -> str | None:
    """The field of a column that nobody mapped: spelt as ours, or in other letters where no other column is."""
    field = name.strip().casefold()
    if field not in COLUMNS or field in mapping:
        return None
    alike = [one for one in header if one.strip().casefold() == field]
    return field if name == field or (field not in alike and len(alike) == 1) else None


def _data(header: Sequence[str], fields: Sequence[str | None], cells: Sequence[str]) -> Data:
    if len(cells) > len(header):
        raise Unusable(f"The row has {len(cells)} cells, the header {len(header)}; is a quote missing?")
    data: Data = {}
    spelt: dict[str, str] = {}
    columns: dict[str, str] = {}
    for name, field, cell in zip(header, fields, cells, strict=False):
        if field is None:
            columns |= {name: cell} if cell else {}
            continue
        if cell:
            data[field] = _value(field, cell) if field in _SAID else cell
        if field == "model" or cell != _written(data.get(field, _USUAL.get(field))):
            spelt[field] = cell
    for field in ("question", "answer"):
        if not data.get(field, "").strip():
            raise Unusable(f"The row has no {field}.", field)
    rest = {name: kept for name, kept in (("spelt", spelt), ("columns", columns)) if kept}
    data["imported"] = imported("csv", rest)
    return data


def _value(field: str, cell: str) -> Any:
    said = cell.strip().casefold()
    if field == "purpose":
        if said not in _PURPOSES:
            raise Unusable(f"The purpose is training or validation, not {cell[:40]!r}.", field)
        return _PURPOSES[said]
    if said in _YES or said in _NO:
        return said in _YES
    raise Unusable(f"{field} is yes or no, not {cell[:40]!r}.", field)


# writing --------------------------------------------------------------------------------------------------------------


def _kept(lesson: Data) -> tuple[Data, Data | None]:
    """The other columns of an imported row, and how its cells were spelt; None for a lesson from elsewhere."""
    rest = rest_of(lesson, "csv")
    columns, spelt = rest.get("columns"), rest.get("spelt")
    ours = (lesson.get("imported") or {}).get("format") == "csv"
    return (
        columns if isinstance(columns, dict) else {},
        (spelt if isinstance(spelt, dict) else {}) if ours else None,
    )


def _cell(lesson: Data, field: str, spelt: Data | None) -> str:
    value = lesson.get(field)
    cell = None if spelt is None else spelt.get(field)
    return cell if isinstance(cell, str) and value is not None and _means(field, cell, value) else _written(value)


def _written(value: Any) -> str:
    """As a cell says it that nobody spelt otherwise."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _means(field: str, cell: str, value: Any) -> bool:
    if not cell:  # the row said nothing there
        return field in _USUAL and bool(_USUAL[field] == value)
    try:
        return bool((_value(field, cell) if field in _SAID else cell) == value)
    except Unusable:
        return False
