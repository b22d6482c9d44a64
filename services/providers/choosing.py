"""Opening the provider that a plan or a row names."""

from typing import Protocol

from contracts.facts.provider import ProviderKind
from services.providers.capabilities import KINDS
from services.providers.port import Provider
from services.providers.secrets import address_of, key_for
from services.settings import Settings


class Named(Protocol):
    """What names a provider: a compilation's plan, or a provider's row."""

    @property
    def provider_kind(self) -> ProviderKind: ...
    @property
    def base_url(self) -> str | None: ...
    @property
    def secret(self) -> str | None: ...


def open_provider(named: Named, settings: Settings) -> Provider:
    """The provider, ready to be spoken to. Raises `ProviderProblem`: address or secret."""
    address = address_of(named.provider_kind, named.base_url, settings.embedded_provider_url)
    key = key_for(named.provider_kind, address, named.secret, settings.secrets)
    from services.providers.openai_api import OpenAIProvider  # half a second; only who speaks to a provider pays it

    return OpenAIProvider(address, key, KINDS[named.provider_kind], settings.provider_timeout)


class Providers:
    """Open providers, kept for reuse."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[tuple[str, str | None, str | None], Provider] = {}

    def get(self, named: Named) -> Provider:
        """The provider, opened once. Raises `ProviderProblem`."""
        key = (named.provider_kind, named.base_url, named.secret)
        if key not in self._open:
            self._open[key] = open_provider(named, self._settings)
        return self._open[key]

    async def close(self) -> None:
        """Close all."""
        for provider in self._open.values():
            await provider.close()
