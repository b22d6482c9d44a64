"""What is wrong with a row is said in the reader's language, for the rows that people meet most."""

from io import BytesIO
from typing import Final

import pytest

from services.lesson_files.formats import Format, read_rows
from services.lesson_files.rows import LARGEST_ROW, BadRow
from services.web.views.row_words import row_problem, row_words

BAD: Final[list[tuple[Format, str, str]]] = [
    ("csv", "question,answer\n,Пет години.\n", "Полето „Въпрос“ е празно; попълнете го."),
    ("csv", "question,answer\nКолко?,\n", "Полето „Отговор“ е празно; попълнете го."),
    ("csv", "question,answer,purpose\nКолко?,Пет.,тест\n", "Предназначението е „обучение“ или „валидация“, а не „тест“."),
    ("csv", "question,answer,active\nКолко?,Пет.,май\n", "Полето „Активен“ приема „да“ или „не“, а не „май“."),
    ("csv", "question,answer\nКолко?,Пет,шест.\n", "Редът има 3 клетки, а заглавният – 2; може би липсва кавичка."),
    ("csv", "question,answer\nquestion,answer\n", "Редът повтаря заглавния; изтрийте го."),
    ("csv", "question,отговор\nКолко?,Пет.\n", "Няма колона „Отговор“; изберете коя е."),
    ("jsonl", "никакъв JSON\n", "Редът не е JSON обект."),
    ("jsonl", "[1]\n", "Редът не е JSON обект."),
    ("openai", '{"messages": []}\n', "Разговорът няма реплики."),
    ("openai", '{"messages": [{"role": "user"}]}\n', "Реплика 1 е празна."),
    ("erpnet", '[{"Answer": "Пет."}]', "Полето „Въпрос“ е празно; попълнете го."),
    ("erpnet", '[{"Question": "Колко?", "Answer": "Пет.", "QAType": "X"}]',
     "Предназначението е „обучение“ или „валидация“, а не „X“."),
]  # fmt: skip


@pytest.mark.parametrize(("format", "file", "words"), BAD)
def test_a_bad_row_is_explained_in_bulgarian(format: Format, file: str, words: str) -> None:
    (row,) = read_rows(BytesIO(file.encode()), format)

    assert isinstance(row, BadRow)
    assert row_problem("bg")(row.message) == words
    assert row_problem("en")(row.message).unescape() == row.message


def test_bytes_and_length_are_explained_as_well() -> None:
    latin, *_ = read_rows(BytesIO("question,answer\nКолко?,Пет.\n".encode("cp1251")), "csv")
    long, *_ = read_rows(BytesIO(b"a" * (LARGEST_ROW + 1) + b"\n"), "jsonl")
    open_quote, *_ = read_rows(BytesIO(b'question,answer\nQ,"' + b"a" * 200_000 + b"\n"), "csv")

    assert isinstance(latin, BadRow)
    assert isinstance(long, BadRow)
    assert isinstance(open_quote, BadRow)
    assert row_problem("bg")(latin.message) == "Редът не е в UTF-8; запазете файла като CSV UTF-8."
    assert row_problem("bg")(long.message) == "Редът е твърде дълъг."
    assert row_problem("bg")(open_quote.message) == "Има твърде дълга клетка или отворена и незатворена кавичка."


def test_what_has_no_words_is_marked_as_english() -> None:
    assert row_problem("bg")("Something <else>.") == '<span lang="en">Something &lt;else&gt;.</span>'
    assert len(row_words(str)) > 10
