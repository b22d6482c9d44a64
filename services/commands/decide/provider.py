"""The rules of providers."""

from contracts.envelope import Envelope
from contracts.facts.provider import (
    BaseModelRetirementAnnounced,
    BaseModelRetirementNear,
    ProviderKind,
    ProviderRegistered,
    ProviderRetired,
    ProviderRevised,
    RecompilationRequested,
)
from services.addresses import fault_of
from services.commands.channel import SHARED_PROVIDERS
from services.commands.decide.compilation_request import recompilations
from services.commands.decide.event import Event
from services.commands.decide.lookups import fresh, the_provider
from services.commands.decide.names import free_names
from services.commands.decide.revising import changed, required
from services.commands.decide.roles import need
from services.commands.states import Provider
from services.commands.world import World
from services.refusals import Refused

_NEEDS_ADDRESS = frozenset({"azure", "openai_compatible"})


def decide(world: World, fact: Envelope, id: str) -> list[Event]:
    """Only administrators and modules register and revise providers."""
    need(world, fact, "administrator")
    match data := fact.data:
        case ProviderRegistered():
            fresh(world.provider(id), "provider", id)
            free_names(world, "provider_name", id, data.name, data.names)
            _check_address(data.provider_kind, data.base_url, data.secret)
        case ProviderRevised():
            provider = _live(world, id)
            required(data, "name", "names", "base_model", "target", "limits", "retirement_margin", "notes")
            changed(provider, data)
            given = data.changes()
            free_names(world, "provider_name", id, given.get("name", provider.name), given.get("names", provider.names))
            _check_address(provider.provider_kind, given.get("base_url", provider.base_url),
                           given.get("secret", provider.secret))  # fmt: skip
        case ProviderRetired():
            _live(world, id)
        case BaseModelRetirementAnnounced():
            if the_provider(world, id).retires.get(data.base_model) == data.retires_on:
                raise Refused(
                    "nothing_changes", f"It is known already that {data.base_model} ends on {data.retires_on}."
                )
        case BaseModelRetirementNear():
            if (data.base_model, data.retires_on, data.days) in _live(world, id).near:
                raise Refused("nothing_changes", "This was announced already.")
        case RecompilationRequested():
            return _recompiled(world, fact, data, _live(world, id))
    return [Event("provider", id, fact.data, SHARED_PROVIDERS)]


def _recompiled(world: World, fact: Envelope, data: RecompilationRequested, provider: Provider) -> list[Event]:
    for other in data.models_of:
        the_provider(world, other, "data.models_of")
    events, models = recompilations(world, fact, provider, {provider.id, *data.models_of})
    if not models:
        raise Refused("nothing_changes", f"No model in use has {provider.name} or one of those as its provider.")
    asked = data.model_copy(update={"models": tuple(models)})
    return [Event("provider", provider.id, asked, SHARED_PROVIDERS), *events]


def _live(world: World, id: str) -> Provider:
    provider = the_provider(world, id)
    if provider.retired:
        raise Refused(
            "provider_retired", f"{provider.name} is retired; register a new provider.", {"subject": "retired"}
        )
    return provider


def _check_address(kind: ProviderKind, base_url: str | None, secret: str | None) -> None:
    if kind in _NEEDS_ADDRESS and base_url is None:
        raise Refused(
            "address_needed", f"A provider of kind {kind} needs its base_url.", {"data.base_url": "is missing"}
        )
    if base_url is not None and (fault := fault_of(base_url)) is not None:
        raise Refused("malformed", f"The base_url {fault}.", {"data.base_url": fault})
    if kind in ("openai", "azure") and secret is None:
        raise Refused(
            "secret_needed",
            f"A provider of kind {kind} needs a secret; name one that is configured with the hosts it may go to.",
            {"data.secret": "is missing"},
        )
