"""Texts as weighted features: stemmed words, and character 4-grams that forgive endings and typing errors. Pure."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import snowballstemmer

GRAM: Final = 4
_WORD: Final = re.compile(r"[^\W_]+")
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]")
_ENGLISH: Final = snowballstemmer.stemmer("english")
_STOP: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "could",
        "do",
        "does",
        "did",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "its",
        "may",
        "me",
        "my",
        "of",
        "on",
        "or",
        "our",
        "shall",
        "should",
        "so",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "и",
        "в",
        "на",
        "за",
        "от",
        "по",
        "се",
        "да",
        "не",
        "е",
        "са",
        "ли",
        "как",
        "какво",
        "кога",
        "къде",
        "кой",
        "коя",
        "кое",
        "кои",
        "си",
        "ни",
        "ми",
        "ви",
        "го",
        "я",
        "ги",
        "с",
        "със",
        "до",
        "при",
        "или",
        "но",
        "че",
        "ще",
        "бъде",
        "трябва",
        "може",
        "колко",
        "защо",
    ]
)
_ENDINGS: Final = (
    "ията", "ията", "ието", "ището", "овете", "евете", "ещия", "ящия", "ането", "енето", "ите", "ата", "ята", "ото", "ето",
    "ият", "ове", "еве", "ане", "ене", "аме", "яме", "ите", "ува", "ава", "ява", "ски", "ска", "ско", "ите", "ия", "ът",
    "ят", "та", "то", "те", "те", "ам", "ям", "им", "ем", "аш", "яш", "иш", "еш", "ат", "ят", "а", "я", "о", "е", "и", "у", "ю",
)  # fmt: skip


def features(text: str) -> dict[str, float]:
    """Feature to weight. Words that carry no meaning weigh little, so that a text of them alone still has features."""
    found: dict[str, float] = {}
    for word in words(text):
        plain = word in _STOP
        stem = f"w {_stem(word)}"
        found[stem] = found.get(stem, 0.0) + (0.15 if plain else 1.0)
        if plain:
            continue
        padded = f"_{word}_"
        grams = [padded[at : at + GRAM] for at in range(max(1, len(padded) - GRAM + 1))]
        share = 0.5 / len(grams) ** 0.5
        for gram in grams:
            found[f"g {gram}"] = found.get(f"g {gram}", 0.0) + share
    return found


def words(text: str) -> list[str]:
    """Folded words in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    if _CYRILLIC.search(word):
        return _bulgarian(word)
    return str(_ENGLISH.stemWord(word))


def _bulgarian(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
