"""CSV: columns by name or mapping, rows that can't be read, and what comes back."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lesson_files.rows import Row
from tests.lesson_files.files import bad, conversation, exported, good, lesson, qa, rows

CSV = """Frage;Antwort;section;active;Wichtig
"Wann\r\nöffnen wir?";"Um ""9"".";Zeiten;nein;sehr

Wo?;Hier.;;ja;
 ; ;;;
Wer?;
=1+1;-;x;perhaps;
Was?;Das.;a;b;c;d
"""
MAPPING = {"question": "Frage", "answer": "Antwort"}


def test_columns_are_mapped_and_rows_are_known_by_the_line_in_which_they_begin() -> None:
    first, second = (row for row in rows("csv", CSV, **MAPPING) if isinstance(row, Row))

    assert (first.line, second.line) == (2, 5)
    assert {name: value for name, value in first.data.items() if name != "imported"} == {
        "question": "Wann\r\nöffnen wir?", "answer": 'Um "9".', "section": "Zeiten", "active": False,
    }  # fmt: skip
    assert second.data["active"] is True
    assert "section" not in second.data


def test_a_row_that_cant_be_a_lesson_says_why() -> None:
    assert bad("csv", CSV, **MAPPING) == [
        (7, "The row has no answer."),
        (8, "active is yes or no, not 'perhaps'."),
        (9, "The row has 6 cells, the header 5; is a quote missing?"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_told_by_the_header(delimiter: str) -> None:
    text = f'question{delimiter}"a,b;c;d"{delimiter}answer\nQ{delimiter}x{delimiter}A\n'

    (row,) = good("csv", "\ufeff" + text)

    assert (row.data["question"], row.data["answer"]) == ("Q", "A")


def test_a_spreadsheets_own_first_line_tells_the_delimiter_and_is_no_header() -> None:
    (row,) = good("csv", "\ufeffsep=|\r\nquestion|answer\r\na,b;c|A\r\n")

    assert (row.line, row.data["question"], row.data["answer"]) == (3, "a,b;c", "A")


def test_columns_are_known_in_capitals_too_unless_another_is_spelt_as_ours() -> None:
    (row,) = good("csv", "Question, ANSWER ,Section,section\nQ,A,kept,S\n")

    assert (row.data["question"], row.data["answer"], row.data["section"]) == ("Q", "A", "S")
    assert json.loads(row.data["imported"]["rest"])["columns"] == {"Section": "kept"}


def test_the_header_of_a_file_that_was_joined_to_another_is_no_lesson() -> None:
    text = "question,answer\nQ,A\n\ufeffquestion,answer\nR,B\n"

    assert [row.data["question"] for row in rows("csv", text) if isinstance(row, Row)] == ["Q", "R"]
    assert bad("csv", text) == [(3, "The row is the header again, as where files were joined; it is no lesson.")]


def test_a_header_may_have_cells_of_several_lines() -> None:
    (row,) = good("csv", '"the\nquestion",answer\nQ,A\n', question="the\nquestion")

    assert (row.line, row.data["question"]) == (3, "Q")


@pytest.mark.parametrize(
    ("text", "mapping", "says"),
    [
        ("a,b\n1,2\n", {}, "no column 'question'; it says a, b. Name the one that it is: question=COLUMN."),
        ("a,answer\n1,2\n", {"question": "b"}, "no column 'b'; its columns are a, answer."),
        ("a,answer\n1,2\n", {"qestion": "a"}, "no field qestion to map a column to; there are model, question, "),
        ("a,b\n1,2\n", {"question": "a", "answer": "a"}, "One column is named for two fields."),
        ("question,answer,answer\n", {}, "'answer' is there twice."),
        ("", {}, "The file has no line; its first one names the columns"),
        ("\ufeff", {}, "The file has no line"),
        ("Question,question,ANSWER\n", {"question": "Question", "answer": "Question"}, "named for two fields."),
        ("Question,QUESTION,answer\n", {}, "names no column 'question'; it says Question, QUESTION, answer."),
        (gzip.compress(b"question,answer\nQ,A\n", mtime=0), {}, "is packed (gzip); unpack it first."),
        (b"PK\x03\x04\x14\x00\x06\x00", {}, "a workbook or an archive (ZIP); save the sheet as CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", {}, "The file is a workbook; save the sheet as CSV UTF-8."),
        ("question,answer\nQ,A\n".encode("utf-16-le"), {}, "is no text, or UTF-16; save it as UTF-8"),
        ("question,answer\nQ,A\n".encode("utf-16"), {}, "The file is UTF-16; save it as UTF-8"),
        ("въпрос,answer\nQ,A\n".encode("cp1251"), {}, "isn't UTF-8; save it as UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_cant_be_read_says_why(text: str | bytes, mapping: dict[str, str], says: str) -> None:
    ((line, message),) = bad("csv", text, **mapping)

    assert line == 1
    assert says in message


@pytest.mark.parametrize(
    ("broken", "says", "goes_on"),
    [
        (b"caf\xe9,x\n", "The row isn't UTF-8", True),
        (b'"a"b,x\n', "expected after '\"'; a quote is missing, or not doubled.", True),
        (b'"a,x\nb,"y"\n', "or not doubled. Lines 2 to 3 were passed over.", True),
        (b'"a,x\n', "a quote is opened and never closed. Lines 2 to 3 were passed over.", False),
        (b'"' + b"a\n" * 70_000, "a cell is longer than 131,072 characters, or a quote is opened", True),
        (b"a" * 5_000_000 + b",x\n", "The row is longer than 4,000,000 characters.", True),
        (b'"a\n' + b"a" * 5_000_000 + b'",x\n', "longer than 4,000,000 characters. Lines 2 to 3 were passed", True),
    ],
)
def test_a_broken_row_doesnt_end_the_reading(broken: bytes, says: str, goes_on: bool) -> None:
    found = rows("csv", b"question,answer\n" + broken + b"Q,A\n")

    assert found[0].line == 2
    assert says in getattr(found[0], "message", "")
    assert (getattr(found[-1], "data", {}).get("question") == "Q") is goes_on


def test_cells_come_back_as_they_were_written() -> None:
    text = (
        "model,question,answer,section,purpose,active,language,notes,held_back,external_system,external_id,Wichtig\r\n"
        ",Q1,A1,,V,nein,,,1,,,sehr\r\n"
        "m,Q2,A2,General,training,TRUE,bg,n,,helpdesk,7,\r\n"
        ',"Q\r\n3",=1+1,x,,,,,,,,\r\n'
    )

    lessons = [lesson(row, model=row.data.get("model", "")) for row in good("csv", text)]

    assert exported("csv", *lessons) == (text.encode(), {})


def test_what_was_changed_since_goes_out_changed() -> None:
    (row,) = good("csv", "question,answer,active,purpose\nQ,A,ja,\n")

    text, _ = exported("csv", lesson(row, active=False, purpose="validation", section="Times", answer="B"))

    (again,) = good("csv", text)
    assert {name: again.data[name] for name in ("answer", "active", "purpose", "section")} == {
        "answer": "B", "active": False, "purpose": "validation", "section": "Times",
    }  # fmt: skip


def test_a_row_names_its_model_as_it_did_and_the_present_one_when_it_was_moved() -> None:
    (row,) = good("csv", "model,question,answer\nmarketing,Q,A\n")
    models = {"m": "Marketing", "s": "Sales"}

    written = [exported("csv", lesson(row, model=model), models=models)[0] for model in models]

    assert [good("csv", text)[0].data["model"] for text in written] == ["marketing", "s"]


def test_what_has_no_place_is_reported() -> None:
    talk = conversation({"role": "user", "content": "Q?"})
    from_elsewhere = qa(imported={"format": "erpnet", "added_by": "Ann"})
    (other,) = good("csv", "Frage,answer,question\nQ,A,x\n", question="Frage")

    text, lost = exported("csv", talk, from_elsewhere, lesson(other))

    assert lost == {"conversations": 1, "imported": 1, "column question": 1}
    assert len(good("csv", text)) == 2


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=99).filter(
    lambda text: bool(text.strip())
)
QAS = st.fixed_dictionaries(
    {"question": TEXT, "answer": TEXT},
    optional={
        "section": TEXT, "notes": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=99), "active": st.booleans(),
        "purpose": st.sampled_from(["training", "validation"]), "held_back": st.booleans(),
    },
)  # fmt: skip


@given(st.lists(QAS, max_size=5))
def test_qas_go_through_csv_unchanged(qas: list[dict[str, Any]]) -> None:
    lessons = [qa(**one) for one in qas]

    text, lost = exported("csv", *lessons)

    assert [lesson(row, imported=None) for row in good("csv", text)] == lessons
    assert lost == {}
