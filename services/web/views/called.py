"""What models and providers are called in a language. Pure."""

from collections.abc import Iterable

from contracts.queries import ModelRow, ProviderRow


def names_in(language: str, rows: Iterable[ModelRow | ProviderRow]) -> dict[str, str]:
    """Their names in this language by the names that facts and checks give."""
    return {one.name: one.names.get(language) or one.name for one in rows}
