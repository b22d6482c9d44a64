"""The rules of compilations: one at a time per model, every step in its order, and what a success changes."""

from contracts.envelope import Envelope
from contracts.facts.compilation import (
    CancelRequested,
    CompilationCancelled,
    CompilationDequeued,
    CompilationFailed,
    CompilationSucceeded,
    CompilationUnchanged,
    CompileRequested,
    Problem,
)
from contracts.facts.model import ActiveVersion
from services.commands.decide.compilation_deletion import Deletion, deletion
from services.commands.decide.compilation_request import compilation_event, requested
from services.commands.decide.compilation_step import check_same, check_step
from services.commands.decide.event import Event
from services.commands.decide.lookups import the_compilation, the_model
from services.commands.decide.model import change_version, passes
from services.commands.decide.roles import need
from services.commands.states import Compilation, Model
from services.commands.world import World
from services.refusals import Refused

_TERMINAL = (CompilationSucceeded, CompilationUnchanged, CompilationFailed, CompilationCancelled)


def decide(world: World, fact: Envelope, id: str) -> list[Event]:
    """A person or module requests, the compiler reports what it does."""
    if isinstance(fact.data, CompileRequested):
        return [requested(world, fact, fact.data, id)]
    compilation = the_compilation(world, id)
    model = the_model(world, compilation.model)
    if isinstance(fact.data, Deletion):
        return deletion(world, fact, fact.data, compilation, model)
    if compilation.over:
        raise Refused("compilation_over", f"This compilation of {model.name} has ended: {compilation.status}.")
    if isinstance(fact.data, CancelRequested):
        return [_cancelling(world, fact, compilation, model)]
    check_step(compilation, fact)
    if isinstance(fact.data, CompilationUnchanged):
        check_same(world, compilation, fact.data.same_as)
    data = fact.data.model_copy(update={"model": model.id})
    if isinstance(data, CompilationSucceeded):
        return _succeeded(world, data, compilation, model)
    events = [compilation_event(model, id, data)]
    return [*events, *_dequeued(world, compilation, model)] if isinstance(data, _TERMINAL) else events


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
    events = [compilation_event(model, compilation.id, done)]
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
            return [*events, compilation_event(model, id, CompilationDequeued(model=model.id))]
        events.append(compilation_event(model, id, late))
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
    return compilation_event(model, compilation.id, fact.data.model_copy(update={"model": model.id}))
