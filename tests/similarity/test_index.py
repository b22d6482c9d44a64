"""The laws of the index, and of what it counts."""

from collections import Counter
from collections.abc import Collection, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.similarity.index import FAINT, Index, Match, rank, score
from services.similarity.tokens import features, tokens

WORDS = ["kiln", "kilns", "glaze", "plate", "fire", "the", "how", "пещ", "пещта", "глазура", "x", "7"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
TEXTS = st.lists(TEXT, max_size=12)


def same(found: list[Match], expected: list[Match]) -> None:
    """Equal but for rounding, and for the order of equal scores."""
    assert [one.score for one in found] == pytest.approx([one.score for one in expected], abs=1e-5)


def counts(texts: list[str], names: Collection[str]) -> Mapping[str, int]:
    """In how many of the texts each feature occurs."""
    seen = Counter(name for text in texts for name in features(text))
    return {name: seen[name] for name in names}


@settings(deadline=None)
@given(TEXTS, st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join))
def test_an_index_grown_text_by_text_is_the_one_built_at_once(texts: list[str], query: str) -> None:
    grown = Index()
    for row, text in enumerate(texts):
        assert grown.add(text) == row
        grown.nearest(query)

    assert grown.nearest(query, 99) == Index.build(texts).nearest(query, 99)


@settings(deadline=None)
@given(TEXTS, st.lists(st.tuples(st.integers(0, 20), st.none() | TEXT, TEXT, st.integers(1, 5)), max_size=70))
def test_an_index_whose_texts_came_and_went_is_the_one_built_of_those_that_are_there(
    texts: list[str], changes: list[tuple[int, str | None, str, int]]
) -> None:
    index = Index.build(texts)
    there = {place: (place, text) for place, text in enumerate(texts)}
    for place, text, query, limit in changes:
        if place in there:
            index.remove(there.pop(place)[0])
        if text is not None:
            there[place] = (index.add(text, place), text)

        found = index.nearest(query, limit)

        # Rows are another matter: in the built one they are counted in the order of places.
        places = sorted(there)
        built = Index.build(there[place][1] for place in places)
        expected = [(there[places[one.row]][0], one.score) for one in built.nearest(query, limit)]
        assert [(one.row, one.score) for one in found] == expected


@settings(deadline=None)
@given(TEXTS, st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join))
def test_leaving_out_rows_that_can_not_reach_changes_nothing(texts: list[str], query: str) -> None:
    exact = rank(query, texts, len(texts), lambda names: counts(texts, names), limit=99)

    same(Index.build(texts).nearest(query, 99), exact)
    assert all(one.score >= FAINT for one in exact)


def test_a_few_are_ranked_as_among_all() -> None:
    texts = [f"What is rule {n} of department {n % 7}?" for n in range(60)]
    few = [texts[n] for n in (3, 17, 24)]

    found = rank("rule 17 of department 3", few, len(texts), lambda names: counts(texts, names))

    best = Index.build(texts).nearest("rule 17 of department 3", 1)[0]
    assert found[0].row == 1
    assert found[0].score == pytest.approx(best.score, abs=1e-5)


def test_of_equal_texts_the_latest_comes_first() -> None:
    index = Index.build(["Where is the kiln?", "Who fires it?", "Where is the kiln"])

    assert [one.row for one in index.nearest("where is the kiln", 2)] == [2, 0]


def test_an_index_grows_no_further_than_its_texts() -> None:
    index = Index.build(["Where is the kiln?", "Who fires it?"])

    used = set()
    for number in range(50):
        index.remove(1)
        used.add(index.add(f"Who fires kiln {number}?"))

    assert used == {1}
    assert [one.row for one in index.nearest("Who fires kiln 49?", 1)] == [1]


def test_the_same_text_scores_one_and_an_unknown_word_lowers_the_score() -> None:
    index = Index.build(["Where is the kiln?", "Where is the key?"])

    assert index.nearest("Where is the kiln?", 1)[0].score == pytest.approx(1.0)
    assert index.nearest("Where is the kiln xylophone?", 1)[0].score < 0.8
    assert index.nearest("", 3) == []
    assert Index.build([]).nearest("Anything?", 3) == []
    assert score("Weekly.", "Weekly") == pytest.approx(1.0)
    assert score("Weekly.", "") == 0.0


def test_a_text_of_small_words_alone_is_still_found() -> None:
    assert Index.build(["Who are we?", "Where is the kiln?"]).nearest("Who are we?", 1)[0].row == 0


def test_tokens_are_stems_of_words_that_carry_meaning() -> None:
    assert tokens("How are the PLATES fired?") == ["plate", "fire"]
    assert tokens("Какви са отстъпките?") == ["какв", "отстъпк"]
    assert tokens("How are you?") == ["how", "are", "you"]
    assert tokens("?!") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("отстъпка", "отстъпките"), ("договора", "договори"), ("бюлетинът", "бюлетина"), ("ресторанти", "ресторантите")],
)
def test_bulgarian_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert tokens(one) == tokens(other)
