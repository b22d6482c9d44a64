"""Dialogues as people have them, judged as a teacher would: what is to be learnt of each, and what only goes with it."""

import itertools

import pytest

from tests.capture.test_capturing import captured, turns

DIALOGUES: list[tuple[str, tuple[str, ...], list[str], bool]] = [
    (
        "fragment correction",
        ("Ann: @AI Marketing Assistant how long may customers return shoes?", "AI: Within 30 days.", "Ann: no, 14 days", "AI: Thank you, I'll remember that.",),
        ["U how long may customers return shoes?", "A Within 30 days.", "U no, 14 days", "A* 14 days"], True,
    ),
    (
        "fragment correction then right full answer",
        ("Ann: How long may customers return shoes?", "AI: Within 30 days.", "Ann: no, 14 days", "AI: You're right: customers may return shoes within 14 days.",),
        ["U How long may customers return shoes?", "A Within 30 days.", "U no, 14 days", "A* You're right: customers may return shoes within 14 days."], False,
    ),
    (
        "asker corrects, another confirms",
        ("Ann: Do we deliver to Malta?", "AI: No, we only deliver to the mainland.", "Ann: That's wrong, we deliver to Malta in five days.", "Bob: Yes, Ann is right.", "AI: Thanks, noted.",),
        ["U Do we deliver to Malta?", "A No, we only deliver to the mainland.", "U That's wrong, we deliver to Malta in five days.\n\nYes, Ann is right.", "A* We deliver to Malta in five days."], True,
    ),
    (
        "confirmed with +1 after ack",
        ("Ann: Do we deliver to Malta?", "AI: No.", "Ann: Actually we do, in five days.", "AI: Got it.", "Bob: I confirm.",),
        ["U Do we deliver to Malta?", "A No.", "U Actually we do, in five days.", "A* We do, in five days."], True,
    ),
    (
        "assistant answers twice",
        ("Ann: What are the opening hours?", "AI: Let me look that up.", "AI: We open at 9 and close at 18.",),
        ["U What are the opening hours?", "A* We open at 9 and close at 18."], False,
    ),
    (
        "thank you after",
        ("Ann: Who signs invoices?", "AI: The head of finance.", "Ann: Thanks!", "AI: You're welcome!",),
        ["U Who signs invoices?", "A* The head of finance."], False,
    ),
    (
        "thank you after correction chain",
        ("Ann: Who signs invoices?", "AI: The CEO.", "Ann: Wrong. The head of finance signs them.", "AI: Understood, the head of finance signs invoices.", "Ann: Thank you", "AI: You're welcome!",),
        ["U Who signs invoices?", "A The CEO.", "U Wrong. The head of finance signs them.", "A* Understood, the head of finance signs invoices."], False,
    ),
    (
        "quotes wrong answer",
        ("Ann: What is the VAT on books?", "AI: Books have 20 % VAT.", "Bob: > Books have 20 % VAT.\nThat's not right, books have 9 %.", "AI: Thank you for the correction!",),
        ["U What is the VAT on books?", "A Books have 20 % VAT.", "U That's not right, books have 9 %.", "A* Books have 9 %."], True,
    ),
    (
        "question in several messages",
        ("Ann: @AI Marketing Assistant hi", "Ann: I have a question about refunds", "Ann: how long do they take?", "AI: Five working days.",),
        ["U hi\n\nI have a question about refunds\n\nhow long do they take?", "A* Five working days."], False,
    ),
    (
        "answer without question",
        ("AI: Five working days.",),
        [], False,
    ),
    (
        "only notices",
        ("!: Ann joined", "!: Bob left",),
        [], False,
    ),
    (
        "bulgarian correction",
        ("Ани: @AI Marketing Assistant за колко дни доставяме до Варна?", "AI: За 5 дни.", "Ани: Не, за 2 дни.", "AI: Благодаря, ще го запомня.",),
        ["U за колко дни доставяме до Варна?", "A За 5 дни.", "U Не, за 2 дни.", "A* За 2 дни."], True,
    ),
    (
        "bulgarian vsashtnost",
        ("Ани: Кой одобрява отпуските?", "AI: Директорът.", "Борис: Всъщност ги одобрява прекият ръководител.", "AI: Разбрах, извинявам се за грешката.",),
        ["U Кой одобрява отпуските?", "A Директорът.", "U Всъщност ги одобрява прекият ръководител.", "A* Всъщност ги одобрява прекият ръководител."], True,
    ),
    (
        "bulgarian ne e taka",
        ("Ани: Имаме ли магазин в Русе?", "AI: Да, на ул. Александровска.", "Ани: Това не е така, затворихме го през май.", "AI: Прав сте, ще се поправя.",),
        ["U Имаме ли магазин в Русе?", "A Да, на ул. Александровска.", "U Това не е така, затворихме го през май.", "A* Затворихме го през май."], True,
    ),
    (
        "bulgarian greshish (informal)",
        ("Ани: Каква е гаранцията на телефоните?", "AI: Една година.", "Ани: Грешиш, две години е.", "AI: Добре, благодаря!",),
        ["U Каква е гаранцията на телефоните?", "A Една година.", "U Грешиш, две години е.", "A* Две години е."], True,
    ),
    (
        "links",
        ("Ann: Where is the price list?", "AI: I don't know.", "Ann: No, it's at https://example.com/prices?v=2#top, and [the archive](https://example.com/old).", "AI: Noted.",),
        ["U Where is the price list?", "A I don't know.", "U No, it's at https://example.com/prices?v=2#top, and [the archive](https://example.com/old).", "A* It's at https://example.com/prices?v=2#top, and [the archive](https://example.com/old)."], True,
    ),
    (
        "lists",
        ("Ann: Which sizes do we have?", "AI: S and M.", "Ann: Not quite:\n- S\n- M\n- L\n  - long\n1. one", "AI: Thanks!",),
        ["U Which sizes do we have?", "A S and M.", "U Not quite:\n- S\n- M\n- L\n  - long\n1. one", "A* - S\n- M\n- L\n  - long\n1. one"], True,
    ),
    (
        "code block",
        ("Ann: @AI Marketing Assistant how do I list orders?", "AI: AI Marketing Assistant: Use\n```sql\nSELECT * FROM order;\n```", "Ann: Wrong, the table is called orders:\n```sql\n-- > all @AI Marketing Assistant\nSELECT *  FROM orders;\n```", "AI: I'll use that from now on.",),
        ["U how do I list orders?", "A Use\n```sql\nSELECT * FROM order;\n```", "U Wrong, the table is called orders:\n```sql\n-- > all @AI Marketing Assistant\nSELECT *  FROM orders;\n```", "A* The table is called orders:\n```sql\n-- > all @AI Marketing Assistant\nSELECT *  FROM orders;\n```"], True,
    ),
    (
        "two corrections",
        ("Ann: When do we post?", "AI: On Mondays.", "Ann: No, on Tuesdays.", "AI: On Tuesdays at 9.", "Bob: Not at 9, at 10.", "AI: Understood.",),
        ["U When do we post?", "A On Mondays.", "U No, on Tuesdays.", "A On Tuesdays at 9.", "U Not at 9, at 10.", "A* At 10."], True,
    ),
    (
        "two corrections, last answered fully",
        ("Ann: When do we post?", "AI: On Mondays.", "Ann: No, on Tuesdays.", "AI: On Tuesdays at 9.", "Bob: Almost, at 10.", "AI: We post on Tuesdays at 10.",),
        ["U When do we post?", "A On Mondays.", "U No, on Tuesdays.", "A On Tuesdays at 9.", "U Almost, at 10.", "A* We post on Tuesdays at 10."], False,
    ),
    (
        "notices between, several people",
        ("Ann: @AI Marketing Assistant: which courier do we use?", "!: Bob joined the group.", "AI: Speedy.", "!: Version 3 is active.", "Bob: @AI Marketing Assistant Incorrect, we use Econt since March.", "!: Ann left.", "AI: My apologies, I will make sure to remember that.",),
        ["U which courier do we use?", "A Speedy.", "U Incorrect, we use Econt since March.", "A* We use Econt since March."], True,
    ),
    (
        "correction ends with question",
        ("Ann: How many days of leave do we have?", "AI: 20 days.", "Ann: No, 25 days. Can you remember that?", "AI: Yes, I will remember that.",),
        ["U How many days of leave do we have?", "A 20 days.", "U No, 25 days. Can you remember that?", "A* 25 days."], True,
    ),
    (
        "please remember",
        ("Ann: How many days of leave do we have?", "AI: 20 days.", "Ann: No, 25 days. Please remember this.", "AI: I'll remember it: 25 days.",),
        ["U How many days of leave do we have?", "A 20 days.", "U No, 25 days. Please remember this.", "A* I'll remember it: 25 days."], False,
    ),
    (
        "negative answer isn't a correction",
        ("Ann: Is there parking?", "Bob: No idea, @AI Marketing Assistant?", "AI: Yes, behind the shop.",),
        ["U Is there parking?\n\nNo idea?", "A* Yes, behind the shop."], False,
    ),
    (
        "follow up question beginning with no",
        ("Ann: Is there parking?", "AI: Yes, behind the shop.", "Ann: No charge?", "AI: It is free for customers.",),
        ["U Is there parking?", "A Yes, behind the shop.", "U No charge?", "A* It is free for customers."], False,
    ),
    (
        "no problem after",
        ("Ann: Is there parking?", "AI: Sorry for the delay. Yes, behind the shop.", "Ann: No problem, thanks!",),
        ["U Is there parking?", "A* Sorry for the delay. Yes, behind the shop."], False,
    ),
    (
        "no worries / not bad",
        ("Ann: Is there parking?", "AI: Yes.", "Ann: Not bad, thanks",),
        ["U Is there parking?", "A* Yes."], False,
    ),
    (
        "two questions in a row",
        ("Ann: Is there parking?", "AI: Yes, behind the shop.", "Ann: And for bikes?", "AI: Yes, in front of it.",),
        ["U Is there parking?", "A Yes, behind the shop.", "U And for bikes?", "A* Yes, in front of it."], False,
    ),
    (
        "correction as plain statement, ack",
        ("Ann: Who is our bank?", "AI: Fibank.", "Ann: We moved to DSK in 2024.", "AI: Thank you for letting me know.",),
        ["U Who is our bank?", "A Fibank.", "U We moved to DSK in 2024.", "A* We moved to DSK in 2024."], True,
    ),
    (
        "correction only objection then the truth in the next message",
        ("Ann: Who is our bank?", "AI: Fibank.", "Ann: Wrong!", "Ann: It's DSK.", "AI: Noted, thanks.",),
        ["U Who is our bank?", "A Fibank.", "U Wrong!\n\nIt's DSK.", "A* It's DSK."], True,
    ),
    (
        "only objection, no truth",
        ("Ann: Who is our bank?", "AI: Fibank.", "Ann: That's wrong.", "AI: I apologize for the mistake.",),
        ["U Who is our bank?", "A Fibank.", "U That's wrong.", "A* "], False,
    ),
    (
        "objection without truth, assistant then right",
        ("Ann: Who is our bank?", "AI: Fibank.", "Ann: Wrong.", "AI: Sorry about that, our bank is DSK.",),
        ["U Who is our bank?", "A Fibank.", "U Wrong.", "A* Sorry about that, our bank is DSK."], False,
    ),
    (
        "correction last, unanswered",
        ("Ann: Who is our bank?", "AI: Fibank.", "Bob: No - DSK!",),
        ["U Who is our bank?", "A Fibank.", "U No - DSK!", "A* DSK!"], True,
    ),
    (
        "bold prefix",
        ("Ann: Who is our bank?", "AI: **AI Marketing Assistant**: DSK, see <https://dsk.bg>.",),
        ["U Who is our bank?", "A* DSK, see <https://dsk.bg>."], False,
    ),
    (
        "mention in the middle and an address",
        ("Ann: Could you, @AI Marketing Assistant, tell @Bob who is at ann@example.com?", "AI: That is Ann.",),
        ["U Could you, tell @Bob who is at ann@example.com?", "A* That is Ann."], False,
    ),
    (
        "long ack that repeats the truth in a list",
        ("Ann: Which days are free?", "AI: Saturday.", "Ann: No: Saturday and Sunday.", "AI: Thank you! Free days are:\n1. Saturday\n2. Sunday",),
        ["U Which days are free?", "A Saturday.", "U No: Saturday and Sunday.", "A* Thank you! Free days are:\n1. Saturday\n2. Sunday"], False,
    ),
    (
        "bulgarian ne znam",
        ("Ани: Има ли паркинг?", "Борис: Не знам, @AI Marketing Assistant?", "AI: Има, зад магазина.", "Ани: Не е лошо, благодаря!",),
        ["U Има ли паркинг?\n\nНе знам?", "A* Има, зад магазина."], False,
    ),
    (
        "bulgarian nope forms",
        ("Ани: Кога затваряме?", "AI: В 19 ч.", "Ани: не, в 20 ч., моля запомни го", "AI: Ясно, записах си.",),
        ["U Кога затваряме?", "A В 19 ч.", "U не, в 20 ч., моля запомни го", "A* В 20 ч."], True,
    ),
    (
        "nested quote with reply",
        ("Ann: When do we close?", "AI: At 19.", "Bob: > > When do we close?\n> At 19.\n\nNope, at 20 on Fridays.\n\n> (and Saturday?)\n\nOn Saturdays at 15.", "AI: Noted!",),
        ["U When do we close?", "A At 19.", "U Nope, at 20 on Fridays.\n\nOn Saturdays at 15.", "A* At 20 on Fridays.\n\nOn Saturdays at 15."], True,
    ),
    (
        "the asker asks again and is answered rightly",
        ("Ann: How long may shoes be returned?", "AI: Within 30 days.", "Ann: No, 14 days.", "AI: Noted.", "Ann: How long may shoes be returned?", "AI: Within 14 days.",),
        ["U How long may shoes be returned?", "A Within 30 days.", "U No, 14 days.", "A* Within 14 days."], False,
    ),
    (
        "the assistant takes its own answer back",
        ("Ann: How long may shoes be returned?", "AI: Within 30 days.", "AI: Sorry, that was last year: within 14 days.",),
        ["U How long may shoes be returned?", "A* Sorry, that was last year: within 14 days."], False,
    ),
    (
        "a question that begins like a correction",
        ("Ann: Is there parking?", "AI: Yes, behind the shop.", "Ann: Actually, what about bikes?",),
        ["U Is there parking?", "A* Yes, behind the shop."], False,
    ),
    (
        "an objection that only asks",
        ("Ann: Is there parking?", "AI: Yes, behind the shop.", "Ann: No, isn't that the garden?",),
        ["U Is there parking?", "A Yes, behind the shop.", "U No, isn't that the garden?", "A* "], False,
    ),
    (
        "thanks to a colleague within the correction",
        ("Ann: Who is our bank?", "AI: Fibank.", "Bob: No, DSK.", "Ann: Thanks, Bob!", "AI: I'll note it.",),
        ["U Who is our bank?", "A Fibank.", "U No, DSK.\n\nThanks, Bob!", "A* DSK."], True,
    ),
    (
        "words with a colon or a dot before them stay",
        ("Ann: How do I leave vim, @AI Marketing Assistant?", "AI: Type :wq, or edit .vimrc.",),
        ["U How do I leave vim?", "A* Type :wq, or edit .vimrc."], False,
    ),
    (
        "a contrast in Bulgarian",
        ("Ани: Кога отваряме?", "AI: В 9 ч.", "Ани: Не в 9, а в 10 ч.", "AI: Извинявам се за грешката.",),
        ["U Кога отваряме?", "A В 9 ч.", "U Не в 9, а в 10 ч.", "A* В 10 ч."], True,
    ),
    (
        "a doubt is no correction",
        ("Ann: Who is our bank?", "AI: DSK.", "Bob: Not sure, ask Mara",),
        ["U Who is our bank?", "A* DSK."], False,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "said", "expected", "proposed"), DIALOGUES, ids=[one[0] for one in DIALOGUES])
