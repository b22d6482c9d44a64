"""Cleaning one message: mentions, name prefixes and quotations go, what was meant stays. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_QUOTE: Final = re.compile(r"^\s*>.*$")
_FENCE: Final = re.compile(r"^\s*(```|~~~)")
_SPACES: Final = re.compile(r"[ \t]+")
_PAUSES: Final = (",", ":", ";")
_MARKS: Final = (",", ".", ";", ":", "?", "!", "\n")
_REST: Final = re.compile(r"^[\s,:;–—-]+")


def clean(text: str, assistant: Sequence[str], people: Sequence[str], *, by_assistant: bool) -> str:
    """The text without quotations, without mentions of the assistant, and without its own name before its answer.

    `assistant`: how the assistant is called; `people`: how the others are. Code blocks are left as they are.
    """
    parts = [part if code else _prose(part, assistant, people) for part, code in _parts(text)]
    cleaned = "\n".join(part for part in parts if part.strip()).strip()
    return (
        _without_prefix(cleaned, assistant) if by_assistant else _REST.sub("", cleaned) if cleaned != text else cleaned
    )


def same(first: str, second: str) -> bool:
    """Whether two texts say the same, spaces, case and final punctuation apart."""
    return _folded(first) == _folded(second)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(" .!?…")


def _parts(text: str) -> list[tuple[str, bool]]:
    """Pieces of the text in order, and whether each is a code block."""
    pieces: list[tuple[list[str], bool]] = [([], False)]
    for line in text.splitlines():
        if _FENCE.match(line):
            inside = pieces[-1][1]
            if inside:
                pieces[-1][0].append(line)
                pieces.append(([], False))
            else:
                pieces.append(([line], True))
        else:
            pieces[-1][0].append(line)
    return [("\n".join(lines), code) for lines, code in pieces if lines]


def _prose(text: str, assistant: Sequence[str], people: Sequence[str]) -> str:
    kept = "\n".join(line for line in text.splitlines() if not _QUOTE.match(line))
    for name in sorted(assistant, key=len, reverse=True):
        kept = _without_mentions(kept, name)
    kept = _REST.sub("", kept)
    for name in sorted(people, key=len, reverse=True):
        kept = re.sub(rf"^@{re.escape(name)}(?!\w)[\s,:;–—-]*", "", kept, flags=re.IGNORECASE)
        kept = re.sub(rf"(?<!\w)@({re.escape(name)})(?!\w)", r"\1", kept, flags=re.IGNORECASE)
    return re.sub(r"\n{3,}", "\n\n", kept).strip()


def _without_mentions(text: str, name: str) -> str:
    """The words before and after each mention joined as they would be without it."""
    kept, at = "", 0
    for found in re.finditer(rf"(?<!\w)@{re.escape(name)}(?!\w)", text, re.IGNORECASE):
        kept += text[at : found.start()].rstrip(" \t")
        rest = _SPACES.match(text, found.end())
        at = rest.end() if rest else found.end()
        after = text[at : at + 1]
        if not kept or kept.endswith("\n"):
            at += after in _PAUSES
        elif not after or after in _MARKS:  # nothing comes any more, or a mark that ends what was said
            kept = kept.removesuffix(",")
        else:
            kept += " "
    return kept + text[at:]


def _without_prefix(text: str, assistant: Sequence[str]) -> str:
    for name in sorted(assistant, key=len, reverse=True):
        found = re.match(rf"^[*_]*{re.escape(name)}[*_]*\s*[:>–—-]+[*_]*\s*", text, flags=re.IGNORECASE)
        if found:
            return text[found.end() :].strip()
    return text
