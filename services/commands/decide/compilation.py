"""The rules of compilations: one at a time per model, every step in its order, and what a success changes."""

import uuid
from collections.abc import Collection
from datetime import UTC, datetime

from contracts.envelope import Envelope
from contracts.facts import Fact
from contracts.facts.compilation import (
    CancelRequested,
    CompilationCancelled,
    CompilationDequeued,
    CompilationFailed,
    CompilationSucceeded,
    CompilationUnchanged,
    CompiledModelDeleted,
    CompileRequested,
    EvaluationStarted,
    ExtraJobCancelled,
    FileUploaded,
    FileUploadIntended,
    JobCreated,
    JobCreationIntended,
    JobObserved,
    Plan,
    Problem,
    TrainingSetPackaged,
    VersionEvaluated,
)
from contracts.facts.model import ActiveVersion, ModelRevised
from services.commands.channel import of_model
from services.commands.decide.event import Event
from services.commands.decide.lookups import fresh, live_model, the_compilation, the_model, the_provider
from services.commands.decide.model import change_version, passes
from services.commands.decide.roles import need
from services.commands.states import Compilation, Model, Provider
from services.commands.world import World
from services.refusals import Refused

_COMPILATIONS = uuid.UUID("3a0e8a57-52c7-5a0e-9c0f-64f2a1f0d9b3")
_TERMINAL = (CompilationSucceeded, CompilationUnchanged, CompilationFailed, CompilationCancelled)


def decide(world: World, fact: Envelope, id: str) -> list[Event]:
    """A person or module requests, the compiler reports what it does."""
    if isinstance(fact.data, CompileRequested):
        return [_requested(world, fact, fact.data, id)]
    compilation = the_compilation(world, id)
    model = the_model(world, compilation.model)
    if isinstance(fact.data, CompiledModelDeleted):
        return _deleted(world, fact, compilation, model)
    if compilation.over:
        raise Refused("compilation_over", f"This compilation of {model.name} has ended: {compilation.status}.")
    if isinstance(fact.data, CancelRequested):
        return [_cancelling(world, fact, compilation, model)]
    _check_step(compilation, fact)
    if isinstance(fact.data, CompilationUnchanged):
        _check_same(world, compilation, fact.data.same_as)
    data = fact.data.model_copy(update={"model": model.id})
    if isinstance(data, CompilationSucceeded):
        return _succeeded(world, data, compilation, model)
    events = [_event(model, id, data)]
    return [*events, *_dequeued(world, compilation, model)] if isinstance(data, _TERMINAL) else events


def _event(model: Model, id: str, data: Fact) -> Event:
    return Event("compilation", id, data, of_model("compilation", model, model.id))


# requesting ---------------------------------------------------------------------------------------------------------


def _requested(world: World, fact: Envelope, data: CompileRequested, id: str) -> Event:
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
    return _event(model, id, data.model_copy(update=given))


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
        events.append(_event(model, str(uuid.uuid5(_COMPILATIONS, f"{fact.source}#{fact.id}#{model.id}")), asked))
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


# the compiler's steps -----------------------------------------------------------------------------------------------


def _check_step(compilation: Compilation, fact: Envelope) -> None:  # noqa: C901 - one line per step
    match data := fact.data:
        case TrainingSetPackaged():
            _in(compilation, fact, "packaging")
        case FileUploadIntended() | JobCreationIntended():
            wanted = ("uploading",) if isinstance(data, FileUploadIntended) else ("training",)
            _in(compilation, fact, *wanted)
            _check_intent(compilation, fact, data.runner)
        case FileUploaded():
            _announced(compilation, fact, "FileUploadIntended")
        case JobCreated():
            if compilation.job is not None:
                raise Refused("job_exists", f"This compilation has its job already: {compilation.job}.")
            _announced(compilation, fact, "JobCreationIntended")
        case JobObserved():
            _with_job(compilation, fact)
            if compilation.job_status == data.status:
                raise Refused("nothing_changes", f"The job is known to be {data.status} already.")
        case ExtraJobCancelled():
            _in(compilation, fact, "training")
            if data.job == compilation.job or data.job in compilation.extra_jobs:
                raise Refused("nothing_changes", f"The job {data.job} is the one that counts, or was cancelled before.")
        case EvaluationStarted():
            if compilation.compiled_model is not None:
                raise Refused("nothing_changes", "The evaluation has started already.")
            if compilation.plan.target == "fine_tune":
                _with_job(compilation, fact)
            _in(compilation, fact, "training", "evaluating")
        case VersionEvaluated():
            _evaluating(compilation, fact)
            if not data.results or {result.qa for result in data.results} & compilation.answered:
                raise Refused("nothing_changes", "These questions were asked before.")
        case CompilationSucceeded():
            _evaluating(compilation, fact)
        case CompilationUnchanged():
            _in(compilation, fact, "uploading", "evaluating")
        case CompilationCancelled():
            if not compilation.cancelling:
                raise Refused("not_requested", "Nobody asked to cancel this compilation.")
        case _:
            pass


