"""Train AI: dialogues as they happen, and what is learnt from each. `*` marks the turn that is learnt."""

import itertools
from dataclasses import dataclass
from typing import Final

import pytest

from services.capture.capturing import Author, Captured, capture

NAMES = ("AI Marketing Assistant", "marketing", "ИИ асистент")
AI = "AI Marketing Assistant"


@dataclass(frozen=True)
class Message:
    id: str
    author: str
    kind: Author
    text: str


def captured(*said: str) -> Captured:
    """`Ann: text`, `AI: text` or `!: text`; ids are 1, 2, 3, ..."""
    return capture(NAMES, [_message(number, one) for number, one in enumerate(said, start=1)])


KINDS: Final[dict[str, Author]] = {"AI": "assistant", "!": "notice"}


def _message(number: int, said: str) -> Message:
    who, _, text = said.partition(": ")
    kind = KINDS.get(who, "person")
    return Message(str(number), AI if who == "AI" else who, kind, text)


def turns(found: Captured) -> list[str]:
    short = {"user": "U", "assistant": "A"}
    return [f"{short[turn.role]}{'*' if turn.learn else ''} {turn.content}" for turn in found.messages]


ORIGINAL = (
    "!: AI Marketing Assistant was added to the group.",
    "Ann: @AI Marketing Assistant How often should we post on Instagram?",
    "AI: AI Marketing Assistant: For most companies, posting daily is ideal.",
    "Ann: No, our marketing team posts 4 times per week, with a mix of product, educational and customer-story posts.",
    "Ann: No, our marketing team posts 4 times per week, with a mix of product, educational and customer-story posts.",
    "AI: I'll ensure that future answers reflect this.",
)


def test_the_originals_faulty_example_teaches_the_truth() -> None:
    found = captured(*ORIGINAL)

    correction = (
        "our marketing team posts 4 times per week, with a mix of product, educational and customer-story posts."
    )
    assert turns(found) == [
        "U How often should we post on Instagram?",
        "A For most companies, posting daily is ideal.",
        f"U No, {correction}",
        f"A* O{correction[1:]}",
    ]
    assert found.proposed
    assert [(one.id, one.why) for one in found.dropped] == [
        ("1", "notice"),
        ("5", "repeats what was said before"),
        ("6", "only acknowledges the correction"),
    ]


