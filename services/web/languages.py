"""The languages of the pages: English in the code, others from `locale/<language>/LC_MESSAGES/messages.po`."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from babel.support import NullTranslations

LOCALE: Final = Path(__file__).parent / "locale"
LANGUAGES: Final[dict[str, str]] = {"en": "English", "bg": "Български"}
"""Every language with its own name for itself."""


@cache
def translations(language: str) -> "NullTranslations":
    """The catalog; English is what stands in the code."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po
    from babel.support import NullTranslations, Translations

    file = LOCALE / language / "LC_MESSAGES" / "messages.po"
    if language == "en" or not file.exists():
        return NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def chosen(wanted: Sequence[str | None], accept: str = "") -> str:
    """The first of the wanted languages that there is, else the browser's favourite, else English."""
    for one in wanted:
        if one and (known := one.partition("-")[0].lower()) in LANGUAGES:
            return known
    weighed = [part.strip().partition(";q=") for part in accept.split(",")]
    for tag, _, _ in sorted(weighed, key=lambda part: -_weight(part[2])):
        if (known := tag.partition("-")[0].lower()) in LANGUAGES:
            return known
    return "en"


def _weight(given: str) -> float:
    try:
        return float(given or 1)
    except ValueError:
        return 0.0