def test_what_a_teacher_would_have_learnt(why: str, said: tuple[str, ...], expected: list[str], proposed: bool) -> None:
    found = captured(*said)

    assert turns(found) == expected
    assert found.proposed is proposed


@pytest.mark.parametrize("said", [one[1] for one in DIALOGUES], ids=[one[0] for one in DIALOGUES])
def test_every_message_is_used_or_dropped_and_any_provider_accepts_the_rest(said: tuple[str, ...]) -> None:
    found = captured(*said)

    used = [id for turn in found.messages for id in turn.sources] + [one.id for one in found.dropped]
    roles = [turn.role for turn in found.messages]
    assert sorted(used, key=int) == [str(number) for number in range(1, len(said) + 1)]
    assert all(one != other for one, other in itertools.pairwise(roles))
    assert not roles or (roles[0], roles[-1]) == ("user", "assistant")
    assert bool(found.told_in) is found.proposed


def test_an_answer_that_is_proposed_says_in_which_messages_it_stands() -> None:
    found = captured(
        "Ann: Who is our bank?",
        "AI: Fibank.",
        "Bob: Wrong!",
        "Cleo: It's DSK.",
        "Ann: Yes, Cleo is right.",
        "AI: Noted.",
    )

    assert (found.messages[-1].content, found.told_in) == ("It's DSK.", ("4",))


@pytest.mark.timeout(10)
@pytest.mark.parametrize("filling", [" ", "-", "?", ", ", "ok ", "\n> ", "no, ", "@marketing "])
def test_a_very_long_message_is_judged_at_once(filling: str) -> None:
    text = "No, " + filling * (60_000 // len(filling)) + "x"

    assert captured("Ann: How often?", "AI: Weekly.", f"Ann: {text}", "AI: Thank you.").dropped[-1:] != ()
