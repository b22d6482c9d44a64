"""Texts side by side: how long one is, and what differs between two, word by word. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from markupsafe import Markup, escape

LONGEST: Final = 6
"""Sentences of a system message; more make every example dearer and every answer slower."""
FINE: Final = 4_000
"""Words up to which texts are compared by words; longer ones are by lines."""
ALIKE: Final = 0.6
"""The share of common words from which two texts are shown as one with its differences."""
_SENTENCE: Final = re.compile(r"[^.!?…]+[.!?…]+(?=\s|$)|[^.!?…]+$")
_WORD: Final = re.compile(r"\w+(?:['’-]\w+)*")
_PIECE: Final = re.compile(r"\s+|\w+|[^\w\s]")
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Length:
    """Of a system message."""

    sentences: int
    words: int

    @property
    def long(self) -> bool:
        """Whether it should be shorter."""
        return self.sentences > LONGEST


def length(text: str) -> Length:
    """How many sentences and words."""
    sentences = [one for one in _SENTENCE.findall(text) if _WORD.search(one)]
    return Length(len(sentences), len(_WORD.findall(text)))


def difference(old: str, new: str) -> Markup:
    """The new text with `<ins>` around what came and `<del>` around what went."""
    if len(old) + len(new) < FINE * 12:
        before, after = _PIECE.findall(old), _PIECE.findall(new)
    else:
        before, after = _LINE.findall(old), _LINE.findall(new)
    said: list[str] = []
    for how, i1, i2, j1, j2 in _joined(SequenceMatcher(None, before, after, autojunk=False).get_opcodes(), before):
        if how == "equal":
            said.append(str(escape("".join(before[i1:i2]))))
            continue
        if i2 > i1:
            said.append(f"<del>{escape(''.join(before[i1:i2]))}</del>")
        if j2 > j1:
            said.append(f"<ins>{escape(''.join(after[j1:j2]))}</ins>")
    return Markup("".join(said))  # noqa: S704  # every piece was escaped


def against(other: str, text: str) -> Markup:
    """The text with its differences from another one; plain where they have little in common, for marks would hide it."""
    before, after = _PIECE.findall(other), _PIECE.findall(text)
    short = len(before) + len(after) < FINE
    alike = not short or SequenceMatcher(None, before, after, autojunk=False).ratio() >= ALIKE
    return difference(other, text) if alike else escape(text)


Opcode = tuple[str, int, int, int, int]


def _joined(opcodes: Sequence[tuple[str, int, int, int, int]], before: Sequence[str]) -> list[Opcode]:
    """Changes with nothing but a space between them become one: a replaced phrase reads better than its words."""
    found: list[Opcode] = []
    for at, (how, i1, i2, j1, j2) in enumerate(opcodes):
        small = how == "equal" and 0 < at < len(opcodes) - 1 and not "".join(before[i1:i2]).strip()
        changed = "replace" if small else how
        if found and changed != "equal" and found[-1][0] != "equal":
            found[-1] = ("replace", found[-1][1], i2, found[-1][3], j2)
        else:
            found.append((changed, i1, i2, j1, j2))
    return found
