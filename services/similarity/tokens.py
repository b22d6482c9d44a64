"""Texts as weighted features: stemmed words, and character 4-grams that forgive endings and typing errors. Pure."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import snowballstemmer

from services.similarity import bulgarian

GRAM: Final = 4
PLAIN: Final = 0.15
"""Weight of a word that carries no meaning, against 1 for others."""
GRAMS: Final = 0.5
"""Weight of a word's grams, shared among them."""
_WORD: Final = re.compile(r"[^\W_]+")
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]")
_ENGLISH: Final = snowballstemmer.stemmer("english")
_PLAIN_ENGLISH: Final = """
a an and are as at be by can could do does did for from had has have how i if in is it its may me my of on or our shall
should so than that the their them then there these they this to us was we were what when where which who why will with
would you your
"""
_PLAIN_BULGARIAN: Final = """
и в на за от по се да не е са ли как какво кога къде кой коя кое кои си ни ми ви го я ги с със до при или но че ще бъде
трябва може колко защо
"""
_PLAIN: Final = frozenset(f"{_PLAIN_ENGLISH} {_PLAIN_BULGARIAN}".split())


def words(text: str) -> list[str]:
    """Folded words in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def tokens(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order; of all words when none does. English and Bulgarian."""
    found = words(text)
    return [stem(word) for word in found if word not in _PLAIN] or [stem(word) for word in found]


def features(text: str) -> dict[str, float]:
    """Feature to weight. Words that carry no meaning weigh little, so that a text of them alone still has features."""
    found: dict[str, float] = {}
    for word in words(text):
        for name, weight in _features_of(word):
            found[name] = found.get(name, 0.0) + weight
    return found


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of a folded word: Bulgarian when it has a Cyrillic letter, English otherwise."""
    if _CYRILLIC.search(word):
        return bulgarian.stem(word)
    return str(_ENGLISH.stemWord(word))


@lru_cache(maxsize=50_000)
def _features_of(word: str) -> tuple[tuple[str, float], ...]:
    if word in _PLAIN:
        return ((f"w {stem(word)}", PLAIN),)
    padded = f"_{word}_"
    grams = [padded[at : at + GRAM] for at in range(max(1, len(padded) - GRAM + 1))]
    share = GRAMS / len(grams) ** 0.5
    return ((f"w {stem(word)}", 1.0), *((f"g {gram}", share) for gram in grams))
