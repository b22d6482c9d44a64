"""What a provider is told when somebody asks in a group."""

import itertools

from contracts.queries import MessageRow, NearLesson
from services.chat.prompt import instructed, prompt, without_mention
from services.providers.grounding import grounded

NAMES = ("sally", "AI Sales", "Продажби")
PEOPLE = {"person:ann": "Ann", "person:bob": "Bob"}


def said(author: str, text: str) -> MessageRow:
    return MessageRow(
        id="m", group="g", position=1, time="2026-11-24T10:00:00+00:00", author=author, text=text, reply_to=None,
        deleted=False, edited=False,
    )  # fmt: skip


def test_the_mention_is_left_out_of_the_question() -> None:
    assert without_mention("@AI Sales, how often?", NAMES) == "how often?"
    assert without_mention("How often, @sally?", NAMES) == "How often, ?"
    assert without_mention("@продажби колко често?", NAMES) == "колко често?"
    assert without_mention("@sallyanne how often?", NAMES) == "@sallyanne how often?"


def test_the_system_message_comes_first_and_the_question_last() -> None:
    found = prompt("Be brief.", said("person:ann", "@sally how often?"), [], "sally", NAMES, PEOPLE)

    assert found == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "how often?"}]


def test_its_own_answers_are_its_own_words_and_several_people_are_named() -> None:
    context = [
        said("virtual_user:sally", "Welcome!"),
        said("person:bob", "@sally when?"),
        said("virtual_user:sally", "Today."),
        said("person:bob", "Thanks"),
    ]

    found = prompt(None, said("person:ann", "@sally how often?"), context, "sally", NAMES, PEOPLE)

    assert found == [
        {"role": "user", "content": "Bob: when?"},
        {"role": "assistant", "content": "Today."},
        {"role": "user", "content": "Bob: Thanks\n\nhow often?"},
    ]


def test_roles_alternate_whatever_was_said() -> None:
    context = [said(author, f"{n}") for n, author in enumerate(["person:ann", "person:bob", "virtual_user:sally"] * 4)]

    roles = [one["role"] for one in prompt(None, said("person:ann", "So?"), context, "sally", NAMES, PEOPLE)]

    assert all(one != other for one, other in itertools.pairwise(roles))
    assert (roles[0], roles[-1]) == ("user", "user")


def test_grounded_prompts_bring_the_lessons() -> None:
    lessons = [NearLesson(id="l", question="How often?", answer="Weekly.", score=0.9)]

    assert grounded("Be brief.", []) == "Be brief."
    system = grounded("Be brief.", lessons) or ""
    assert system.startswith("Be brief.\n\n")
    assert system.endswith("Lessons:\nQ: How often?\nA: Weekly.")


def test_a_persons_instructions_come_after_the_system_message_and_before_the_lessons() -> None:
    lessons = [NearLesson(id="l", question="How often?", answer="Weekly.", score=0.9)]

    found = grounded(instructed("Be brief.", "Answer in Bulgarian."), lessons) or ""

    assert found.startswith("Be brief.\n\nInstructions of the person you serve:\nAnswer in Bulgarian.\n\n")
    assert found.endswith("Lessons:\nQ: How often?\nA: Weekly.")
    assert (instructed("Be brief.", None), instructed(None, None)) == ("Be brief.", None)
