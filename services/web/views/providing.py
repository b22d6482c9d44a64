"""Providers as their pages show them: whether the secret may go there, when the base model ends, what a form says. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from contracts.facts.provider import ProviderKind
from contracts.queries import ProviderRow
from services import addresses
from services.providers.capabilities import KINDS
from services.providers.port import ProviderProblem
from services.providers.secrets import key_for
from services.settings import Secret

SecretState = Literal["set", "missing", "host", "none", "unknown"]
_STATES: Final[Mapping[str, SecretState]] = {"secret_missing": "missing", "secret_not_for_host": "host"}
_KEY: Final = re.compile(r"^(sk|pk|key|xai|gsk)[-_]|^[A-Za-z0-9+/=_-]{36,}$", re.IGNORECASE)
"""What keys look like; names of secrets are short words."""
LIMITS: Final = (
    "minimum_examples", "maximum_examples", "maximum_file_bytes", "maximum_example_tokens", "training_minutes",
)  # fmt: skip
PRICES: Final = ("training", "input", "output")

DEFAULTS: Final[Mapping[ProviderKind, Mapping[str, str]]] = {
    "openai": {"name": "OpenAI", "secret": "OPENAI_KEY", "target": "fine_tune", "minimum_examples": "10"},
    "azure": {"name": "Azure OpenAI", "secret": "AZURE_OPENAI_KEY", "target": "fine_tune", "minimum_examples": "10"},
    "openai_compatible": {"target": "grounded"},
    "embedded": {"name": "Embedded", "base_model": "embedded-retrieval-1", "target": "fine_tune"},
}
"""With what the form of a new provider begins."""
EXAMPLES: Final[Mapping[ProviderKind, str]] = {
    "openai": "https://api.openai.com/v1",
    "azure": "https://NAME.openai.azure.com/openai/v1",
    "openai_compatible": "https://models.example.com/v1",
    "embedded": "",
}
"""What an address looks like."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A provider with what its page says besides. `days`: until its base model ends; below 0 it has ended."""

    row: ProviderRow
    secret: SecretState
    host: str
    days: int | None

    @property
    def ends_soon(self) -> bool:
        """Whether compilations must be forced already, or aren't possible any more."""
        return self.days is not None and self.days < max(self.row.retirement_margin, 90)


def shown(row: ProviderRow, secrets: Mapping[str, Secret] | None, today: date) -> Shown:
    """The provider as it is seen today."""
    days = (date.fromisoformat(row.retires_on) - today).days if row.retires_on else None
    return Shown(row, secret_state(row, secrets), host_of(row), days)


def host_of(row: ProviderRow) -> str:
    """Where it is; empty for the one that comes with the installation."""
    return addresses.host_of(row.base_url or KINDS[row.provider_kind].address or "")


def secret_state(row: ProviderRow, secrets: Mapping[str, Secret] | None) -> SecretState:
    """Whether its secret is configured and may be sent to its host."""
    address = row.base_url or KINDS[row.provider_kind].address
    if row.secret is None:
        return "missing" if KINDS[row.provider_kind].needs_secret else "none"
    if secrets is None or address is None:
        return "unknown"
    try:
        key_for(row.provider_kind, address, row.secret, secrets)
    except ProviderProblem as problem:
        return _STATES[problem.code]
    return "set"


def looks_like_a_key(secret: str) -> bool:
    """Whether somebody gave the key itself in place of its name."""
    return bool(_KEY.match(secret))


def as_given(row: ProviderRow) -> dict[str, str]:
    """The form's fields as the provider has them."""
    limits, prices = row.limits.model_dump(), row.prices.model_dump() if row.prices else {}
    plain = {
        "name": row.name, "bg": row.names.get("bg", ""), "base_url": row.base_url or "", "base_model": row.base_model,
        "target": row.target, "secret": row.secret or "", "retires_on": row.retires_on or "",
        "retirement_margin": str(row.retirement_margin), "notes": row.notes, "currency": prices.get("currency", "USD"),
    }  # fmt: skip
    numbers = {name: limits[name] for name in LIMITS} | {f"price_{name}": prices.get(name) for name in PRICES}
    return plain | {name: _text(value) for name, value in numbers.items()}


def fields_of(given: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, as the fields of a fact; pydantic judges the values. `names`: in languages the form hasn't."""
    text = {key: value.strip() for key, value in given.items()}
    prices = {name: text[f"price_{name}"] for name in PRICES if text.get(f"price_{name}")}
    others = {code: name for code, name in names.items() if code != "bg"}
    return {
        "name": text["name"],
        "names": others | ({"bg": text["bg"]} if text.get("bg") else {}),
        "base_url": text.get("base_url") or None,
        "base_model": text["base_model"],
        "target": text["target"],
        "secret": text.get("secret") or None,
        "limits": {name: text.get(name) or None for name in LIMITS},
        "prices": prices | {"currency": text.get("currency") or "USD"} if prices else None,
        "retirement_margin": text.get("retirement_margin") or 30,
        "notes": given.get("notes", "").replace("\r\n", "\n"),
    }


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
