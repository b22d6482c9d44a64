"""What is ticked around the message from which somebody begins to teach."""

import pytest

from services.capture.capturing import Author
from services.capture.exchange import Said, exchange

Line = tuple[str, str, str]


def thread(*lines: str) -> list[Said]:
    """`ann: text`, `BOT: text` (an answer to the last thing a person said), `-: text` (a notice)."""
    said: list[Said] = []
    for number, line in enumerate(lines):
        author, _, text = line.partition(": ")
        kind: Author = "notice" if author == "-" else "assistant" if author.isupper() else "person"
        asked = next((one.id for one in reversed(said) if one.kind == "person"), None) if kind == "assistant" else None
        said.append(Said(str(number), author, kind, text, asked))
    return said


CASES = {
    "an answer with its question": (
        ["bob: Lunch?", "ann: How long is the guarantee?", "BOT: Two years.", "bob: Soup."], 2, "12",
    ),
    "a correction, the question again and the answer": (
        ["bob: The proofs are back.", "ann: How long is Ember guaranteed?", "BOT: Two years.", "-: Dae joined.",
         "ann: No. It is a reactive glaze: five years.", "ann: So how long is it?", "BOT: Thank you, I'll remember.",
         "bob: Lunch?"], 6, "12456",
    ),
    "two corrections": (
        ["ann: Where?", "BOT: Here.", "ann: Wrong, there.", "BOT: There on Mondays.", "ann: No, on Tuesdays.", "BOT: Noted."],
        5, "012345",
    ),
    "an objection after the chosen answer": (
        ["ann: Where?", "BOT: Here.", "ann: That's wrong, it is there.", "BOT: Understood."], 1, "0123",
    ),
    "the right answer after one that didn't know": (
        ["ann: Where?", "BOT: I don't know that yet.", "bob: There, behind the kiln.", "ann: Lunch?"], 1, "012",
    ),
    "a question after one that didn't know": (["ann: Where?", "BOT: I don't know.", "bob: Who asks?"], 1, "01"),
    "thanks after one that didn't know": (["ann: Where?", "BOT: I'm not sure.", "ann: Okay, thank you."], 1, "01"),
    "a correction, and somebody who only agrees with it": (
        ["ann: Where?", "BOT: Here.", "ann: No, there.", "bob: Yes, Ann is right.", "BOT: Noted."], 4, "01234",
    ),
    "agreement with nobody before": (["bob: Yes!", "BOT: Hello."], 1, "01"),
    "another assistant's answer ends it": (["ann: Where?", "OTHER: Here.", "ann: Wrong.", "BOT: There."], 3, "23"),
    "what the person said long before stays out": (["ann: Hello all.", "ann: Where?", "BOT: Here."], 2, "12"),
    "an answer to nothing": (["BOT: Hello."], 0, "0"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_exchange_around_the_message_is_ticked(case: str) -> None:
    lines, chosen, expected = CASES[case]

    assert exchange(thread(*lines), str(chosen)) == list(expected)


def test_a_message_that_is_not_there_ticks_nothing() -> None:
    assert exchange(thread("ann: Hello."), "9") == []