DIALOGUES: list[tuple[str, tuple[str, ...], list[str], bool]] = [
    ("a question and its answer", ("Ann: How often?", "AI: Weekly."), ["U How often?", "A* Weekly."], False),
    (
        "a good answer after a correction is learnt as it is",
        ("Ann: How often?", "AI: Daily.", "Ann: No, weekly.", "AI: We post once a week, on Mondays."),
        ["U How often?", "A Daily.", "U No, weekly.", "A* We post once a week, on Mondays."], False,
    ),
    (
        "an answer that repeats the correction is no mere acknowledgement",
        ("Ann: How often?", "AI: Daily.", "Bob: That's wrong. Weekly, on Mondays.", "AI: You are right: weekly, on Mondays."),
        ["U How often?", "A Daily.", "U That's wrong. Weekly, on Mondays.", "A* You are right: weekly, on Mondays."], False,
    ),
    (
        "the correction comes last",
        ("Ann: How often?", "AI: Daily.", "Ann: Actually, once a week."),
        ["U How often?", "A Daily.", "U Actually, once a week.", "A* Once a week."], True,
    ),
    (
        "two corrections, acknowledged",
        ("Ann: How often?", "AI: Daily.", "Ann: No, weekly.", "AI: Got it, twice a week.", "Ann: Still wrong, once a week.", "AI: Understood."),
        ["U How often?", "A Daily.", "U No, weekly.", "A Got it, twice a week.", "U Still wrong, once a week.", "A* Once a week."], True,
    ),
    (
        "two corrections, answered",
        ("Ann: Who signs?", "AI: Theo.", "Ann: No, Mara.", "AI: Theo and Mara.", "Ann: Wrong, Mara alone.", "AI: Mara alone signs press releases."),
        ["U Who signs?", "A Theo.", "U No, Mara.", "A Theo and Mara.", "U Wrong, Mara alone.", "A* Mara alone signs press releases."], False,
    ),
    (
        "several people talk before anybody asks the assistant",
        ("Ann: The fair is near.", "Bob: Yes!", "Ann: @marketing which hall is ours?", "AI: Hall 4."),
        ["U The fair is near.\n\nYes!\n\nwhich hall is ours?", "A* Hall 4."], False,
    ),
    (
        "another person corrects",
        ("Ann: @marketing which hall?", "AI: Hall 4.", "Bob: @Ann it is not hall 4, it is hall 7.", "AI: Thank you, noted."),
        ["U which hall?", "A Hall 4.", "U it is not hall 4, it is hall 7.", "A* It is hall 7."], True,
    ),
    (
        "quotations are left out",
        ("Ann: How often?", "AI: > How often?\nDaily.", "Ann: > Daily.\nNo, weekly.", "AI: Sorry about that."),
        ["U How often?", "A Daily.", "U No, weekly.", "A* Weekly."], True,
    ),
    (
        "a message that only quotes is dropped",
        ("Ann: > Somebody asked this", "Ann: How often?", "AI: Weekly."), ["U How often?", "A* Weekly."], False,
    ),
    (
        "Bulgarian",
        ("Ани: @ИИ асистент колко често публикуваме?", "AI: Всеки ден.", "Ани: Не, четири пъти седмично.", "AI: Благодаря, ще го запомня."),
        ["U колко често публикуваме?", "A Всеки ден.", "U Не, четири пъти седмично.", "A* Четири пъти седмично."], True,
    ),
    (
        "Bulgarian, with two objections",
        ("Ани: Кога е панаирът?", "AI: През юни.", "Ани: Не, това е грешно. През май.", "AI: Разбрах."),
        ["U Кога е панаирът?", "A През юни.", "U Не, това е грешно. През май.", "A* През май."], True,
    ),
    (
        "Bulgarian, who answers is wrong",
        ("Ани: Кога е панаирът?", "AI: През юни.", "Ани: Грешите – през май.", "AI: Извинявам се."),
        ["U Кога е панаирът?", "A През юни.", "U Грешите – през май.", "A* През май."], True,
    ),
    (
        "Bulgarian, answered",
        ("Ани: Кога е панаирът?", "AI: През юни.", "Ани: Грешно, през май.", "AI: Панаирът е през май, от 3 до 5."),
        ["U Кога е панаирът?", "A През юни.", "U Грешно, през май.", "A* Панаирът е през май, от 3 до 5."], False,
    ),
    (
        "code blocks stay as they are",
        ("Ann: How do I embed it?", "AI: ```html\n<a  href='@marketing'>\n> not a quotation\n```\nLike this."),
        ["U How do I embed it?", "A* ```html\n<a  href='@marketing'>\n> not a quotation\n```\nLike this."], False,
    ),
    (
        "the assistant puts its own name before its answer, in bold",
        ("Ann: How often?", "AI: **AI Marketing Assistant**: Weekly."), ["U How often?", "A* Weekly."], False,
    ),
    (
        "notices in between",
        ("Ann: How often?", "!: Bob joined.", "AI: Weekly.", "!: Bob left."), ["U How often?", "A* Weekly."], False,
    ),
    (
        "what is said after the answer is left out",
        ("Ann: How often?", "AI: Weekly.", "Ann: Thanks!", "Bob: Great."), ["U How often?", "A* Weekly."], False,
    ),
    (
        "what the assistant didn't know is told without an objection",
        ("Ann: How often?", "AI: I don't know that yet.", "Bob: Four times a week."),
        ["U How often?", "A I don't know that yet.", "U Four times a week.", "A* Four times a week."], True,
    ),
    (
        "what the assistant didn't know is told in Bulgarian",
        ("Ани: Кога е панаирът?", "AI: Това още не го знам.", "Ани: През май."),
        ["U Кога е панаирът?", "A Това още не го знам.", "U През май.", "A* През май."], True,
    ),
    (
        "a question that follows is no correction",
        ("Ann: How often?", "AI: Weekly.", "Ann: And on which day?", "AI: On Mondays."),
        ["U How often?", "A Weekly.", "U And on which day?", "A* On Mondays."], False,
    ),
    (
        "a plain statement that is acknowledged corrects too",
        ("Ann: Who signs?", "AI: Theo.", "Ann: Mara signs all press releases.", "AI: I will remember that."),
        ["U Who signs?", "A Theo.", "U Mara signs all press releases.", "A* Mara signs all press releases."], True,
    ),
    (
        "the assistant greets first",
        ("AI: Hello, how can I help?", "Ann: How often?", "AI: Weekly."), ["U How often?", "A* Weekly."], False,
    ),
    (
        "an answer in two messages",
        ("Ann: How often?", "AI: Weekly.", "AI: On Mondays."), ["U How often?", "A* Weekly.\n\nOn Mondays."], False,
    ),
    (
        "a mention in the middle of a sentence",
        ("Ann: Could you, @AI Marketing Assistant, tell @Bob how often?", "Bob: please", "AI: Weekly."),
        ["U Could you, tell Bob how often?\n\nplease", "A* Weekly."], False,
    ),
    ("nothing but a question", ("Ann: How often?",), [], False),
    ("nothing but notices", ("!: Ann joined.", "!: Bob joined."), [], False),
    ("an answer that nobody asked for", ("AI: Weekly.",), [], False),
]  # fmt: skip


@pytest.mark.parametrize(("why", "said", "expected", "proposed"), DIALOGUES, ids=[one[0] for one in DIALOGUES])
def test_what_is_learnt_from_a_dialogue(why: str, said: tuple[str, ...], expected: list[str], proposed: bool) -> None:
    found = captured(*said)

    assert turns(found) == expected
    assert found.proposed is proposed


@pytest.mark.parametrize("said", [ORIGINAL, *(one[1] for one in DIALOGUES)])
def test_every_message_is_either_used_or_dropped_with_a_reason(said: tuple[str, ...]) -> None:
    found = captured(*said)

    used = [id for turn in found.messages for id in turn.sources]
    dropped = [one.id for one in found.dropped]
    assert sorted(used + dropped, key=int) == [str(number) for number in range(1, len(said) + 1)]
    assert all(one.why for one in found.dropped)


@pytest.mark.parametrize("said", [ORIGINAL, *(one[1] for one in DIALOGUES)])
def test_any_provider_accepts_what_is_captured(said: tuple[str, ...]) -> None:
    roles = [turn.role for turn in captured(*said).messages]

    assert all(one != other for one, other in itertools.pairwise(roles))
    assert not roles or (roles[0], roles[-1]) == ("user", "assistant")
    assert sum(turn.learn for turn in captured(*said).messages) == (1 if roles else 0)
