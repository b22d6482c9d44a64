"""Files of lessons: what is read, what can't be, and that an export gives back what was imported."""

import json
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.facts.conversation import ConversationContent
from contracts.facts.qa import QAContent
from services.lesson_files import csv_lessons
from services.lesson_files.formats import detect, read_rows, writer
from services.lesson_files.rows import BadRow, Format, Row


def rows(format: Format, text: str | bytes, **mapping: str) -> list[Row | BadRow]:
    data = text.encode() if isinstance(text, str) else text
    return list(read_rows(BytesIO(data), format, mapping))


def lesson(row: Row | BadRow) -> dict[str, Any]:
    """The row as the query `lesson` gives it once it was accepted."""
    assert isinstance(row, Row), row
    content = QAContent if row.fact == "QAAdded" else ConversationContent
    whole = content.model_validate({"model": "m"} | row.data, strict=False).model_dump(mode="json")
    kind = "qa" if row.fact == "QAAdded" else "conversation"
    about = {
        "id": "x",
        "kind": kind,
        "added_by": "person:owner",
        "added_at": "2026-11-24T10:00:00Z",
        "deactivated_at": None,
    }
    return {"purpose": "training"} | whole | about


def exported(format: Format, lessons: list[dict[str, Any]], **mapping: str) -> tuple[bytes, dict[str, int]]:
    stream = BytesIO()
    extra = list(dict.fromkeys(name for one in lessons for name in csv_lessons.extra_columns(one)))
    writing = writer(format, stream, mapping, extra)
    for one in lessons:
        writing.write(one)
    writing.close()
    return stream.getvalue(), dict(writing.lost)


ERPNET: dict[str, Any] = {
    "@odata.context": "https://demo/odata/$metadata#QAs",
    "value": [
        {
            "@odata.id": "Projects_AI_ModelQAs(1)", "Id": "6b0d", "Question": "Кога?", "Answer": "Сега.", "Section": "Общи",
            "QAType": "V", "IsActive": False, "Notes": None, "ObjectVersion": 7, "CreationTimeUtc": "2024-02-01T10:00:00Z",
            "DeactivatonTimeUtc": "2024-03-01T10:00:00Z", "AddedByUser": {"@odata.id": "Users(2)", "Name": "Мара"},
            "Model": {"@odata.id": "Models(3)", "Name": "Marketing"}, "CustomProperty_X": {"Value": [1, "2"]},
        },
        {
            "Id": "77aa", "Origin": "Chat", "Notes": "Kept", "Model": "Marketing", "Messages": [
                {"MessageNo": 2, "ParticipantRole": "A", "ParticipantName": "AI", "Contents": "Yes.", "Id": "m2"},
                {"MessageNo": 1, "ParticipantRole": "U", "ParticipantName": "Ann", "Contents": "Ship?",
                 "MessageTimeUtc": "2024-02-01T10:00:00"},
            ],
        },
    ],
}  # fmt: skip
OPENAI = [
    {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}]},
    {"messages": [{"role": "user", "content": "Q?", "name": "ann"}, {"role": "assistant", "content": "No.", "weight": 0},
                  {"role": "user", "content": "Wrong."}, {"role": "assistant", "content": "A.", "weight": 1}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "Q"}, {"type": "text", "text": "?"}]},
                  {"role": "assistant", "content": "A."}], "parallel_tool_calls": False},
]  # fmt: skip


def test_erpnet_records_come_in_with_everything_and_go_out_as_they_were() -> None:
    qa, talk = rows("erpnet", json.dumps(ERPNET, ensure_ascii=False, indent=1))

    assert isinstance(qa, Row)
    assert isinstance(talk, Row)
    assert (qa.line, qa.fact, talk.fact) == (4, "QAAdded", "ConversationTrained")
    given = {name: qa.data[name] for name in ("model", "question", "section", "purpose", "active", "external_id")}
    assert given == {
        "model": "Marketing",
        "question": "Кога?",
        "section": "Общи",
        "purpose": "validation",
        "active": False,
        "external_id": "6b0d",
    }
    assert qa.data["imported"]["added_by"] == "Мара"
    assert [(turn["role"], turn["name"], turn["content"]) for turn in talk.data["messages"]] == [
        ("user", "Ann", "Ship?"), ("assistant", "AI", "Yes."),
    ]  # fmt: skip
    assert (talk.data["origin"], talk.data["notes"]) == ("chat", "Kept")

    text, lost = exported("erpnet", [lesson(qa), lesson(talk)])
    back = json.loads(text)["value"]
    assert back[0] == ERPNET["value"][0]
    assert back[1] | {"Messages": sorted(back[1]["Messages"], key=lambda one: one["MessageNo"])} == (
        ERPNET["value"][1] | {"Messages": sorted(ERPNET["value"][1]["Messages"], key=lambda one: one["MessageNo"])}
    )
    assert lost == {}


