"""Which format a file has, and its reader and writer."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final, Protocol

from services.lesson_files import csv_lessons, erpnet, jsonl, openai_chat
from services.lesson_files.rows import BadRow, Data, Format, Row

HEAD: Final = 4_096
"""Bytes from which the format is told."""
_OPENAI: Final = re.compile(rb'\s*\{\s*"messages"\s*:\s*\[\s*\{')
_ERPNET: Final = re.compile(rb'"(?:@odata\.\w+|Question|Answer|QAType|Messages|Contents|ParticipantRole)"\s*:')


class Writer(Protocol):
    """Writes lessons. `lost`: what had no place in the format, and in how many lessons."""

    lost: Counter[str]

    def write(self, lesson: Data) -> None:
        """One lesson, as the query `lesson` gives it."""

    def close(self) -> None:
        """End the file; the stream stays open."""


def detect(name: str, head: bytes) -> Format:
    """The format by the file's name and its beginning."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if name.lower().endswith((".csv", ".tsv")) or (start and start[:1] not in b"{["):
        return "csv"
    if _ERPNET.search(start):
        return "erpnet"
    first = start.partition(b"\n")[0]
    return "openai" if _OPENAI.match(first) and b'"model"' not in first and b'"learn"' not in first else "jsonl"


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
    format: Format, stream: BinaryIO, mapping: Mapping[str, str] | None = None, extra: Sequence[str] = ()
) -> Writer:
    """Writes the format. `extra`, for CSV: columns of imported rows, as `csv_lessons.extra_columns` finds them."""
    match format:
        case "csv":
            return csv_lessons.Writer(stream, mapping or {}, extra)
        case "openai":
            return openai_chat.Writer(stream)
        case "erpnet":
            return erpnet.Writer(stream)
        case "jsonl":
            return jsonl.Writer(stream)
