"""ERP.net's records: read with everything they say, and given back as they were."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.lesson_files.rows import BadRow, Row
from tests.lesson_files.files import bad, conversation, exported, good, lesson, qa, rows

QA: dict[str, Any] = {
    "@odata.id": "Projects_AI_ModelQAs(6b0d)", "Id": "6b0d", "Question": "Кога?", "Answer": "Сега.", "Section": "Общи",
    "QAType": "V", "IsActive": False, "Notes": None, "ObjectVersion": 7, "CreationTimeUtc": "2024-02-01T10:00:00Z",
    "DeactivatonTimeUtc": "2024-03-01T10:00:00", "AddedByUser": {"@odata.id": "Systems_Security_Users(2)", "Name": "Мара"},
    "Model": {"@odata.id": "Projects_AI_Models(3)", "Name": {"EN": "Marketing", "BG": "Маркетинг"}},
    "CustomProperty_X": {"Value": [1, "2"]},
}  # fmt: skip
TALK: dict[str, Any] = {
    "Id": "77aa", "Origin": "Chat", "Notes": "Kept", "Model": "Marketing", "OriginDataObject": None, "Messages": [
        {"MessageNo": 2, "ParticipantRole": "A", "ParticipantName": "AI", "Contents": "Yes.", "Id": "m2"},
        {"MessageNo": 1, "ParticipantRole": "User", "ParticipantName": "Ann", "Contents": "Ship?",
         "MessageTimeUtc": "2024-02-01T10:00:00"},
    ],
}  # fmt: skip
PLAIN: dict[str, Any] = {"Question": "Q?", "Answer": "A."}


def written(*lessons: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    text, lost = exported("erpnet", *lessons)
    return json.loads(text)["value"], lost


def test_a_qa_comes_in_with_everything_it_says() -> None:
    (row,) = good("erpnet", json.dumps([QA]))

    data = dict(row.data)
    imported = data.pop("imported")
    assert (row.fact, data) == ("QAAdded", {
        "model": "Marketing", "question": "Кога?", "answer": "Сега.", "section": "Общи", "purpose": "validation",
        "active": False, "external_system": "erp.net", "external_id": "6b0d",
    })  # fmt: skip
    assert {name: value for name, value in imported.items() if name != "rest"} == {
        "format": "erpnet", "added_by": "Мара", "added_at": "2024-02-01T10:00:00+00:00",
        "deactivated_at": "2024-03-01T10:00:00+00:00",
    }  # fmt: skip


def test_a_conversation_comes_in_in_the_order_of_its_messages() -> None:
    (row,) = good("erpnet", json.dumps([TALK]))

    assert (row.fact, row.data["origin"], row.data["notes"]) == ("ConversationTrained", "chat", "Kept")
    assert row.data["messages"] == [
        {"role": "user", "content": "Ship?", "name": "Ann", "time": "2024-02-01T10:00:00+00:00"},
        {"role": "assistant", "content": "Yes.", "name": "AI"},
    ]


def test_records_come_back_as_they_were() -> None:
    spelt = PLAIN | {"Section": "General", "QAType": "Training", "IsActive": True, "Notes": "", "AddedByUser": "ann"}
    long = PLAIN | {"Notes": "n" * 4_001, "Section": None}
    records = [QA, TALK, PLAIN, spelt, long]

    found, lost = written(*map(lesson, good("erpnet", json.dumps({"value": records}))))

    assert found == records
    assert [list(one) for one in found] == [list(one) for one in records]
    assert lost == {}


def test_what_was_changed_since_goes_out_changed() -> None:
    first, second = good("erpnet", json.dumps([QA, TALK]))
    turns = [dict(turn, content="New.", name=None) for turn in second.data["messages"]]

    (one, other), _ = written(
        lesson(first, answer="Never.", active=True, purpose="training", section="General", notes="n"),
        lesson(second, messages=turns, notes=""),
    )

    changed = {"Answer": "Never.", "IsActive": True, "QAType": "Training", "Section": "General", "Notes": "n"}
    assert one == QA | changed
    assert other == TALK | {
        "Notes": None,
        "Messages": [one | {"Contents": "New.", "ParticipantName": None} for one in TALK["Messages"]],
    }


def test_a_conversation_with_other_turns_than_it_had_gets_new_messages() -> None:
    (row,) = good("erpnet", json.dumps([TALK]))

    ((record,), _) = written(lesson(row, messages=row.data["messages"][:1]))

    assert record["Messages"] == [
        {"MessageNo": 1, "Contents": "Ship?", "ParticipantRole": "User", "ParticipantName": "Ann",
         "MessageTimeUtc": "2024-02-01T10:00:00+00:00"},
    ]  # fmt: skip
    assert record["Id"] == "77aa"


def test_a_lesson_that_was_moved_names_its_present_model() -> None:
    (row,) = good("erpnet", json.dumps([QA]))
    models = {"m": "Marketing", "s": "Sales"}

    written = [exported("erpnet", lesson(row, model=model), models=models)[0] for model in models]

    assert [json.loads(text)["value"][0]["Model"] for text in written] == [QA["Model"], {"Name": "Sales"}]


def test_a_reference_that_isnt_expanded_names_no_model() -> None:
    (row,) = good("erpnet", json.dumps([PLAIN | {"Model": {"@odata.id": "Projects_AI_Models(3)"}}]))

    assert "model" not in row.data


def test_our_own_lessons_become_records_that_can_be_read_again() -> None:
    first = qa(
        section="Times", purpose="validation", active=False, notes="n", external_system="erp.net", external_id="1"
    )
    second = conversation(
        {"role": "user", "content": "Q?", "name": "Ann", "time": "2024-02-01T10:00:00Z"},
        {"role": "assistant", "content": "A."}, origin="task",
    )  # fmt: skip

    records, lost = written(first, second)
    again = good("erpnet", json.dumps(records))

    assert (records[0]["QAType"], records[0]["Id"], records[1]["Origin"]) == ("Validation", "1", "ToDo")
    ours = {"imported": None, "external_system": None, "external_id": None}
    assert [lesson(row, **ours) for row in again] == [first | ours, second | ours]
    assert lost == {}


def test_what_has_no_place_is_reported() -> None:
    first = qa(language="bg", held_back=True, external_system="helpdesk", external_id="1")
    second = conversation(
        {"role": "user", "content": "Q?", "author": "person:ann"},
        {"role": "assistant", "content": "No.", "learn": False},
        section="Times", active=False, train_as="straight", origin="module:desk",
    )  # fmt: skip

    assert written(first, second)[1] == {
        "language": 1, "held_back": 1, "external_system": 1, "external_id": 1, "section": 1, "active": 1, "origin": 1,
        "train_as": 1, "messages.author": 1, "messages.learn": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("record", "says", "field"),
    [
        ({"Answer": "A."}, "no Question", "Question"),
        ({"Question": "Q?", "Answer": " "}, "no Answer", "Answer"),
        (PLAIN | {"QAType": "X"}, "QAType is Training or Validation, not 'X'", "QAType"),
        (PLAIN | {"QAType": []}, "QAType is Training or Validation", "QAType"),
        (PLAIN | {"IsActive": "yes"}, "IsActive is true or false", "IsActive"),
        ({"Name": "Marketing", "QAs": [PLAIN]}, "This is a model", "QAs"),
        ({"Messages": []}, "no Messages", "Messages"),
        ({"Messages": [{"ParticipantRole": "X", "Contents": "x"}]}, "ParticipantRole is", "Messages.0"),
        ({"Messages": [{"ParticipantRole": "U", "Contents": ""}]}, "no Contents", "Messages.0"),
        (PLAIN | {"Other": "x" * 60_001}, "longer than 60,000", None),
    ],
)
def test_a_record_that_cant_be_a_lesson_says_why(record: dict[str, Any], says: str, field: str | None) -> None:
    (found,) = rows("erpnet", json.dumps(record))

    assert isinstance(found, BadRow)
    assert says in found.message
    assert list(found.fields) == ([field] if field else [])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('[{"Question": "}", "Answer": "\\\\"},\n {"Question": "b", "Answer": "]"}]', [1, 2]),
        ('{"Question": "a", "Answer": "1"}\n\n{"Question": "b", "Answer": "2"}\n', [1, 3]),
        ('\ufeff{"value":[]}', []),
        ('\ufeff{"value":[{"Question": "a", "Answer": "1"}]}', [1]),
        ('\ufeff{"Question": "a", "Answer": "1"}', [1]),
        ('{\n"Question": "a",\n"Answer": "1"\n}\n{"Question": "b",\n"Answer": "1"}', [1, 5]),
        ('{"x": {"value": [1]}, "value": [{"Question": "a", "Answer": "1"}], "@odata.count": 1}', [1]),
        ('{"name": "value",\n"x": [1], "value":\n[\n{"Question": "a", "Answer": "1"}]}', [4]),
    ],
)
def test_records_are_found_however_they_stand(text: str, lines: list[int]) -> None:
    assert [row.line for row in good("erpnet", text)] == lines


@pytest.mark.parametrize(
    ("text", "rows_at", "bad_at"),
    [
        ('{"value": [\n{"Question": "a", "Answer": 1 1},\n{"Question": "b", "Answer": "2"}\n]}', [3], [2]),
        ('[1,\n"x", [{}],\n{"Question": "b", "Answer": "2"}, null]', [3], [1, 2, 2, 3]),
        ('{"Question": "b", "Answer": "2"}\n{"Question"\n{"Question": "b", "Answer": "2"}', [1, 3], [2]),
        ('{"value": [\n{"Question": "b", "Answer": "2"}', [2], [2]),
        ('{"value": [\n{"Question": "b", "Answer": "2"},\n{"Question": "b"', [2], [3]),
        ('[{"Question": "b", "Answer": "2"}]\n]', [1], [2]),
        ("Question,Answer\nQ,A", [], [1, 2]),
    ],
)
def test_what_is_broken_doesnt_spoil_its_neighbours(text: str, rows_at: list[int], bad_at: list[int]) -> None:
    assert [line for line, _ in bad("erpnet", text)] == bad_at
    assert [one.line for one in rows("erpnet", text) if not isinstance(one, BadRow)] == rows_at


def test_a_list_that_goes_on_elsewhere_says_so_in_its_line() -> None:
    text = '{"value": [{"Question": "a", "Answer": "@odata.nextLink"}],\n"@odata.nextLink": "next"}'

    assert [row.line for row in rows("erpnet", text) if isinstance(row, Row)] == [1]
    ((line, message),) = bad("erpnet", text)
    assert line == 2
    assert message.endswith("fetch and import that page too.")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=99).filter(
    lambda text: bool(text.strip())
)
VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.dictionaries(st.text(), st.text())
RECORDS = st.fixed_dictionaries(
    {"Question": TEXT, "Answer": TEXT},
    optional={
        "Id": TEXT, "Section": st.none() | st.text(max_size=99), "QAType": st.sampled_from(["T", "V", "Training", "Validation"]),
        "IsActive": st.booleans(), "Notes": st.none() | st.text(max_size=99), "CreationTimeUtc": VALUES, "AddedByUser": VALUES,
        "DeactivatonTimeUtc": st.datetimes().map(lambda time: time.isoformat()), "Model": VALUES, "Other": VALUES,
    },
)  # fmt: skip
MESSAGES = st.fixed_dictionaries(
    {"Contents": TEXT, "ParticipantRole": st.sampled_from(["S", "U", "A", "System", "User", "Assistant"])},
    optional={"MessageNo": st.integers(0, 9), "ParticipantName": VALUES, "MessageTimeUtc": VALUES, "Id": VALUES},
)
TALKS = st.fixed_dictionaries(
    {"Messages": st.lists(MESSAGES, min_size=1, max_size=4)},
    optional={
        "Id": TEXT,
        "Notes": st.none() | st.text(max_size=99),
        "Origin": VALUES | st.just("CAL"),
        "Other": VALUES,
    },
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # drawing is slow where others work beside it
@given(st.lists(RECORDS | TALKS, max_size=4), st.sampled_from([None, 1]))
def test_every_record_comes_back(records: list[dict[str, Any]], indent: int | None) -> None:
    found = good("erpnet", json.dumps({"value": records}, indent=indent))

    assert written(*(lesson(row, model="m") for row in found))[0] == records
