"""Finds e-mail addresses, telephone numbers, IBANs, card numbers and national ids in a text. Pure; never raises.

Forms are found by bounded patterns, so the time is linear in the text; what a form leaves open its checksum decides
(python-stdnum, phonenumbers). A number whose checksum one in ten numbers passes counts only beside its name.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["email", "phone", "iban", "card", "national_id"]
REGION: Final = "BG"
"""Whose national telephone numbers are known without a country code."""
_NEAR: Final = 40
"""Characters before a number in which its name may stand."""
_WORTH_A_LOOK: Final = re.compile(r"@|\d(?:[ ()./-]{0,2}\d){5}|[A-Z]{6}\d\d[A-Z]|[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]\b")


@dataclass(frozen=True, slots=True)
class Found:
    """What stands from `start` up to `end`, counted in characters."""

    kind: Kind
    start: int
    end: int


def kinds(text: str) -> tuple[Kind, ...]:
    """The kinds of personal data in the text, sorted."""
    return tuple(sorted({one.kind for one in find(text)}))


def find(text: str, region: str = REGION) -> list[Found]:
    """All personal data in the text, in order, never overlapping. `region`: whose national telephone numbers count."""
    if not _WORTH_A_LOOK.search(text):
        return []
    found: list[Found] = []
    taken = bytearray(len(text))
    for one in (*_emails(text), *_ibans(text), *_cards(text), *_national_ids(text), *_phones(text, region)):
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
            found.append(one)
    return sorted(found, key=lambda one: one.start)


# e-mail ---------------------------------------------------------------------------------------------------------------

_LOCAL: Final = re.compile(r"[\w.+'-]{1,64}$")
_DOMAIN: Final = re.compile(r"(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}\b")


def _emails(text: str) -> Iterator[Found]:
    at = text.find("@")
    while at >= 0:
        local = _LOCAL.search(text[max(0, at - 64) : at])
        domain = _DOMAIN.match(text, at + 1)
        if local and domain:
            yield Found("email", at - len(local.group()), domain.end())
        at = text.find("@", at + 1)


# bank accounts and cards ----------------------------------------------------------------------------------------------

_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}")
_CARD: Final = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d.,]?\d)")
_ISSUERS: Final = (
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"3(?:0[0-5]|[68])"), (14,)),
    (re.compile(r"6(?:011|5|4[4-9])|35(?:2[89]|[3-8])|62"), (16,)),
)


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        end = _valid_beginning(match.group())
        if end:
            yield Found("iban", match.start(), match.start() + end)


def _valid_beginning(written: str) -> int:
    """How many characters of it are an IBAN; what follows may be the next word."""
    from stdnum import iban

    length = 0
    for end, character in enumerate(written, start=1):
        length += character != " "
        following = written[end : end + 1]
        if length >= 15 and not following.isalnum() and iban.is_valid(written[:end]):
            return end
    return 0


def _cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if any(len(digits) in lengths and issuer.match(digits) for issuer, lengths in _ISSUERS) and _luhn(digits):
            yield Found("card", match.start(), match.end())


def _luhn(digits: str) -> bool:
    from stdnum import luhn

    return bool(luhn.is_valid(digits))


# national ids ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Id:
    """`name`: what must stand before it; None when its form and checksum alone are sure."""

    form: re.Pattern[str]
    module: str | None
    name: re.Pattern[str] | None = None


def _named(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


_DIGITS_10: Final = re.compile(r"(?<![\d.,-])\d{10}(?![\d.,]?\d)")
_DIGITS_11: Final = re.compile(r"(?<![\d.,-])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\d.,]?\d)")
_DIGITS_13: Final = re.compile(r"(?<![\d.,-])\d{13}(?![\d.,]?\d)")
_IDS: Final = (
    _Id(_DIGITS_10, "stdnum.bg.egn", _named("егн|egn|единен граждански номер|personal number|личен номер")),
    _Id(_DIGITS_10, "stdnum.bg.pnf", _named("лнч|lnch|личен номер на чужденец")),
    _Id(_DIGITS_11, "stdnum.pl.pesel", _named("pesel")),
    _Id(_DIGITS_11, "stdnum.de.idnr", _named(r"steuer-?id\w*|idnr|identifikationsnummer|steuernummer")),
    _Id(_DIGITS_13, "stdnum.ro.cnp", _named("cnp|cod numeric personal")),
    _Id(re.compile(r"(?<!\w)\d{8} ?-?[A-Z](?!\w)"), "stdnum.es.dni", _named("dni|nif")),
    _Id(re.compile(r"(?<!\w)[XYZ]-?\d{7}-?[A-Z](?!\w)"), "stdnum.es.nie", _named("nie|nif")),
    _Id(re.compile(r"(?<!\w)[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?!\w)"), "stdnum.fr.nir",
        _named("nir|insee|sécurité sociale|numéro de sécurité sociale")),
    _Id(re.compile(r"(?<!\w)[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z](?!\w)"), "stdnum.it.codicefiscale"),
    _Id(re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), "stdnum.us.ssn"),
    _Id(re.compile(r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?!\w)"),
        None, _named("nino|ni number|national insurance(?: number)?")),
)  # fmt: skip


def _national_ids(text: str) -> Iterator[Found]:
    for one in _IDS:
        for match in one.form.finditer(text):
            before = text[max(0, match.start() - _NEAR) : match.start()]
            if (one.name is None or one.name.search(before)) and _is_valid(one.module, match.group()):
                yield Found("national_id", match.start(), match.end())


def _is_valid(module: str | None, number: str) -> bool:
    if module is None:
        return True
    import importlib

    check: Callable[[str], bool] = importlib.import_module(module).is_valid
    return bool(check(number))


# telephones -----------------------------------------------------------------------------------------------------------

_ABROAD: Final = re.compile(r"(?<![\w+])(?:\+|00(?=[1-9]))[1-9](?:[ ()./-]{0,2}\d){6,14}(?![\d]|[.,]\d)")
_NATIONAL: Final = re.compile(r"(?<![\w.,:/+-])0(?:[ ()./-]{0,2}\d){7,10}(?!\d|[.,:]\d|-\d)")


_DATE: Final = re.compile(r"\d{1,2}([./ -])\d{1,2}\1\d{2,4}")


def _phones(text: str, region: str) -> Iterator[Found]:
    for form, where in ((_ABROAD, "ZZ"), (_NATIONAL, region)):
        for match in form.finditer(text):
            number = match.group()
            if not _DATE.fullmatch(number) and _is_phone(
                "+" + number[2:] if number.startswith("00") else number, where
            ):
                yield Found("phone", match.start(), match.end())


def _is_phone(number: str, region: str) -> bool:
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(number, region)))
    except phonenumbers.NumberParseException:
        return False
