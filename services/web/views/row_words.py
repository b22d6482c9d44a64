"""Why a row of a file can't be a lesson, in another language: the reader's sentences that people meet most. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from markupsafe import Markup, escape

from services.web.languages import translations
from services.web.views.refusal_words import Say

_PATTERNS: Final[Mapping[str, str]] = {
    "lacks": r"The (?:row|record) has no (?P<field>question|answer|Question|Answer)\.",
    "purpose": r"(?:The purpose|QAType) is training or validation, not (?P<value>.+)\.",
    "yes_or_no": r"(?P<field>active|held_back) is yes or no, not (?P<value>.+)\.",
    "cells": r"The row has (?P<cells>\d+) cells, the header (?P<header>\d+); .*",
    "header_again": r"The row is the header again, .*",
    "not_json": r"The row isn't JSON: .*|The row isn't a JSON object\.",
    "not_csv": r"The row isn't CSV: .*",
    "not_utf8": r"The row isn't UTF-8; .*",
    "too_long": r"The row is longer than .*",
    "no_messages": r"The row has no messages\.|The conversation has no Messages\.",
    "empty_message": r"Message (?P<number>\d+) has no [Cc]ontents?\.",
    "no_column": r"The first row names no column '(?P<field>question|answer)'; .*",
}
"""Of the sentences by their kinds; tests/web/test_row_words.py has them said by real files."""


def row_words(_: Say) -> Mapping[str, str]:
    """The sentences by kind."""
    return {
        "lacks": _("%(field)s is empty; fill it in."),
        "purpose": _("The purpose is training or validation, not %(value)s."),
        "yes_or_no": _("%(field)s is yes or no, not %(value)s."),
        "cells": _("The row has %(cells)s cells, the header %(header)s; perhaps a quotation mark is missing."),
        "header_again": _("The row is the header again; delete it."),
        "not_json": _("The row isn’t a JSON object."),
        "not_csv": _("A cell is too long, or a quotation mark is opened and never closed."),
        "not_utf8": _("The row isn’t UTF-8; save the file as CSV UTF-8."),
        "too_long": _("The row is too long."),
        "no_messages": _("The conversation has no messages."),
        "empty_message": _("Message %(number)s is empty."),
        "no_column": _("No column is called “%(field)s”; choose which one it is."),
    }


def row_problem(language: str) -> Callable[[str], Markup]:
    """A function for templates: the sentence in this language, else as it was said, marked as English."""

    def write(message: str) -> Markup:
        if language == "en":
            return escape(message)
        found = _found(message)
        if found is None:
            return Markup('<span lang="en">{}</span>').format(message)
        kind, values = found
        _ = translations(language).gettext
        return escape(row_words(_)[kind] % {name: _said(_, name, value) for name, value in values.items()})

    return write


def _found(message: str) -> tuple[str, Mapping[str, Any]] | None:
    for kind, pattern in _PATTERNS.items():
        if met := re.fullmatch(pattern, message, re.DOTALL | re.IGNORECASE):
            return kind, met.groupdict()
    return None


def _said(_: Say, name: str, value: str) -> str:
    if name == "field":
        words = {
            "question": _("Question"),
            "answer": _("Answer"),
            "active": _("Is active"),
            "held_back": _("Held back"),
        }
        return words[value.lower()]
    return _("“%(text)s”") % {"text": value.strip("'\"")} if name == "value" else value