def _in(compilation: Compilation, fact: Envelope, *statuses: str) -> None:
    if compilation.status not in statuses:
        raise Refused("wrong_step", f"{fact.type} doesn't belong here: the compilation is {compilation.status}.")


def _with_job(compilation: Compilation, fact: Envelope) -> None:
    if compilation.job is None:
        raise Refused("wrong_step", f"{fact.type} doesn't belong here: no job was created yet.")


def _evaluating(compilation: Compilation, fact: Envelope) -> None:
    if compilation.compiled_model is None:
        raise Refused("wrong_step", f"{fact.type} doesn't belong here: the new model was not tried yet.")


def _announced(compilation: Compilation, fact: Envelope, intent: str) -> None:
    if compilation.intent is None or compilation.intent.fact != intent:
        raise Refused("not_announced", f"{fact.type} comes without a {intent} before it.")


def _check_same(world: World, compilation: Compilation, same_as: str) -> None:
    other = world.compilation(same_as)
    if other is None or (other.model, other.status, other.sha256) != (
        compilation.model,
        "succeeded",
        compilation.sha256,
    ):
        raise Refused("malformed", f"{same_as} is no success of this model with the same training file.",
                      {"data.same_as": "isn't the same"})  # fmt: skip
    if compilation.forced:
        raise Refused("wrong_step", "A forced compilation is built even when nothing has changed.")


def _check_intent(compilation: Compilation, fact: Envelope, runner: str) -> None:
    intent = compilation.intent
    if intent is None or intent.fact != fact.type or intent.runner == runner:
        return
    if int(fact.time.timestamp() * 1_000_000) <= intent.deadline:
        raise Refused(
            "intent_running", f"The compiler {intent.runner} is about to do this; wait until its deadline is over."
        )


# ends ---------------------------------------------------------------------------------------------------------------


def _succeeded(world: World, data: CompilationSucceeded, compilation: Compilation, model: Model) -> list[Event]:
    if (data.passed, data.asked) != (compilation.passed, compilation.asked):
        raise Refused(
            "malformed",
            f"It was recorded that {compilation.passed} of {compilation.asked} validation questions passed.",
            {"data.passed": "differs from what was recorded"},
        )
    if data.compiled_model != compilation.compiled_model:
        raise Refused("malformed", f"The model that was tried is {compilation.compiled_model}.",
                      {"data.compiled_model": "differs from what was recorded"})  # fmt: skip
    version = int(world.unique("versions", model.id) or 0) + 1
    accepted = passes(model, data.passed, data.asked)
    done = data.model_copy(update={"version": version, "accepted": accepted})
    events = [_event(model, compilation.id, done)]
    if model.activate_automatically and accepted and not model.archived:
        events.append(change_version(model, _version(compilation, done, version), "compiled"))
    return [*events, *_dequeued(world, compilation, model)]


def _version(compilation: Compilation, data: CompilationSucceeded, version: int) -> ActiveVersion:
    return ActiveVersion(
        version=version,
        compilation=compilation.id,
        target=compilation.plan.target,
        provider=compilation.plan.provider,
        base_model=compilation.plan.base_model,
        compiled_model=data.compiled_model,
        position=compilation.position or 0,
        training_set=compilation.sha256 or "0" * 64,
    )


def _dequeued(world: World, ended: Compilation, model: Model) -> list[Event]:
    if world.unique("running", model.id) != ended.id:
        return []
    events: list[Event] = []
    for id in filter(None, (world.unique("queued", model.id) or "").split(",")):
        if (late := _too_late(world, the_compilation(world, id), model)) is None:
            return [*events, _event(model, id, CompilationDequeued(model=model.id))]
        events.append(_event(model, id, late))
    return events


def _too_late(world: World, waiting: Compilation, model: Model) -> CompilationFailed | None:
    """How one that waited ends whose provider was retired meanwhile: nothing starts there any more."""
    provider = world.provider(waiting.plan.provider)
    if provider is None or not provider.retired:
        return None
    said = f"While it waited, its provider {provider.name} was retired."
    error = Problem(code="provider_retired", message=said, fix=f"Choose another provider for {model.name}.")
    return CompilationFailed(error=error, model=model.id)


def _cancelling(world: World, fact: Envelope, compilation: Compilation, model: Model) -> Event:
    need(world, fact, "administrator")
    if compilation.cancelling:
        raise Refused("nothing_changes", "It is being cancelled already.")
    return _event(model, compilation.id, fact.data.model_copy(update={"model": model.id}))


def _deleted(world: World, fact: Envelope, compilation: Compilation, model: Model) -> list[Event]:
    need(world, fact, "administrator")
    if compilation.status != "succeeded":
        raise Refused("wrong_step", f"Nothing of this compilation can be deleted: it is {compilation.status}.")
    event = _event(model, compilation.id, fact.data.model_copy(update={"model": model.id}))
    return [event, change_version(model, None, "retired")] if model.active_compilation == compilation.id else [event]
