"""How well questions in other words are found: our own questions, our own paraphrases, measured with honest bounds."""

import pytest

from services.similarity.index import KNOWN, Index, score

# question, an easy paraphrase (the same words, turned), a natural one
ENGLISH = [
    ("How often should we post on Instagram?", "How often do we post on Instagram?", "What is our rhythm for Instagram posts?"),
    ("Who approves a discount above ten percent?", "Who has to approve discounts above ten percent?", "A customer wants more than ten percent discount, who decides?"),
    ("How long is the warranty on plates?", "How long is the plates' warranty?", "For how many years do we give a warranty on plates?"),
    ("When does the newsletter go out?", "When do we send out the newsletter?", "On which day is the newsletter sent?"),
    ("What do we do when a parcel arrives broken?", "What to do when a parcel arrived broken?", "A customer got a broken parcel, what now?"),
    ("Which hashtags do we use?", "Which hashtags should we use?", "What hashtags belong under a picture?"),
    ("How fast do we answer e-mails?", "How fast must we answer an e-mail?", "Within what time do e-mails get an answer?"),
    ("Where is the key to the archive?", "Where is the archive key?", "I need the key of the archive, where is it kept?"),
    ("Can customers return sale items?", "May a customer return sale items?", "Is a return of items from the sale possible?"),
    ("Who signs supplier contracts?", "Who signs the contracts with suppliers?", "Whose signature does a supplier contract need?"),
    ("What is the minimum order for restaurants?", "What minimum order do restaurants have?", "How much must a restaurant order at least?"),
    ("How do we pack fragile pieces?", "How are fragile pieces packed?", "What packing do we use for fragile pieces?"),
    ("Do we ship to Switzerland?", "Can we ship to Switzerland?", "Is shipping to Switzerland offered?"),
    ("What does express delivery cost?", "How much does express delivery cost?", "What is the price of express delivery?"),
    ("When is stocktaking?", "When do we do the stocktaking?", "Which days is stocktaking this year?"),
    ("Who maintains the price list?", "Who is maintaining the price list?", "Whom do I tell about an error in the price list?"),
    ("How many vacation days do we have?", "How many vacation days does everybody have?", "What is our number of vacation days?"),
    ("What is the dress code at fairs?", "What dress code do we have at fairs?", "How do we dress at a fair?"),
    ("How do I reset the kiln controller?", "How can I reset the controller of the kiln?", "The kiln controller hangs, how is it reset?"),
    ("Which glaze is food safe?", "Which glazes are food safe?", "Is the glaze safe for food?"),
    ("Who opens the shop on Saturday?", "Who is opening the shop on Saturdays?", "On Saturday, who has to open the shop?"),
    ("How do we handle complaints about colour?", "How are complaints about colour handled?", "A customer complains about the colour, what do we do?"),
    ("What is our return address?", "What is the address for returns?", "To which address do returns go?"),
    ("When are invoices due?", "When is an invoice due?", "How many days until invoices are due?"),
    ("Can I park at the workshop?", "Is it possible to park at the workshop?", "Where do visitors park at the workshop?"),
    ("Who writes the press releases?", "Who is writing press releases?", "Press releases, whose job is that?"),
    ("What temperature is the glaze firing?", "At what temperature is the glaze firing?", "How hot is the glaze fired?"),
    ("How do we name product photos?", "How are product photos named?", "What file name does a product photo get?"),
    ("Which bank account do refunds come from?", "From which bank account do refunds come?", "Refunds are paid from what account?"),
    ("Do we offer gift wrapping?", "Is gift wrapping offered?", "Can an order be wrapped as a gift?"),
]  # fmt: skip
BULGARIAN = [
    ("Какъв е срокът за връщане на поръчка?", "Какъв срок има за връщане на поръчката?"),
    ("Колко често публикуваме в Инстаграм?", "Колко често да публикуваме в Инстаграм?"),
    ("Кой одобрява отстъпка над десет процента?", "Кой трябва да одобри отстъпки над десет процента?"),
    ("Колко дълга е гаранцията?", "Каква гаранция даваме, колко е дълга?"),
    ("Кога излиза бюлетинът?", "Кога ще излезе бюлетина?"),
    ("Какво правим при счупена пратка?", "Какво да правим със счупените пратки?"),
    ("Кой подписва договорите?", "Кой ще подпише договора?"),
    ("Доставяме ли в чужбина?", "Има ли доставка в чужбина?"),
    ("Къде е складът?", "Къде се намира склада?"),
    ("Колко струва доставката?", "Колко ще струва една доставка?"),
]
UNKNOWN = [
    "What is the capital of France?", "Who won the football match yesterday?", "Tell me a joke about cats",
    "How tall is Mount Everest?", "What is the weather tomorrow?", "Translate good morning into Spanish",
    "Who wrote Hamlet?", "How do I cook risotto?", "What is the meaning of life?", "Which planet is the largest?",
    "How do vaccines work?", "Who is the president of Brazil?", "What is a black hole?", "How old is the universe?",
    "Recommend a good film", "What is quantum entanglement?", "How do I learn the guitar?", "Why is the sky blue?",
    "How many legs has a spider?", "What is the boiling point of helium?", "Кой е президентът на Франция?",
    "Колко е висок Еверест?", "Каква е столицата на Япония?", "Разкажи ми виц", "Кой е написал Под игото?",
]  # fmt: skip


def right(pairs: list[tuple[str, str]]) -> float:
    """The share of questions whose paraphrase is known and leads to them."""
    index = Index.build(question for question, _ in pairs)
    found = 0
    for row, (_, asked) in enumerate(pairs):
        best = index.nearest(asked, 1)
        found += bool(best) and best[0].row == row and best[0].score >= KNOWN
    return found / len(pairs)


def test_easy_paraphrases_are_found() -> None:
    assert right([(question, easy) for question, easy, _ in ENGLISH]) >= 0.95


def test_natural_rewording_is_mostly_ranked_first() -> None:
    index = Index.build(question for question, _, _ in ENGLISH)
    first = [index.nearest(natural, 1)[:1] for _, _, natural in ENGLISH]

    assert sum(bool(one) and one[0].row == row for row, one in enumerate(first)) / len(ENGLISH) >= 0.85
    assert right([(question, natural) for question, _, natural in ENGLISH]) >= 0.5


def test_bulgarian_is_found_in_other_forms() -> None:
    assert right(BULGARIAN) >= 0.8


def test_unknown_questions_are_never_answered() -> None:
    index = Index.build([*(one[0] for one in ENGLISH), *(one[0] for one in BULGARIAN)])

    assert [asked for asked in UNKNOWN if (best := index.nearest(asked, 1)) and best[0].score >= KNOWN] == []


def test_the_same_text_scores_one_and_an_unknown_word_lowers_the_score() -> None:
    index = Index.build(["Where is the kiln?", "Where is the key?"])

    assert index.nearest("Where is the kiln?", 1)[0].score == pytest.approx(1.0)
    assert index.nearest("Where is the kiln xylophone?", 1)[0].score < 0.8
    assert index.nearest("", 3) == []
    assert score("Weekly.", "Weekly") == pytest.approx(1.0)
    assert score("Weekly.", "") == 0.0
