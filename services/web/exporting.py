"""A model's own lessons as a download, written while they are read: a file of any size takes little memory."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any, Final

from contracts.queries import Lessons, Models
from services.lesson_files.csv_lessons import extra_columns
from services.lesson_files.formats import writer
from services.lesson_files.rows import Format
from services.web.visitor import Visitor

PAGE: Final = 500
KINDS: Final[dict[Format, tuple[str, str]]] = {
    "csv": ("csv", "text/csv; charset=utf-8"), "jsonl": ("jsonl", "application/jsonl"),
    "openai": ("openai.jsonl", "application/jsonl"), "erpnet": ("erpnet.json", "application/json"),
}  # fmt: skip
"""A file's ending and its media type."""


async def exported(visitor: Visitor, model: str, format: Format, position: int) -> AsyncIterator[bytes]:
    """The file as of the position, in pieces."""
    known: Models = await visitor.ask_as_of(position, "models", archived=True)
    extra: dict[str, None] = {}
    if format == "csv":  # its header comes first, so the rows are looked through before
        async for lesson in _lessons(visitor, model, position):
            extra |= dict.fromkeys(extra_columns(lesson))
    stream = BytesIO()
    writing = writer(format, stream, {}, list(extra), {one.id: one.name for one in known.models})
    async for lesson in _lessons(visitor, model, position):
        writing.write(lesson)
        if stream.tell() > 65_536:
            yield _drained(stream)
    writing.close()
    yield _drained(stream)


async def _lessons(visitor: Visitor, model: str, position: int) -> AsyncIterator[dict[str, Any]]:
    """All but erased ones, in the order in which they were taught."""
    after: str | None = ""
    while after is not None:
        wanted = {"model": model, "order": "taught", "after": after, "limit": PAGE}
        page: Lessons = await visitor.ask_as_of(position, "lessons", **wanted)
        for lesson in page.lessons:
            if lesson.question is not None or lesson.messages:
                yield lesson.model_dump(mode="json")
        after = page.next


def _drained(stream: BytesIO) -> bytes:
    written = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return written
