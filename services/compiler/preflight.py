"""Preflight: looks up what a compilation of a model would find, without paying for it or recording anything."""

from datetime import UTC, datetime
from typing import Any

from contracts.queries import (
    Check,
    CompilationRow,
    ConflictsWanted,
    DifferenceWanted,
    LastSuccessWanted,
    MaybeCompilation,
    ModelRow,
    ModelWanted,
    Nothing,
    People,
    PersonalDataWanted,
    Preflight,
    PreflightWanted,
    ProviderRow,
    Providers,
    Query,
)
from services.asking import wanted_of
from services.compiler.context import ACTOR, MODULE, Context
from services.compiler.evaluation_step import asks_otherwise
from services.compiler.packaging_step import gone
from services.compiler.preflight_checks import NAMED, Looked, answer, retirement
from services.packaging.checks import Bounds
from services.providers.port import ProviderProblem
from services.refusals import Refused
from services.training_sets import Packaged, package_training_set


async def preflight(context: Context, module: str, query: Query) -> tuple[int, Preflight]:
    """The answer to the query `preflight`, as of now or of the query's position. Raises `Refused`, `NoReply`."""
    wanted = wanted_of(PreflightWanted, "preflight", query)
    await _check_asker(context, module, query.actor)
    position, found = await context.bus.query(
        "model", ModelWanted(model=wanted.model), module=MODULE, actor=ACTOR, at=query.at, after=query.after, timeout=30.0
    )  # fmt: skip
    model: ModelRow = found
    provider = await _provider_of(context, model)
    last: MaybeCompilation = await context.ask("last_success", LastSuccessWanted(model=model.id))
    conflicts = ConflictsWanted(model=model.id, limit=NAMED, open_only=True)
    looked = Looked(
        model,
        provider,
        await _packaged(context, model, provider, position),
        conflicts=await context.ask("conflicts", conflicts, at=position),
        personal=await context.ask("personal_data", PersonalDataWanted(model=model.id, limit=NAMED), at=position),
        difference=await context.ask("difference", DifferenceWanted(model=model.id), at=position),
        last=last,
        built_again=last.compilation is not None and await _built_again(context, last.compilation, position),
    )
    return position, answer(looked, await _provider_checks(context, model, provider))


async def _built_again(context: Context, last: CompilationRow, position: int) -> bool:
    try:
        return await asks_otherwise(context, last, position) or await gone(context, last)
    except ProviderProblem:
        return False  # the credentials' check says it


async def _check_asker(context: Context, module: str, actor: str) -> None:
    if module not in ("web", "cli"):
        return
    people: People = await context.ask("people", Nothing())
    person = next((one for one in people.people if actor == f"person:{one.id}" and not one.erased), None)
    if person is None:
        raise Refused("unknown_person", f"Nobody here is called {actor.removeprefix('person:')}.", {"actor": "unknown"})
    if not {"administrator", "trainer", "auditor"} & set(person.roles):
        raise Refused("role_needed", "This needs the role administrator, trainer or auditor; ask an administrator.")


async def _provider_of(context: Context, model: ModelRow) -> ProviderRow | None:
    found: Providers = await context.ask("providers", Nothing())
    return next((one for one in found.providers if one.id == model.provider), None)


async def _packaged(context: Context, model: ModelRow, provider: ProviderRow | None, position: int) -> Packaged:
    bounds = Bounds(maximum_example_tokens=provider.limits.maximum_example_tokens if provider else None)
    return await package_training_set(context.bus, model.id, module=MODULE, actor=ACTOR, at=position, bounds=bounds)


async def _provider_checks(context: Context, model: ModelRow, provider: ProviderRow | None) -> list[Check]:
    if provider is None:
        return [_wrong("provider", f"{model.name} has no provider.", "Choose a provider for it.", model=model.name)]
    if provider.retired:
        fix = f"Choose another provider for {model.name}."
        return [_wrong("provider", f"{provider.name} is retired.", fix, model=model.name, provider=provider.name)]
    return [retirement(provider, datetime.now(UTC).date()), await _answers(context, provider)]


async def _answers(context: Context, provider: ProviderRow) -> Check:
    """Whether the provider takes our key and has the base model: asking for a model's description costs nothing."""
    try:
        known = await context.providers.get(provider).has_model(provider.base_model)
    except ProviderProblem as problem:
        return _wrong("credentials", problem.message, problem.fix, code=problem.code)
    values = {"provider": provider.name, "base_model": provider.base_model}
    if known:
        said = f"{provider.name} answers and knows {provider.base_model}."
        return Check(check="credentials", level="ok", message=said, values=values)
    said = f"{provider.name} answers, but doesn't list {provider.base_model}."
    if provider.provider_kind in ("embedded", "openai"):
        return _wrong("base_model", said, "Correct the provider's base model.", **values)
    fix = "Check the name; some providers list nothing."
    return Check(check="base_model", level="warning", message=said, fix=fix, values=values)


def _wrong(check: str, message: str, fix: str, **values: Any) -> Check:
    return Check(check=check, level="error", message=message, fix=fix, values=values)
