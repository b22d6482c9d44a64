"""Which format a file has, and its reader and writer."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final, Protocol

from services.lesson_files import csv_lessons, erpnet, jsonl, openai_chat
from services.lesson_files.rows import BOM, BadRow, Data, Format, Row, Unusable, parsed

HEAD: Final = 4_096
"""Bytes from which the format is told."""
_OPENAI: Final = re.compile(rb'\{\s*"messages"\s*:\s*\[\s*\{')
_ERPNET: Final = re.compile(rb'"(?:@odata\.\w+|Question|Answer|QAType|Messages|Contents|ParticipantRole)"\s*:')
_VALUE: Final = re.compile(rb'\{\s*"value"\s*:\s*\[')
_OURS: Final = re.compile(rb'"(?:model|learn|train_as|section|origin)"\s*:')


class Writer(Protocol):
    """Writes lessons. `lost`: what had no place in the format, and in how many lessons."""

    lost: Counter[str]

    def write(self, lesson: Data) -> None:
        """One lesson, as the query `lesson` gives it."""

    def close(self) -> None:
        """End the file; the stream stays open."""


def detect(name: str, head: bytes) -> Format:
    """The format by the file's name and its beginning. Our own lines and OpenAI's both have `messages`; ours say more."""
    start = head.removeprefix(BOM).lstrip()
    if name.lower().endswith((".csv", ".tsv")) or (start and start[:1] not in b"{["):
        return "csv"
    if _ERPNET.search(start) or _VALUE.match(start):
        return "erpnet"
    if start.startswith(b"["):  # a list of such objects, perhaps over many lines
        return "openai" if _OPENAI.match(start.lstrip(b"[ \t\r\n")) and not _OURS.search(start) else "jsonl"
    first = start.partition(b"\n")[0]
    return "openai" if _is_openai(first) and not _OURS.search(first) else "jsonl"


def _is_openai(line: bytes) -> bool:
    try:
        return "messages" in parsed(line)
    except Unusable:  # the head ends within the line
        return _OPENAI.match(line) is not None


def read_rows(stream: BinaryIO, format: Format, mapping: Mapping[str, str] | None = None) -> Iterator[Row | BadRow]:
    """The rows of the file, one at a time. `mapping`, for CSV: our field to the file's column."""
    match format:
        case "csv":
            return csv_lessons.read(stream, mapping or {})
        case "openai":
            return openai_chat.read(stream)
        case "erpnet":
            return erpnet.read(stream)
        case "jsonl":
            return jsonl.read(stream)


def writer(
    format: Format,
    stream: BinaryIO,
    mapping: Mapping[str, str] | None = None,
    extra: Sequence[str] = (),
    models: Mapping[str, str] | None = None,
) -> Writer:
    """Writes the format.

    `mapping` and `extra`, for CSV: our field to the file's column, and columns of imported rows as
    `csv_lessons.extra_columns` finds them. `models`: ids with their names, so that a row names its model as it did,
    and a lesson that was moved since its present one.
    """
    match format:
        case "csv":
            return csv_lessons.Writer(stream, mapping or {}, extra, models or {})
        case "openai":
            return openai_chat.Writer(stream)
        case "erpnet":
            return erpnet.Writer(stream, models or {})
        case "jsonl":
            return jsonl.Writer(stream)
