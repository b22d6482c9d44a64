"""A provider as the rules see it."""

from dataclasses import dataclass, replace
from datetime import date

from contracts.facts import Fact
from contracts.facts.provider import (
    BaseModelRetirementAnnounced,
    BaseModelRetirementNear,
    Limits,
    Prices,
    ProviderKind,
    ProviderRegistered,
    ProviderRetired,
    ProviderRevised,
    Target,
)
from services.commands.states.state import State, given


@dataclass(frozen=True, slots=True)
class Provider(State):
    """Where models are built and run."""

    name: str
    names: dict[str, str]
    provider_kind: ProviderKind
    base_url: str | None
    base_model: str
    target: Target
    secret: str | None
    limits: Limits
    prices: Prices | None
    notes: object
    retires: dict[str, date]
    retirement_margin: int = 30
    near: frozenset[tuple[str, date, int]] = frozenset()
    retired: bool = False

    @property
    def retires_on(self) -> date | None:
        """When its base model is shut down, as far as announced."""
        return self.retires.get(self.base_model)


_FIELDS = (
    "name",
    "names",
    "base_url",
    "base_model",
    "target",
    "secret",
    "limits",
    "prices",
    "retirement_margin",
    "notes",
)


def evolve(state: Provider | None, id: str, data: Fact) -> Provider:
    """Fold one event in."""
    if isinstance(data, ProviderRegistered):
        return Provider(
            id=id,
            revision=1,
            name=data.name,
            names=dict(data.names),
            provider_kind=data.provider_kind,
            base_url=data.base_url,
            base_model=data.base_model,
            target=data.target,
            secret=data.secret,
            limits=data.limits,
            prices=data.prices,
            notes=data.notes,
            retires={data.base_model: data.retires_on} if data.retires_on else {},
            retirement_margin=data.retirement_margin,
        )
    assert state is not None, f"{type(data).__name__} before ProviderRegistered"
    state = replace(state, revision=state.revision + 1)
    match data:
        case ProviderRevised():
            return replace(state, **given(data, *_FIELDS))
        case ProviderRetired():
            return replace(state, retired=True)
        case BaseModelRetirementAnnounced():
            return replace(state, retires=state.retires | {data.base_model: data.retires_on})
        case BaseModelRetirementNear():
            return replace(state, near=state.near | {(data.base_model, data.retires_on, data.days)})
        case _:
            return state
