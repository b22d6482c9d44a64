"""Preflight: what a compilation of a model would find, without paying for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from contracts.queries import (
    Check,
    Conflicts,
    ConflictsWanted,
    Difference,
    DifferenceWanted,
    LastSuccessWanted,
    MaybeCompilation,
    ModelRow,
    ModelWanted,
    Nothing,
    People,
    PersonalData,
    PersonalDataWanted,
    Preflight,
    PreflightWanted,
    ProviderRow,
    Providers,
    Query,
)
from services.compiler.context import ACTOR, MODULE, Context
from services.packaging.checks import Bounds
from services.providers.capabilities import KINDS
from services.providers.port import ProviderProblem
from services.refusals import Refused
from services.training_sets import Packaged, package_training_set

LONGEST_SYSTEM_MESSAGE: Final = 6
"""Sentences; more make every example dearer and every answer slower."""
BYTES_PER_TOKEN: Final = (3, 5)
"""The fewest and the most, of English and Bulgarian texts with their JSON."""
EPOCHS: Final = (1, 3)
"""How often a provider goes through the file when it chooses for itself."""
SOON: Final = 180
"""Days before a base model's end from which it is mentioned."""
_SENTENCE: Final = re.compile(r"[^.!?…]+[.!?…]+(?=\s|$)|[^.!?…]+$")


async def preflight(context: Context, module: str, query: Query) -> tuple[int, Preflight]:
    """The answer to the query `preflight`, as of now or of the query's position. Raises `Refused`, `NoReply`."""
    wanted = PreflightWanted.model_validate(query.data)
    await _check_asker(context, module, query.actor)
    at = query.at
    position, found = await context.bus.query(
        "model", ModelWanted(model=wanted.model), module=MODULE, actor=ACTOR, at=at, after=query.after, timeout=30.0
    )
    model: ModelRow = found
    provider = await _provider_of(context, model)
    packaged = await _packaged(context, model, provider, position)
    looked = _Look(
        model,
        provider,
        packaged,
        conflicts=await context.ask("conflicts", ConflictsWanted(model=model.id, limit=500), at=position),
        personal=await context.ask("personal_data", PersonalDataWanted(model=model.id), at=position),
        difference=await context.ask("difference", DifferenceWanted(model=model.id), at=position),
        last=await context.ask("last_success", LastSuccessWanted(model=model.id)),
    )
    checks = [*await _provider_checks(context, model, provider), *_set_checks(looked), *_model_checks(looked)]
    return position, looked.answer(checks)


@dataclass(frozen=True, slots=True)
class _Look:
    """Everything that was looked up, before it is judged."""

    model: ModelRow
    provider: ProviderRow | None
    packaged: Packaged
    conflicts: Conflicts
    personal: PersonalData
    difference: Difference
    last: MaybeCompilation

    def answer(self, checks: list[Check]) -> Preflight:
        summary, provider = self.packaged.summary, self.provider
        low, high = summary.bytes // BYTES_PER_TOKEN[1], -(-summary.bytes // BYTES_PER_TOKEN[0])
        price = provider.prices.training if provider and provider.prices and provider.target == "fine_tune" else None
        return Preflight(
            model=self.model.id,
            position=summary.position,
            ready=all(check.level != "error" for check in checks),
            provider=provider.id if provider else None,
            base_model=provider.base_model if provider else None,
            target=provider.target if provider else None,
            examples=summary.examples,
            lessons=summary.lessons,
            bytes=summary.bytes,
            tokens_low=low,
            tokens_high=high,
            sha256=summary.sha256,
            price_low=None if price is None else round(price * low * EPOCHS[0] / 1e6, 4),
            price_high=None if price is None else round(price * high * EPOCHS[1] / 1e6, 4),
            currency=provider.prices.currency if price is not None and provider and provider.prices else None,
            conflicts=summary.conflicts,
            duplicates=summary.duplicates,
            personal_data=self.personal.total,
            validation=self.model.lessons.validation,
            checks=checks,
            difference=self.difference,
        )


# looking up -----------------------------------------------------------------------------------------------------------


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


# judging --------------------------------------------------------------------------------------------------------------


async def _provider_checks(context: Context, model: ModelRow, provider: ProviderRow | None) -> list[Check]:
    if provider is None:
        return [_error("provider", f"{model.name} has no provider.", "Choose a provider for it.")]
    if provider.retired:
        return [_error("provider", f"{provider.name} is retired.", f"Choose another provider for {model.name}.")]
    return [_retirement(provider, datetime.now(UTC).date()), await _answers(context, provider)]


