"""Ends of base models that were announced in public, for providers that don't name them in their list of models."""

from datetime import date
from typing import Final

from contracts.facts.provider import ProviderKind

_OPENAI_2027: Final = date(2027, 1, 14)
_KNOWN: Final[dict[ProviderKind, tuple[tuple[str, date], ...]]] = {
    "openai": (("gpt-4o", _OPENAI_2027), ("gpt-4.1", _OPENAI_2027)),
}
"""By kind: the beginning of a base model's name, and the day on which it is shut down."""


def known_end(kind: ProviderKind, base_model: str) -> date | None:
    """When the base model, or the one it was fine-tuned from, is shut down."""
    name = base_model.removeprefix("ft:")
    return next((ends for beginning, ends in _KNOWN.get(kind, ()) if name.startswith(beginning)), None)
