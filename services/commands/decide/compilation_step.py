"""The rules of a compilation's steps: what the compiler reports comes in its order, and after what it announced."""

from contracts.envelope import Envelope
from contracts.facts.compilation import (
    CompilationCancelled,
    CompilationSucceeded,
    CompilationUnchanged,
    EvaluationStarted,
    ExtraJobCancelled,
    FileUploaded,
    FileUploadIntended,
    JobCreated,
    JobCreationIntended,
    JobObserved,
    TrainingSetPackaged,
    VersionEvaluated,
)
from services.commands.states import Compilation
from services.commands.world import World
from services.refusals import Refused


def check_step(compilation: Compilation, fact: Envelope) -> None:  # noqa: C901 - one line per step
    """Raises `Refused` for what doesn't come next."""
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


def check_same(world: World, compilation: Compilation, same_as: str) -> None:
    """Raises `Refused` unless that other compilation made a version of the very same file."""
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