def _retirement(provider: ProviderRow, today: date) -> Check:
    if provider.retires_on is None:
        return _ok("retirement", f"{provider.base_model} isn't known to be shut down.")
    ends = date.fromisoformat(provider.retires_on)
    left = (ends - today).days
    said = f"{provider.base_model} is shut down on {ends.isoformat()}" + (f", in {left} days." if left >= 0 else ".")
    fix = "Choose another base model or provider, or force the compilation."
    if left < provider.retirement_margin:
        return _error("retirement", said, fix)
    return Check(
        check="retirement", level="warning" if left < SOON else "ok", message=said, fix=fix if left < SOON else ""
    )


async def _answers(context: Context, provider: ProviderRow) -> Check:
    try:
        known = await context.providers.get(provider).has_model(provider.base_model)
    except ProviderProblem as problem:
        return _error("credentials", problem.message, problem.fix)
    if known:
        return _ok("credentials", f"{provider.name} answers and knows {provider.base_model}.")
    said = f"{provider.name} answers, but doesn't list {provider.base_model}."
    if provider.provider_kind in ("embedded", "openai"):
        return _error("base_model", said, "Correct the provider's base model.")
    return Check(check="base_model", level="warning", message=said, fix="Check the name; some providers list nothing.")


def _set_checks(look: _Look) -> Iterator[Check]:
    yield _enough(look)
    yield from _size(look)
    for fault in look.packaged.faults:
        yield Check(
            check=fault.code, level="error", message=fault.message, fix="Mend the lesson.", lessons=[fault.lesson]
        )
    open_conflicts = [one for one in look.conflicts.conflicts if one.conflicting and not one.settled]
    if open_conflicts:
        many = (
            f"{len(open_conflicts)} questions have several answers"
            if len(open_conflicts) > 1
            else "One question has several answers"
        )
        yield Check(check="conflicts", level="warning", message=f"{many}; only the winner is learnt.",
                    fix="Settle them, or revise the answers.", lessons=[one.winner for one in open_conflicts[:50]])  # fmt: skip
    if look.packaged.summary.duplicates:
        yield Check(check="duplicates", level="warning", message=f"{look.packaged.summary.duplicates} QAs are there twice; each counts once.",
                    fix="Deactivate the duplicates.")  # fmt: skip
    if look.personal.total:
        yield Check(check="personal_data", level="warning", message=f"{look.personal.total} lessons seem to hold personal data.",
                    fix="Take it out, or accept it lesson by lesson.", lessons=[one.id for one in look.personal.lessons])  # fmt: skip


def _enough(look: _Look) -> Check:
    examples, provider = look.packaged.summary.examples, look.provider
    least = 1
    if provider is not None and provider.target == "fine_tune":
        least = provider.limits.minimum_examples or KINDS[provider.provider_kind].minimum_examples
    if examples < least:
        return _error("examples", f"There are {examples} examples; {least} are needed.", "Teach more.")
    most = provider.limits.maximum_examples if provider else None
    if most is not None and examples > most:
        return _error(
            "examples",
            f"There are {examples:,} examples; the provider takes {most:,}.",
            "Narrow the lineage rule, or deactivate lessons.",
        )
    return _ok("examples", f"{examples:,} examples of {look.packaged.summary.lessons:,} lessons.")


def _size(look: _Look) -> Iterator[Check]:
    most = look.provider.limits.maximum_file_bytes if look.provider else None
    if most is not None and look.packaged.summary.bytes > most:
        yield _error("size", f"The training file has {look.packaged.summary.bytes:,} bytes; the provider takes {most:,}.",
                     "Narrow the lineage rule, or deactivate lessons.")  # fmt: skip


def _model_checks(look: _Look) -> Iterator[Check]:
    model = look.model
    sentences = len(_SENTENCE.findall(model.system_message or ""))
    if sentences > LONGEST_SYSTEM_MESSAGE:
        yield Check(check="system_message", level="warning", message=f"The system message has {sentences} sentences.",
                    fix="Shorten it to six; what the model is to know belongs into lessons.")  # fmt: skip
    if model.acceptance is not None and not model.lessons.validation:
        yield Check(check="validation", level="warning", message="The model asks for validation, but has no validation questions.",
                    fix="Write some, or no version becomes active.")  # fmt: skip
    if model.compiling is not None:
        yield Check(check="running", level="warning", message="A compilation of this model is running.",
                    fix="Wait for it, or ask to be queued.")  # fmt: skip
    if _unchanged(look):
        yield Check(check="unchanged", level="warning", message="Nothing has changed since the last version.",
                    fix="Force the compilation if it is wanted all the same.")  # fmt: skip


def _unchanged(look: _Look) -> bool:
    last, provider = look.last.compilation, look.provider
    if last is None or provider is None:
        return False
    then: tuple[Any, ...] = (last.sha256, last.plan.provider, last.plan.base_model, last.plan.target)
    return then == (look.packaged.summary.sha256, provider.id, provider.base_model, provider.target)


def _ok(check: str, message: str) -> Check:
    return Check(check=check, level="ok", message=message)


def _error(check: str, message: str, fix: str) -> Check:
    return Check(check=check, level="error", message=message, fix=fix)
