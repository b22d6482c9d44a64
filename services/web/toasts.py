"""Toasts for the next page that a browser opens: what was just done, and how to take it back."""

from collections import OrderedDict
from typing import Any, Final

Toast = tuple[str, dict[str, Any]]
"""A template and what it needs."""
KEPT: Final = 1_000
"""Browsers for which something waits; a toast that nobody came for in time is no loss."""


class Toasts:
    """By session, in memory: they are said once, by the process that did the thing."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, list[Toast]] = OrderedDict()

    def put(self, session: str, template: str, context: dict[str, Any]) -> None:
        """Say it on the next page."""
        self._waiting.setdefault(session, []).append((template, context))
        while len(self._waiting) > KEPT:
            self._waiting.popitem(last=False)

    def take(self, session: str) -> list[Toast]:
        """What is to be said now."""
        return self._waiting.pop(session, [])
