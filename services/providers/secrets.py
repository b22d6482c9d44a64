"""A provider's address and key: secrets are named in facts, and go only to the hosts they were configured with."""

from collections.abc import Mapping

from contracts.facts.provider import ProviderKind
from services.addresses import fault_of, host_of
from services.providers.capabilities import KINDS
from services.providers.port import ProviderProblem
from services.settings import Secret

PLACEHOLDER = "none-needed"
"""Given explicitly, so that a key from the environment never goes to a provider that needs none."""


def address_of(kind: ProviderKind, base_url: str | None, embedded_url: str) -> str:
    """The base URL. Raises `ProviderProblem`: `address_needed`, `address_wrong`."""
    found = base_url or (embedded_url if kind == "embedded" else KINDS[kind].address)
    if not found:
        raise ProviderProblem("address_needed", "The provider has no address.", "Give it a base_url.")
    if (fault := fault_of(found)) is not None:
        raise ProviderProblem("address_wrong", f"The provider's address {found} {fault}.", "Correct its base_url.")
    return found


def key_for(kind: ProviderKind, address: str, name: str | None, secrets: Mapping[str, Secret]) -> str:
    """The key that may be sent to this address.

    Raises:
        ProviderProblem: `secret_missing`, `secret_not_for_host`, or `secret_unusable`.
    """
    if name is None:
        if KINDS[kind].needs_secret:
            raise ProviderProblem("secret_missing", "The provider names no secret.", "Name a configured secret for it.")
        return PLACEHOLDER
    secret = secrets.get(name)
    if secret is None:
        raise ProviderProblem(
            "secret_missing",
            f"The secret {name} isn't configured here.",
            "Add it to the secrets file and start Apprentice again.",
        )
    host = host_of(address)
    if host not in secret.hosts:
        raise ProviderProblem(
            "secret_not_for_host",
            f"The secret {name} may not be sent to {host}.",
            f"Add {host} to the secret's hosts, if that is really where it belongs.",
        )
    if not all("!" <= each <= "~" for each in secret.value):
        raise ProviderProblem(
            "secret_unusable",
            f"The secret {name} holds a space or a letter that no key has.",
            "Put the key into the secrets file as the provider gave it, and start Apprentice again.",
        )
    return secret.value