def test_what_was_changed_since_goes_out_changed() -> None:
    (qa, _) = rows("erpnet", json.dumps(ERPNET))

    text, _ = exported("erpnet", [lesson(qa) | {"answer": "Never.", "active": True, "purpose": "training"}])

    (record,) = json.loads(text)["value"]
    assert (record["Answer"], record["IsActive"], record["QAType"], record["ObjectVersion"]) == (
        "Never.",
        True,
        "Training",
        7,
    )


def test_openais_examples_come_in_as_lessons_and_go_out_as_they_were() -> None:
    found = rows("openai", "\n".join(json.dumps(one) for one in OPENAI))

    assert [row.fact for row in found if isinstance(row, Row)] == ["QAAdded", "ConversationTrained", "QAAdded"]
    assert isinstance(found[1], Row)
    assert [turn.get("learn") for turn in found[1].data["messages"]] == [None, False, None, True]
    text, lost = exported("openai", [lesson(row) for row in found])
    assert [json.loads(line) for line in text.splitlines()] == OPENAI
    assert lost == {"train_as and straight_question": 1}


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"role": "tool", "content": "x"}, "calls a tool"),
        ({"role": "assistant", "tool_calls": [{}]}, "calls a tool"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "more than text"),
        ({"role": "boss", "content": "x"}, "has the role 'boss'"),
        ({"role": "assistant", "content": "x", "weight": 2}, "weight"),
        ({"role": "user", "content": " "}, "no content"),
    ],
)
def test_an_example_that_cant_be_learnt_says_why(message: dict[str, Any], says: str) -> None:
    (bad,) = rows("openai", json.dumps({"messages": [message]}))

    assert isinstance(bad, BadRow)
    assert says in bad.message


CSV = """Frage;Antwort;section;active;Wichtig
"Wann\r\nöffnen wir?";"Um ""9"".";Zeiten;nein;sehr

Wo?;Hier.;;ja;
Wer?;
=1+1;-;x;perhaps;
Was?;Das.;a;b;c;d
"""


def test_csv_columns_are_mapped_and_the_others_are_given_back() -> None:
    first, second, empty, third, fourth = rows("csv", CSV, question="Frage", answer="Antwort")

    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.line, first.data["question"], first.data["active"]) == (2, "Wann\r\nöffnen wir?", False)
    assert (second.line, second.data["active"]) == (5, True)
    assert "section" not in second.data
    bad = [(one.line, one.message.split(",")[0]) for one in (empty, third, fourth) if isinstance(one, BadRow)]
    assert bad == [(6, "The row has no answer."), (7, "active is yes or no"), (8, "The row has 6 cells")]

    text, lost = exported("csv", [lesson(first), lesson(second)], question="Frage", answer="Antwort")
    again = rows("csv", text, question="Frage", answer="Antwort")
    assert [one.data["question"] for one in again if isinstance(one, Row)] == ["Wann\r\nöffnen wir?", "Wo?"]
    assert b"nein" in text
    assert b"Wichtig" in text
    assert lost == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "no column 'question'"),
        ("question,answer,answer\n", "there twice"),
        ('question,answer\n"open\n', "isn't CSV"),
        ("question,answer\nq,\xe9\n".encode("latin-1"), "isn't UTF-8"),
        ("", "no column 'question'"),
    ],
)
def test_a_csv_file_that_cant_be_read_says_why(text: str | bytes, says: str) -> None:
    found = rows("csv", text)

    assert any(isinstance(one, BadRow) and says in one.message for one in found), found


