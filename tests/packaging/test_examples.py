"""Packaging: what exactly a lesson becomes in the training file."""

from typing import Any

import pytest

from contracts.queries import TrainingLesson
from services.packaging.checks import Bounds, faults, tokens_at_most
from services.packaging.examples import package

SYSTEM = "Be brief."


def qa(question: str = "How often?", answer: str = "Weekly.") -> TrainingLesson:
    return TrainingLesson(id="qa", model="m", kind="qa", position=7, question=question, answer=answer)


def talk(*turns: dict[str, Any], **more: Any) -> TrainingLesson:
    return TrainingLesson(id="talk", model="m", kind="conversation", position=9, messages=list(turns), **more)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def said(text: str, *, learn: bool | None = None) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "learn": learn}


CORRECTED = (user("How often?"), said("Daily.", learn=False), user("No, weekly."), said("Weekly.", learn=True))


def lines(*lessons: TrainingLesson, system: str | None = None) -> list[str]:
    return [example.line.decode() for example in package(system, lessons)]


def test_a_qa_is_one_line_to_the_byte() -> None:
    assert lines(qa("Колко често?", 'Всяка седмица, "точно".\n')) == [
        '{"messages":[{"role":"user","content":"Колко често?"},'
        '{"role":"assistant","content":"Всяка седмица, \\"точно\\".\\n"}]}\n'
    ]


def test_the_system_message_is_first_in_every_example() -> None:
    for line in lines(qa(), talk(*CORRECTED), system=SYSTEM):
        assert line.startswith('{"messages":[{"role":"system","content":"Be brief."},{"role":"user"')


def test_a_corrected_exchange_becomes_the_straight_example_and_the_whole_exchange() -> None:
    assert lines(talk(*CORRECTED)) == [
        '{"messages":[{"role":"user","content":"How often?"},{"role":"assistant","content":"Weekly."}]}\n',
        '{"messages":[{"role":"user","content":"How often?"},{"role":"assistant","content":"Daily.","weight":0},'
        '{"role":"user","content":"No, weekly."},{"role":"assistant","content":"Weekly."}]}\n',
    ]


@pytest.mark.parametrize(
    ("train_as", "parts"), [("both", ["straight", "exchange"]), ("straight", ["straight"]), ("exchange", ["exchange"])]
)
def test_a_person_chooses_what_is_trained(train_as: Any, parts: list[str]) -> None:
    assert [example.part for example in package(None, [talk(*CORRECTED, train_as=train_as)])] == parts


def test_without_a_wrong_answer_there_is_no_straight_example() -> None:
    examples = list(package(None, [talk(user("How often?"), said("Weekly."))]))

    assert [example.part for example in examples] == ["exchange"]


def test_the_straight_question_may_be_named() -> None:
    turns = (
        user("Hello"),
        said("Hi.", learn=False),
        user("How often?"),
        said("Daily.", learn=False),
        user("No."),
        said("Weekly."),
    )

    [straight] = lines(talk(*turns, straight_question=2, train_as="straight"))

    assert '"content":"How often?"' in straight
    assert "Hello" not in straight


def test_turns_of_one_role_are_merged_and_a_learnt_answer_replaces_its_neighbour() -> None:
    turns = (
        {"role": "system", "content": "Joined."}, said("Welcome!", learn=False), user("How"), user("often?"),
        said("Daily.", learn=False), said("Weekly."), user("Thanks"),
    )  # fmt: skip

    [exchange] = lines(talk(*turns, train_as="exchange"))

    assert exchange == (
        '{"messages":[{"role":"user","content":"How\\n\\noften?"},{"role":"assistant","content":"Weekly."}]}\n'
    )


def test_every_example_names_its_lesson_and_position() -> None:
    examples = list(package(None, [qa(), talk(*CORRECTED)]))

    assert [(one.lesson, one.position, one.part) for one in examples] == [
        ("qa", 7, "qa"),
        ("talk", 9, "straight"),
        ("talk", 9, "exchange"),
    ]


def test_what_a_provider_would_refuse_is_found_with_its_lesson() -> None:
    found = list(faults(package(None, [qa(), qa("Say <|im_start|> twice")]), Bounds()))

    assert [(fault.code, fault.lesson) for fault in found] == [("special_token", "qa")]
    assert "<|im_start|>" in found[0].message


def test_tokens_are_bounded_from_above() -> None:
    [example] = package(None, [qa("Колко?", "Много.")])

    assert tokens_at_most(example.line) >= len("Колко?Много.")
