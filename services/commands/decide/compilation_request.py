"""The rules of asking for a compilation: where it is built, whether it waits, and all of them at another provider."""

import uuid
from collections.abc import Collection
from datetime import UTC, datetime

from contracts.envelope import Envelope
from contracts.facts import Fact
from contracts.facts.compilation import CompileRequested, Plan
from contracts.facts.model import ModelRevised
from services.commands.channel import of_model
from services.commands.decide.event import Event
from services.commands.decide.lookups import fresh, live_model, the_compilation, the_provider
from services.commands.decide.roles import need
from services.commands.states import Model, Provider
from services.commands.world import World
from services.refusals import Refused

_COMPILATIONS = uuid.UUID("3a0e8a57-52c7-5a0e-9c0f-64f2a1f0d9b3")


def compilation_event(model: Model, id: str, data: Fact) -> Event:
    """Of a compilation of the model."""
    return Event("compilation", id, data, of_model("compilation", model, model.id))


def requested(world: World, fact: Envelope, data: CompileRequested, id: str) -> Event:
    """A compilation is asked for: it begins, or it is queued."""
    need(world, fact, "administrator")
    fresh(world.compilation(id), "compilation", id)
    model = live_model(world, data.model, "data.model")
    _check_occasion(fact, data)
    provider = _provider_of(world, model)
    if not data.forced:
        _check_retirement(provider, fact.time)
    running = world.unique("running", model.id)
    if running is not None and not data.queue:
        since = the_compilation(world, running).since.astimezone(UTC)
        raise Refused("compilation_running", f"{model.name} is compiling already (started {since:%H:%M} UTC); wait for it, "
                      "cancel it, or ask to be queued.", {"data.model": "compiling"})  # fmt: skip
    given = {"plan": _plan(provider, model), "queued": running is not None}
    return compilation_event(model, id, data.model_copy(update=given))


def recompilations(
    world: World, fact: Envelope, provider: Provider, origins: Collection[str]
) -> tuple[list[Event], list[str]]:
    """One compilation at the provider for each model of the providers `origins`, and the models, parents first."""
    _check_retirement(provider, fact.time)
    found = (world.model(id) for origin in origins for id in (world.unique("models_of", origin) or "").split(","))
    models = sorted(
        (one for one in found if one is not None and not one.archived), key=lambda one: _depth(world, one.id)
    )
    events: list[Event] = []
    for model in models:
        if model.provider != provider.id:
            events.append(
                Event("model", model.id, ModelRevised(provider=provider.id), of_model("model", model, model.id))
            )
        asked = CompileRequested(
            model=model.id,
            queue=True,
            occasion="recompilation",
            plan=_plan(provider, model),
            queued=world.unique("running", model.id) is not None,
        )
        events.append(
            compilation_event(model, str(uuid.uuid5(_COMPILATIONS, f"{fact.source}#{fact.id}#{model.id}")), asked)
        )
    return events, [model.id for model in models]


def _depth(world: World, id: str) -> tuple[int, str]:
    depth, above = 0, world.unique("parent", id)
    while above is not None:
        depth, above = depth + 1, world.unique("parent", above)
    return depth, id


def _check_occasion(fact: Envelope, data: CompileRequested) -> None:
    by_itself = fact.actor == "service:compiler"
    if by_itself != (data.occasion in ("nightly", "waiting")):
        raise Refused("malformed", "Only the compiler compiles nightly or because lessons wait; leave occasion out.",
                      {"data.occasion": "leave it out"})  # fmt: skip


def _plan(provider: Provider, model: Model) -> Plan:
    return Plan(
        provider=provider.id,
        provider_kind=provider.provider_kind,
        base_url=provider.base_url,
        base_model=provider.base_model,
        target=provider.target,
        secret=provider.secret,
        limits=provider.limits,
        lineage=model.lineage,
    )


def _provider_of(world: World, model: Model) -> Provider:
    if model.provider is None:
        raise Refused("no_provider", f"{model.name} has no provider, so it can't be compiled; choose one for it.")
    provider = the_provider(world, model.provider, "data.model")
    if provider.retired:
        raise Refused("provider_retired", f"{model.name}'s provider {provider.name} is retired; choose another for it.")
    return provider


def _check_retirement(provider: Provider, now: datetime) -> None:
    ends = provider.retires_on
    if ends is not None and (ends - now.astimezone(UTC).date()).days < provider.retirement_margin:
        raise Refused(
            "base_model_retires",
            f"{provider.base_model} at {provider.name} is shut down on {ends.isoformat()}; choose another base model or "
            "provider, or force the compilation.",
        )
