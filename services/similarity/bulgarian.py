"""A light stemmer for Bulgarian: articles, plurals, and the commonest endings of verbs come off. Pure."""

from typing import Final

SHORTEST: Final = 3
"""A stem keeps at least so many letters."""
_OF_NOUNS: Final = "ията ието иите ището ищата овете евете ищя ове еве ият ите ата ята ото ето ът ят та то те ия"
_OF_VERBS: Final = "ането енето ещия ящия аме яме ува ава ява ане ене ам ям им ем аш яш иш еш ат"
_OF_BOTH: Final = "ски ска ско а я о е и у ю"
_ENDINGS: Final = sorted(f"{_OF_NOUNS} {_OF_VERBS} {_OF_BOTH}".split(), key=len, reverse=True)


def stem(word: str) -> str:
    """The folded word without its longest known ending."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            return word[: -len(ending)]
    return word
