"""What went wrong, as a sentence in the visitor's language."""

from services.refusals import Refused
from services.web.languages import translations
from services.web.visitor import Visitor

_FORBIDDEN = frozenset({"role_needed", "not_a_member", "not_the_author", "forged_actor"})
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


def explained(visitor: Visitor, refused: Refused) -> str:
    """What is wrong, for a form that shows it itself."""
    return sentence(visitor.language, refused.code, refused.message)


def sentence(language: str, code: str, message: str) -> str:
    """What is wrong, in this language: the rules' own sentence, or ours for its code where there is no translation."""
    _ = translations(language).gettext
    ours = {
        "unavailable": _(
            "This can't be shown now because a part of the system isn't answering. Try again in a moment."
        ),
        "unknown_page": _("There is no such page. It may have moved, or the address is mistyped."),
        "malformed": _("Something in this request isn't as it should be; open the page anew and try again."),
        "role_needed": _("This needs another role; ask an administrator."),
        "internal_error": _("This failed because of an error in Apprentice; nothing was changed. Please report it."),
        "conflict": _("Somebody else changed this meanwhile. Look at the newer text and save again."),
        "nothing_changes": _("Nothing would change by this."),
        "unknown_group": _("There is no such group that you are in."),
    }
    if language == "en" and message:
        return message
    return ours.get(code) or message or _("Something went wrong; nothing was changed.")