def test_conversations_have_no_place_in_csv_which_is_said() -> None:
    talk = lesson(rows("openai", json.dumps(OPENAI[1]))[0])

    assert exported("csv", [talk])[1] == {"conversations": 1}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('[{"Question": "}", "Answer": "\\\\"},\n {"Question": "b", "Answer": "]"}]', [1, 2]),
        ('{"Question": "a", "Answer": "1"}\n\n{"Question": "b", "Answer": "2"}\n', [1, 3]),
        ('\ufeff{"value":[]}', []),
        ('{"x": {"value": [1]}, "value": [{"Question": "a", "Answer": "1"}], "n": 2}', [1]),
    ],
)
def test_erpnets_records_are_found_however_they_stand(text: str, lines: list[int]) -> None:
    assert [one.line for one in rows("erpnet", text)] == lines


def test_a_broken_record_doesnt_spoil_its_neighbours() -> None:
    found = rows(
        "erpnet", '{"value": [\n{"Question": "a", "Answer": 1 1},\n{"Question": "b", "Answer": "2"},\n{"Answer": "x"}\n'
    )

    assert [(type(one).__name__, one.line) for one in found] == [
        ("BadRow", 2),
        ("Row", 3),
        ("BadRow", 4),
        ("BadRow", 5),
    ]


@pytest.mark.parametrize(
    ("name", "head", "format"),
    [
        ("a.csv", b"question,answer", "csv"),
        ("a.txt", b"Frage;Antwort", "csv"),
        ("a.json", b'{"@odata.context": "x", "value": [', "erpnet"),
        ("a.json", b'\xef\xbb\xbf [ {"Id": "1", "Question": ', "erpnet"),
        ("a.jsonl", b'{"messages": [{"role": "user"', "openai"),
        ("a.jsonl", b'{"model": "m", "messages": [{"role": "user"', "jsonl"),
        ("-", b'{"model": "m", "question": "q"', "jsonl"),
    ],
)
def test_the_format_is_told_by_the_beginning(name: str, head: bytes, format: Format) -> None:
    assert detect(name, head) == format


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda text: bool(text.strip())
)


@given(st.lists(st.fixed_dictionaries({"question": TEXT, "answer": TEXT, "section": TEXT}), max_size=5))
def test_qas_go_through_csv_unchanged(qas: list[dict[str, str]]) -> None:
    lessons = [lesson(Row(1, "QAAdded", qa)) for qa in qas]

    text, _ = exported("csv", lessons)

    assert [
        {name: one.data[name] for name in ("question", "answer", "section")}
        for one in rows("csv", text)
        if isinstance(one, Row)
    ] == qas


@given(st.binary(max_size=400), st.sampled_from(["jsonl", "csv", "openai", "erpnet"]))
def test_rubbish_gives_bad_rows_and_nothing_else(data: bytes, format: Format) -> None:
    for row in read_rows(BytesIO(data), format):
        assert isinstance(row, Row | BadRow)


class _Generated:
    """A file of many rows that is never whole in memory."""

    def __init__(self, head: bytes, row: bytes, number: int, tail: bytes = b"") -> None:
        self._parts = self._all(head, row, number, tail)
        self._left = b""

    @staticmethod
    def _all(head: bytes, row: bytes, number: int, tail: bytes) -> Iterator[bytes]:
        yield head
        yield from (row for _ in range(number))
        yield tail

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size:
            part = next(self._parts, None)
            if part is None:
                break
            self._left += part
        given, self._left = self._left[:size], self._left[size:]
        return given

    read1 = read

    def readline(self, _: int = -1) -> bytes:
        return next((part for part in self._parts if part), b"")

    def readable(self) -> bool:
        return True

    writable = seekable = lambda self: False
    closed = False


@pytest.mark.parametrize(
    ("format", "head", "row", "tail"),
    [
        ("csv", b"question,answer\n", b"Why?,Because it is so.\n", b""),
        ("jsonl", b"", b'{"question": "Why?", "answer": "Because it is so."}\n', b""),
        ("openai", b"", json.dumps(OPENAI[1]).encode() + b"\n", b""),
        (
            "erpnet",
            b'{"value": [',
            b'{"Question": "Why?", "Answer": "Because."},',
            b'{"Question": "Why?", "Answer": "So."}]}',
        ),
    ],
)
def test_a_long_file_is_read_in_constant_memory(format: Format, head: bytes, row: bytes, tail: bytes) -> None:
    stream: BinaryIO = _Generated(head, row, 20_000, tail)  # type: ignore[assignment]
    tracemalloc.start()
    count = sum(isinstance(one, Row) for one in read_rows(stream, format))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count >= 20_000
    assert peak < 2_000_000
