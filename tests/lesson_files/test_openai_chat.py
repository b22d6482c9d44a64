"""OpenAI's examples: what becomes a QA, what a conversation, what can't be learnt, and that they come back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lesson_files.rows import BadRow, Row
from tests.lesson_files.files import conversation, exported, good, lesson, qa, rows

EXAMPLES: list[dict[str, Any]] = [
    {"messages": [
        {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Q?", "name": "ann"},
        {"role": "assistant", "content": "A.", "refusal": None},
    ]},
    {"messages": [
        {"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Q?", "name": "ann"},
        {"role": "assistant", "content": "No.", "weight": 0}, {"role": "user", "content": "Wrong.", "weight": 1},
        {"role": "assistant", "content": "A.", "weight": 1}, {"role": "assistant", "content": "B.", "weight": None},
    ], "parallel_tool_calls": False, "tools": []},
    {"id": 7, "messages": [
        {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": [{"type": "text", "text": "Q"}, {"type": "text", "text": "?", "cache": 1}]},
        {"role": "assistant", "content": "A."},
    ]},
    {"messages": [{"role": "user", "content": "Q" * 2_001}, {"role": "assistant", "content": "A."}]},
    {"messages": [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A.", "weight": 0}]},
]  # fmt: skip


def read(*examples: dict[str, Any]) -> list[Row]:
    return good("openai", "\n".join(json.dumps(one) for one in examples))


def written(*lessons: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    text, lost = exported("openai", *lessons)
    return [json.loads(line) for line in text.splitlines()], lost


def test_one_question_with_one_learnt_answer_is_a_qa_and_all_else_a_conversation() -> None:
    found = read(*EXAMPLES)

    assert [row.fact for row in found] == [
        "QAAdded", "ConversationTrained", "QAAdded", "ConversationTrained", "ConversationTrained",
    ]  # fmt: skip
    assert [(row.data["question"], row.data["answer"]) for row in found if row.fact == "QAAdded"] == [("Q?", "A.")] * 2
    turns = found[1].data["messages"]
    assert [(turn["role"], turn.get("learn")) for turn in turns] == [
        ("system", None), ("user", None), ("assistant", False), ("user", None), ("assistant", True), ("assistant", True),
    ]  # fmt: skip
    assert turns[1]["name"] == "ann"


def test_examples_come_back_as_they_were() -> None:
    assert written(*map(lesson, read(*EXAMPLES))) == (EXAMPLES, {})


def test_what_was_changed_since_goes_out_changed() -> None:
    question, talk = read(*EXAMPLES[:2])
    turns = [
        dict(turn, content=f"{turn['content']}!", learn=None if turn["role"] == "user" else True, name=None)
        for turn in talk.data["messages"]
    ]

    (first, second), lost = written(lesson(question, answer="B."), lesson(talk, messages=turns))

    assert first["messages"][0] == EXAMPLES[0]["messages"][0]
    assert first["messages"][2] == {"role": "assistant", "content": "B.", "refusal": None}
    assert [one["content"] for one in second["messages"]] == ["Be kind.!", "Q?!", "No.!", "Wrong.!", "A.!", "B.!"]
    assert [one.get("weight") for one in second["messages"]] == [None, None, 1, 1, 1, None]
    assert "name" not in second["messages"][1]
    assert lost == {}


def test_a_conversation_with_other_turns_than_it_had_keeps_what_its_row_said_besides() -> None:
    (talk,) = read(EXAMPLES[1])

    ((again,), _) = written(lesson(talk, messages=talk.data["messages"][1:3]))

    assert again == EXAMPLES[1] | {"messages": EXAMPLES[1]["messages"][1:3]}


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"role": "tool", "content": "x"}, "calls a tool"),
        ({"role": "assistant", "tool_calls": [{}]}, "calls a tool"),
        ({"role": "assistant", "content": "x", "function_call": {"name": "f"}}, "calls a tool"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "more than text"),
        ({"role": "boss", "content": "x"}, "has the role 'boss'"),
        ({"role": ["user"], "content": "x"}, "has the role"),
        ({"role": "assistant", "content": "x", "weight": 2}, "weight"),
        ({"role": "user", "content": " "}, "no content"),
        ({"role": "assistant", "content": None}, "no content"),
    ],
)
def test_an_example_that_cant_be_learnt_says_why(message: dict[str, Any], says: str) -> None:
    (bad,) = rows("openai", json.dumps({"messages": [{"role": "user", "content": "Q?"}, message]}))

    assert isinstance(bad, BadRow)
    assert says in bad.message
    assert list(bad.fields) == ["messages.1"]


def test_an_example_that_says_too_much_besides_is_named() -> None:
    system = {"role": "system", "content": "x" * 60_000}

    (bad,) = rows("openai", json.dumps({"messages": [system, *EXAMPLES[0]["messages"][1:]]}))

    assert isinstance(bad, BadRow)
    assert "besides the lesson is longer than 60,000 characters" in bad.message


def test_what_has_no_place_is_reported() -> None:
    first = qa(section="Times", active=False, notes="n", language="bg", held_back=True, purpose="validation")
    second = conversation(
        {"role": "user", "content": "Q?", "name": "Ан", "time": "2024-02-01T10:00:00Z", "author": "person:ann"},
        {"role": "user", "content": "Q?", "name": "ann"},
        {"role": "assistant", "content": "No.", "learn": False},
        {"role": "assistant", "content": "A."},
        straight_question=0, origin="case", external_system="s", external_id="1",
        imported={"format": "erpnet", "added_by": "Ann"},
    )  # fmt: skip

    (_, example), lost = written(first, second)

    assert example["messages"] == [
        {"role": "user", "content": "Q?"}, {"role": "user", "content": "Q?", "name": "ann"},
        {"role": "assistant", "content": "No.", "weight": 0}, {"role": "assistant", "content": "A."},
    ]  # fmt: skip
    assert lost == {
        "section": 1, "purpose": 1, "active": 1, "language": 1, "notes": 1, "held_back": 1, "origin": 1, "train_as": 1,
        "straight_question": 1, "external_system": 1, "external_id": 1, "messages.name": 1, "messages.time": 1,
        "messages.author": 1, "imported": 1,
    }  # fmt: skip


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=99).filter(
    lambda text: bool(text.strip())
)
MESSAGES = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant"]),
        "content": TEXT | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}), min_size=1),
    },
    optional={"weight": st.sampled_from([0, 1, None]), "name": st.text(max_size=3) | st.none(), "other": st.text()},
)


@given(st.lists(MESSAGES, min_size=1, max_size=5), st.dictionaries(st.text(max_size=3), st.text(max_size=3)))
def test_every_example_comes_back(messages: list[dict[str, Any]], besides: dict[str, str]) -> None:
    example = besides | {"messages": messages}

    assert written(*map(lesson, read(example)))[0] == [example]
