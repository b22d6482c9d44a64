"""Our own format: one lesson a line, `{"model", "question", "answer", ...}` or `{"model", "messages": [...], ...}`."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from contracts.facts.conversation import ConversationContent
from contracts.facts.qa import QAContent
from services.lesson_files.json_objects import lines_or_list
from services.lesson_files.rows import BadRow, Data, FactName, Row, dumped, each

_FIELDS: Final = {"qa": frozenset(QAContent.model_fields), "conversation": frozenset(ConversationContent.model_fields)}


def read(stream: BinaryIO) -> Iterator[Row | BadRow]:
    """Every line as it stands; what is wrong in it is said when it is reported."""
    return each(lines_or_list(stream), _row)


class Writer:
    """Writes everything that a lesson says; nothing is lost."""

    def __init__(self, stream: BinaryIO) -> None:
        self.lost: Counter[str] = Counter()
        self._stream = stream

    def write(self, lesson: Data) -> None:
        """One lesson, as the query `lesson` gives it."""
        fields = _FIELDS[lesson["kind"]]
        self._stream.write(dumped(_given({name: value for name, value in lesson.items() if name in fields})))

    def close(self) -> None:
        """Nothing comes after the last line."""


def _row(row: Data) -> tuple[FactName, Data]:
    return ("ConversationTrained" if "messages" in row else "QAAdded"), row


def _given(value: Any) -> Any:
    """Without what is null, at every depth."""
    if isinstance(value, dict):
        return {name: _given(one) for name, one in value.items() if one is not None}
    return [_given(one) for one in value] if isinstance(value, list | tuple) else value
