"""Where a page of a table begins and ends: a place in its order, which a reader carries from page to page."""

import base64
import binascii
import json
from dataclasses import dataclass

from services.refusals import Refused


@dataclass(frozen=True, slots=True)
class Key:
    """A row's place in the order, and its text."""

    value: str | int
    taught: int
    body: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """What `next` and `previous` carry: the place of the last or first row, and the total, which is counted once."""

    value: str | int
    taught: int
    total: int
    back: bool = False

    @classmethod
    def at(cls, key: Key, total: int, *, back: bool = False) -> str:
        """From this row on, or back."""
        given = [key.value, key.taught, total, back]
        return base64.urlsafe_b64encode(json.dumps(given).encode()).decode()

    @classmethod
    def read(cls, text: str, value: type[str] | type[int]) -> "Cursor":
        """Raises `Refused`: `malformed`."""
        try:
            found = json.loads(base64.urlsafe_b64decode(text.encode()))
        except (binascii.Error, ValueError):
            found = None
        match found:
            case [one, int(taught), int(total), bool(back)] if isinstance(one, value):
                return cls(one, taught, total, back)
        raise Refused(
            "malformed",
            "`after` must be the `next` or `previous` of a page with the same sorting.",
            {"after": "not a next of a page"},
        )
