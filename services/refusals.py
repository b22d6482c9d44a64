"""The one exception by which a fact or a query is refused, from the rules to the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from contracts.replies import Refusal

PASSING: Final = frozenset({"behind", "busy", "unavailable"})
"""Codes that say nothing of what was asked for: the same may be accepted in a moment."""


class Refused(Exception):
    """Not accepted: `code` for programs, `message` for people, `fields` for forms. Nothing was changed."""

    def __init__(self, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = dict(fields or {})

    @property
    def refusal(self) -> Refusal:
        """As it is sent."""
        from contracts.replies import Refusal  # imported late: the command line starts quicker

        return Refusal(code=self.code, message=self.message, fields=self.fields)

    @classmethod
    def from_refusal(cls, refusal: Refusal) -> Refused:
        """As it was received."""
        return cls(refusal.code, refusal.message, refusal.fields)
