"""Files in and out, as an import and an export see them."""

from io import BytesIO
from typing import Any

from contracts.facts.conversation import ConversationContent
from contracts.facts.qa import QAContent
from services.lesson_files.csv_lessons import extra_columns
from services.lesson_files.formats import read_rows, writer
from services.lesson_files.rows import BadRow, Format, Row

Lesson = dict[str, Any]


def rows(format: Format, text: str | bytes, **mapping: str) -> list[Row | BadRow]:
    return list(read_rows(BytesIO(text.encode() if isinstance(text, str) else text), format, mapping))


def good(format: Format, text: str | bytes, **mapping: str) -> list[Row]:
    found = rows(format, text, **mapping)
    assert [one for one in found if isinstance(one, BadRow)] == []
    return [one for one in found if isinstance(one, Row)]


def bad(format: Format, text: str | bytes, **mapping: str) -> list[tuple[int, str]]:
    return [(one.line, one.message) for one in rows(format, text, **mapping) if isinstance(one, BadRow)]


def lesson(row: Row, **changes: Any) -> Lesson:
    """The row as the query `lesson` gives it once it was accepted, with what was changed since."""
    content = QAContent if row.fact == "QAAdded" else ConversationContent
    whole = content.model_validate(row.data | {"model": "m"}).model_dump(mode="json")
    about = {"id": "x", "added_by": "person:owner", "added_at": "2026-11-24T10:00:00Z", "deactivated_at": None}
    usual = {"purpose": "training", "train_as": "both", "straight_question": None, "origin": None}
    kind = "qa" if row.fact == "QAAdded" else "conversation"
    return usual | whole | about | {"kind": kind} | changes


def qa(**data: Any) -> Lesson:
    return lesson(Row(1, "QAAdded", {"question": "When?", "answer": "Now."} | data))


def conversation(*turns: dict[str, Any], **data: Any) -> Lesson:
    return lesson(Row(1, "ConversationTrained", {"messages": list(turns)} | data))


def exported(
    format: Format, *lessons: Lesson, models: dict[str, str] | None = None, **mapping: str
) -> tuple[bytes, dict[str, int]]:
    """The file, and what had no place in it. `models`: ids with their names."""
    stream = BytesIO()
    extra = list(dict.fromkeys(name for one in lessons for name in extra_columns(one)))
    writing = writer(format, stream, mapping, extra, models)
    for one in lessons:
        writing.write(one)
    writing.close()
    return stream.getvalue(), dict(writing.lost)
