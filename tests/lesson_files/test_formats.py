"""Formats in general: told by their beginning, read in constant memory, and never broken by rubbish."""

import json
import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lesson_files.formats import Writer, detect, read_rows, writer
from services.lesson_files.rows import BadRow, Format, Row
from tests.lesson_files.files import exported, lesson, rows

FORMATS: Final[tuple[Format, ...]] = ("jsonl", "csv", "openai", "erpnet")
MANY: Final = 100_000


@pytest.mark.parametrize(
    ("name", "head", "format"),
    [
        ("a.csv", b"question,answer", "csv"),
        ("a.txt", b"Frage;Antwort", "csv"),
        ("a.json", b'{"@odata.context": "x", "value": [', "erpnet"),
        ("a.json", b'\xef\xbb\xbf [ {"Id": "1", "Question": ', "erpnet"),
        ("a.jsonl", b'{"messages": [{"role": "user"', "openai"),
        ("a.jsonl", b'{"id": 7, "messages": [{"role": "user", "content": "Q?"}]}\n{', "openai"),
        ("a.jsonl", b'{"messages": [{"role": "assistant", "content": "A.", "learn": false}]}\n', "jsonl"),
        ("a.jsonl", b'{"model": "m", "messages": [{"role": "user"', "jsonl"),
        ("-", b'{"model": "m", "question": "q"', "jsonl"),
        ("-", b"", "jsonl"),
        ("a.json", b'{"value": []}', "erpnet"),
        ("a.json", b'[\n {\n  "messages": [{"role": "user"', "openai"),
        ("a.json", b'[{"messages": [{"role": "user"}], "section": "s"}]', "jsonl"),
        ("a.json", b'[\n  {\n  "question": "q"', "jsonl"),
    ],
)
def test_the_format_is_told_by_the_beginning(name: str, head: bytes, format: Format) -> None:
    assert detect(name, head) == format


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.slow
@given(data=st.binary(max_size=400))
def test_rubbish_gives_bad_rows_and_nothing_else(format: Format, data: bytes) -> None:
    for row in rows(format, data):
        assert isinstance(row, Row | BadRow)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["user", "assistant", "T", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
FIELDS = (
    "messages", "role", "content", "weight", "name", "type", "text", "tool_calls", "Messages", "MessageNo", "Contents",
    "ParticipantRole", "ParticipantName", "MessageTimeUtc", "Question", "Answer", "Section", "QAType", "IsActive", "Notes",
    "Model", "Id", "AddedByUser", "CreationTimeUtc", "Origin", "QAs", "value",
)  # fmt: skip
ROWS = st.recursive(
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8),
    lambda inner: st.dictionaries(st.sampled_from(FIELDS), VALUES | inner | st.lists(inner, max_size=3), max_size=8),
    max_leaves=4,
)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.slow
@given(row=ROWS)
def test_fields_of_the_wrong_kind_give_bad_rows_and_nothing_else(format: Format, row: dict[str, Any]) -> None:
    for one in rows(format, json.dumps(row)):
        assert isinstance(one, Row | BadRow)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.slow
@given(rest=ROWS)
def test_whatever_a_module_wrote_into_the_rest_an_export_succeeds(format: Format, rest: dict[str, Any]) -> None:
    kept = {"format": format, "rest": json.dumps(rest)}
    (qa, talk) = (
        Row(1, "QAAdded", {"question": "Q?", "answer": "A."}),
        Row(2, "ConversationTrained", {"messages": [{"role": "user", "content": "Q?"}]}),
    )

    text, _ = exported(format, lesson(qa, imported=kept), lesson(talk, imported=kept))

    again = [one for one in rows(format, text) if isinstance(one, Row)]
    assert format == "csv" or len(again) >= 1


EXAMPLES: Final[dict[Format, tuple[bytes, bytes, bytes]]] = {
    "csv": (b"question,answer\n", b'Why?,"Because, it is so."\n', b""),
    "jsonl": (b"", b'{"question": "Why?", "answer": "Because it is so."}\n', b""),
    "openai": (b"", b'{"messages": [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}]}\n', b""),
    "erpnet": (b'{"value": [\n', b'{"Id": "1", "Question": "Why?", "Answer": "Because."},\n', b"]}"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_a_hundred_thousand_rows_are_read_in_constant_memory(format: Format, tmp_path: Path) -> None:
    head, row, tail = EXAMPLES[format]
    (tmp_path / "lessons").write_bytes(head + row * MANY + tail)

    with (tmp_path / "lessons").open("rb") as stream:
        tracemalloc.start()
        count = sum(isinstance(one, Row) for one in read_rows(stream, format))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert count == MANY
    assert peak < 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_many_lessons_are_written_in_constant_memory(format: Format, tmp_path: Path) -> None:
    one = lesson(Row(1, "QAAdded", {"question": "Why?", "answer": "Because."}))

    with (tmp_path / "lessons").open("wb") as stream:
        tracemalloc.start()
        writing: Writer = writer(format, stream)
        for _ in range(MANY // 4):
            writing.write(one)
        writing.close()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    with (tmp_path / "lessons").open("rb") as stream:
        assert sum(isinstance(row, Row) for row in read_rows(stream, format)) == MANY // 4
    assert peak < 1_000_000


LONG: Final = b'"abcdefghijklmnopqrstuvwxyz", '


@pytest.mark.slow
@pytest.mark.parametrize("format", ["jsonl", "openai", "erpnet"])
def test_a_row_that_is_far_too_long_is_not_kept(format: Format, tmp_path: Path) -> None:
    head, row, tail = EXAMPLES[format]
    (tmp_path / "lessons").write_bytes(head + row + b'{"x": [' + LONG * 1_000_000 + b'"a"]}\n' + row + tail)

    with (tmp_path / "lessons").open("rb") as stream:
        tracemalloc.start()
        found = list(read_rows(stream, format))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert [isinstance(one, Row) for one in found] == [True, False, True]
    assert "longer than 4,000,000" in str(found[1])
    assert peak < 20_000_000


def test_reading_leaves_the_stream_open() -> None:
    for format in FORMATS:
        stream = BytesIO(b"question,answer\nQ,A\n")
        list(read_rows(stream, format))
        assert not stream.closed


@pytest.mark.parametrize("format", ["jsonl", "openai"])
def test_one_list_of_lessons_is_read_as_well_as_lines_of_them(format: Format) -> None:
    talk = [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}]

    found = rows(format, json.dumps([{"messages": talk}, 7, {"messages": talk}], indent=1))

    assert [type(one) for one in found] == [Row, BadRow, Row]
    assert rows(format, json.dumps([{"messages": talk}])[:-1])[-1] == BadRow(1, "The file ends in the middle.")


@pytest.mark.parametrize("format", FORMATS)
def test_a_reading_may_be_broken_off_after_its_stream_was_closed(format: Format) -> None:
    stream = BytesIO(b"question,answer\nQ,A\nR,B\n")
    found = read_rows(stream, format)
    next(found)

    stream.close()
    found.close()  # type: ignore[attr-defined]  # as the end of the program does
