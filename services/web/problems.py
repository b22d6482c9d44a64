"""What went wrong, as a sentence in the visitor's language."""

from services.refusals import Refused
from services.web.languages import translations
from services.web.views.failure_words import failure_words
from services.web.views.refusal_words import refusal_words
from services.web.visitor import Visitor

_FORBIDDEN = frozenset({"role_needed", "not_a_member", "not_the_author", "forged_actor"})
OURS = frozenset({"unknown_group"})
"""Codes whose own sentence names an id, which says nothing to somebody who looks at a page."""
_BROKEN = frozenset({"unavailable", "behind", "internal_error", "busy"})


def status_of(refused: Refused) -> int:
    """The HTTP status that says what the refusal says."""
    if refused.code in _FORBIDDEN:
        return 403
    if refused.code.startswith("unknown_"):
        return 404
    if refused.code in _BROKEN:
        return 503
    return 409 if refused.code in ("conflict", "nothing_changes", "already_answered") else 422


class Told(Refused):
    """A refusal by a page, whose sentence is in the visitor's language already."""


def explained(visitor: Visitor, refused: Refused) -> str:
    """What is wrong, for a form that shows it itself."""
    return sentence_of(visitor.language, refused)


def sentence_of(language: str, refused: Refused) -> str:
    """What is wrong, in this language."""
    return refused.message if isinstance(refused, Told) else sentence(language, refused.code, refused.message)


def sentence(language: str, code: str, message: str) -> str:
    """What is wrong: the rules' own sentence, or ours for its code in another language, or where there is none."""
    if language == "en" and message and code not in OURS:
        return message
    _ = translations(language).gettext
    return (
        refusal_words(_).get(code)
        or failure_words(_).get(code)
        or message
        or _("Something went wrong; nothing was changed.")
    )
