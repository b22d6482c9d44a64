"""Our own format: nothing is lost."""

import json

from services.lesson_files.rows import BadRow, Row
from tests.lesson_files.files import conversation, exported, good, lesson, qa, rows


def test_every_line_is_a_lesson_and_a_broken_one_is_named_with_its_line() -> None:
    text = '\ufeff{"model": "m", "question": "Q?", "answer": "A."}\n\n{"messages": []}\n{oops\n[1]\n{"question": "Z?"}'

    found = rows("jsonl", text)

    assert [(one.line, one.fact) for one in found if isinstance(one, Row)] == [
        (1, "QAAdded"), (3, "ConversationTrained"), (6, "QAAdded"),
    ]  # fmt: skip
    broken, other = (one for one in found if isinstance(one, BadRow))
    assert (broken.line, broken.message[:18], other.line) == (4, "The row isn't JSON", 5)
    assert other.message == "The row isn't a JSON object."


def test_what_is_written_is_read_again_as_it_was() -> None:
    first = qa(
        section="Общи", purpose="validation", active=False, language="bg", notes="n", held_back=False,
        external_system="helpdesk", external_id="7",
        imported={"format": "csv", "added_by": "Ann", "added_at": "2024-02-01T10:00:00Z", "rest": '{"a":1}'},
    )  # fmt: skip
    second = conversation(
        {"role": "user", "content": "Q?", "name": "Ann", "time": "2024-02-01T10:00:00Z", "author": "person:ann"},
        {"role": "assistant", "content": "No.", "learn": False},
        {"role": "assistant", "content": "A."},
        train_as="straight", straight_question=0, origin="case", notes="n", active=False,
    )  # fmt: skip

    text, lost = exported("jsonl", first, second)

    assert [lesson(row) for row in good("jsonl", text)] == [first, second]
    assert lost == {}
    assert not any(value is None for line in text.splitlines() for value in json.loads(line).values())
