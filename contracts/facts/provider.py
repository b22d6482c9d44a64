"""Providers: where models are built and run."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from contracts.facts.fact import ANYONE, PERSON, Fact, Money, Ordinal, Part, derived
from contracts.identifiers import Id, Language
from contracts.text import Label, Notes

ProviderKind = Literal["embedded", "openai", "azure", "openai_compatible"]
Target = Literal["fine_tune", "grounded"]
BaseUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$", max_length=500)]
BaseModelName = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f]{1,200}$")]
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class Limits(Part):
    """What the provider's own documentation says it takes; absent means not bounded here."""

    minimum_examples: Ordinal | None = None
    maximum_examples: Ordinal | None = None
    maximum_file_bytes: Ordinal | None = None
    maximum_example_tokens: Ordinal | None = None
    training_minutes: Ordinal | None = Field(
        default=None, description="How long one job may take before it is given up."
    )


class Prices(Part):
    """In the currency named, per million tokens."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    training: Money | None = None
    input: Money | None = None
    output: Money | None = None


RetirementMargin = Annotated[
    int, Field(ge=0, le=365, description="Days before the base model's end from which compilations must be forced.")
]


class ProviderRegistered(Fact):
    """A provider can be chosen for models from now on. `secret` names a configured secret and never is one."""

    kind = "provider"
    reporters = ANYONE
    begins = True

    name: Label
    names: dict[Language, Label] = Field(default_factory=dict, max_length=50)
    provider_kind: ProviderKind
    base_url: BaseUrl | None = Field(default=None, description="Absent: the kind's own address.")
    base_model: BaseModelName
    target: Target = "fine_tune"
    secret: SecretName | None = None
    limits: Limits = Limits()
    prices: Prices | None = None
    retires_on: date | None = Field(default=None, description="When the base model is shut down, as far as known.")
    retirement_margin: RetirementMargin = 30
    notes: Notes = ""


class ProviderRevised(Fact):
    """What is given replaces what was; the rest stays."""

    kind = "provider"
    reporters = ANYONE

    name: Label | None = None
    names: dict[Language, Label] | None = Field(default=None, max_length=50)
    base_url: BaseUrl | None = None
    base_model: BaseModelName | None = None
    target: Target | None = None
    secret: SecretName | None = None
    limits: Limits | None = None
    prices: Prices | None = None
    retirement_margin: RetirementMargin | None = None
    notes: Notes | None = None


class ProviderRetired(Fact):
    """No compilation may start here any more; versions built here go on answering while the provider lets them."""

    kind = "provider"
    reporters = PERSON


class BaseModelRetirementAnnounced(Fact):
    """The provider's base model will be shut down on this day."""

    kind = "provider"
    reporters = frozenset({"person", "module", "compiler"})

    base_model: BaseModelName
    retires_on: date


class BaseModelRetirementNear(Fact):
    """The base model that the provider builds on is shut down in so many days, or fewer: administrators are told."""

    kind = "provider"
    reporters = frozenset({"compiler"})

    base_model: BaseModelName
    retires_on: date
    days: Literal[90, 30, 7]


class RecompilationRequested(Fact):
    """Everything is to be compiled at this provider: the models that are here, and those of `models_of`, which move here.

    Requests one compilation for each in the same append, parents before children; each becomes active only when accepted.
    """

    kind = "provider"
    reporters = PERSON

    models_of: tuple[Id, ...] = Field(default=(), max_length=100, description="Providers whose models move here.")
    models: tuple[Id, ...] = derived((), "The models that are compiled, in order.")
