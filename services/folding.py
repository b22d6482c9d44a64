"""Name keys and question keys: texts folded so that what people take for equal is equal.

Computed once, when a fact is accepted, and stored: Unicode tables differ between Python versions.
"""

import hashlib
import unicodedata
from collections.abc import Iterable

_FINAL = " .!?;:…。？！"


def fold(text: str) -> str:
    """NFKC, casefold, spaces folded, final punctuation dropped; a text of punctuation alone keeps it."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded.rstrip(_FINAL) or folded


def answer_key(answer: str) -> str:
    """Equal for answers that are equal but for the space around them."""
    return hashlib.sha256(answer.strip().encode()).hexdigest()[:32]


def keys_of(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """The folded keys of a name and its translations, without repeats, sorted."""
    return tuple(sorted({fold(one) for one in (name, *names)}))


def record_key(system: str | None, id: str | None) -> str:
    """By which a record of another system is found again; no two records have the same."""
    return f"{len(system or '')}:{system}/{id}"
