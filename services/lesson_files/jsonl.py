"""Our own format: one lesson a line, `{"model", "question", "answer", ...}` or `{"model", "messages": [...], ...}`."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from contracts.facts.conversation import ConversationContent
from contracts.facts.qa import QAContent
from services.lesson_files.rows import BadRow, Data, Row, dumped, of_lines, parsed

_FIELDS: Final = {"qa": frozenset(QAContent.model_fields), "conversation": frozenset(ConversationContent.model_fields)}


def read(stream: BinaryIO) -> Iterator[Row | BadRow]:
    """Every line as it stands; what is wrong in it is said when it is reported."""
    return of_lines(stream, lambda line: _row(parsed(line)))


class Writer:
    """Writes everything that a lesson says; nothing is lost."""

    def __init__(self, stream: BinaryIO) -> None:
        self.lost: Counter[str] = Counter()
        self._stream = stream

    def write(self, lesson: Data) -> None:
        """One lesson, as the query `lesson` gives it."""
        fields = _FIELDS[lesson["kind"]]
        self._stream.write(
            dumped({name: value for name, value in lesson.items() if name in fields and value is not None})
        )

    def close(self) -> None:
        """Nothing comes after the last line."""


def _row(row: Data) -> tuple[Any, Data]:
    return ("ConversationTrained" if "messages" in row else "QAAdded"), row
