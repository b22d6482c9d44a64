"""From picked messages to the lesson that is reported: what is learnt, and whose words it is."""

import pytest

from contracts.facts.conversation import ConversationTrained
from contracts.queries import MessageRow
from services.web.directory import Named
from services.web.views.teaching import lesson, preview, ticked

BOT, ANN, BOB = "virtual_user:bot", "person:ann", "person:bob"
EVERYBODY = {
    BOT: Named(BOT, "Shop Assistant", model="shop"), ANN: Named(ANN, "Ann"), BOB: Named(BOB, "Bob"),
}  # fmt: skip


def thread(*said: tuple[str, str]) -> list[MessageRow]:
    """Messages `1`, `2`, ... of a group."""
    return [
        MessageRow(
            id=str(number), group="g", position=number, time="2026-11-24T10:00:00Z", author=author, text=text,
            reply_to=None, deleted=False, edited=False, asker=ANN if author == BOT else None,
        )
        for number, (author, text) in enumerate(said, start=1)
    ]  # fmt: skip


def taught(answer: str, *said: tuple[str, str]) -> ConversationTrained:
    """The lesson that `person:teacher` makes of a thread, with this answer."""
    found = preview(thread(*said), EVERYBODY)
    return lesson(
        found, model="shop", section="General", answer=answer or found.answer, train_as="both", teacher="person:teacher"
    )


@pytest.mark.parametrize("chosen", ["2", "4"])
@pytest.mark.parametrize("said", ["@Shop Assistant no, DSK.", "> Fibank.\n@shop assistant: No, DSK.", "@Ann No, DSK."])
def test_a_correction_is_ticked_though_it_begins_with_a_mention_or_a_quotation(said: str, chosen: str) -> None:
    rows = thread((ANN, "@Shop Assistant who is our bank?"), (BOT, "Fibank."), (BOB, said), (BOT, "Noted."))

    assert ticked(rows, EVERYBODY, chosen) == ["1", "2", "3", "4"]


def test_an_answer_made_from_a_correction_is_the_words_of_whoever_corrected() -> None:
    fact = taught(
        "", (ANN, "Who is our bank?"), (BOT, "Fibank."), (BOB, "No, DSK."), (ANN, "Bob is right."), (BOT, "Noted.")
    )

    learnt = fact.messages[-1]
    assert (learnt.content, learnt.author, learnt.edited_by) == ("DSK.", BOB, None)
    assert [turn.author for turn in fact.messages] == [ANN, ANN, BOB, ANN, BOB]
    assert fact.straight_question == 0


def test_where_nobody_said_what_is_right_it_is_the_teachers_words() -> None:
    fact = taught("DSK.", (ANN, "Who is our bank?"), (BOT, "Fibank."), (BOB, "Wrong!"), (BOT, "I apologize."))

    learnt = fact.messages[-1]
    assert (learnt.content, learnt.author, learnt.learn) == ("DSK.", "person:teacher", True)
    assert [turn.learnt for turn in fact.messages] == [False, False, False, True]
