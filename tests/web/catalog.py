"""What `make messages` finds in the code, and the catalog of a language."""

import re
from configparser import ConfigParser
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

import services.web
from services.web.languages import LOCALE

FOLDER: Final = Path(services.web.__file__).parent
ROOT: Final = FOLDER.parent.parent
_PLACEHOLDER: Final = re.compile(r"%%|%\(\w+\)[sd]|\{\w*\}|(?<!\w)#(?!\w)")
_TAG: Final = re.compile(r"</?\w[^>]*>")
Key = tuple[str, ...]
"""A message, or one and its plural."""


@cache
def found() -> frozenset[Key]:
    """All words in the code, by the settings and keywords of the Makefile."""
    settings = ConfigParser()
    settings.read(ROOT / "babel.cfg")
    methods, options = [], {}
    for section in settings.sections():
        method, _, pattern = section.partition(":")
        methods.append((pattern.strip(), method.strip()))
        options[pattern.strip()] = dict(settings[section])
    taken = extract_from_dir(FOLDER, methods, options, DEFAULT_KEYWORDS | _keywords())
    return frozenset((message,) if isinstance(message, str) else tuple(message) for _, _, message, _, _ in taken)


def _keywords() -> dict[str, tuple[int, ...] | None]:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    given = re.findall(r"-k (\w+)(?::([\d,]+))?", recipe)
    return {name: tuple(map(int, places.split(","))) if places else None for name, places in given}


@cache
def catalog(language: str) -> Catalog:
    """Its messages as they stand in the repository."""
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def key(message: Message) -> Key:
    """As `found` has it."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def said(message: Message) -> Key:
    """Its translations."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def faults(original: Key, translated: Key) -> list[str]:
    """What is wrong with a translation; of plurals each is compared with the form of the same number."""
    if len(translated) != len(original):
        return ["has another number of forms"]
    wrong = [fault for pair in zip(original, translated, strict=True) for fault in _differing(*pair)]
    return list(dict.fromkeys(wrong))


def _differing(english: str, ours: str) -> list[str]:
    if not ours.strip():
        return ["isn't translated"]
    wrong = []
    if sorted(_PLACEHOLDER.findall(english)) != sorted(_PLACEHOLDER.findall(ours)):
        wrong.append("has other placeholders")
    if sorted(_TAG.findall(english)) != sorted(_TAG.findall(ours)):
        wrong.append("has other tags")
    if _edges(english) != _edges(ours):
        wrong.append("begins or ends with other spaces")
    return wrong


def _edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
