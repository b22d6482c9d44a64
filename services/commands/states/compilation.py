"""A compilation as the rules see it."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from contracts.envelope import Envelope
from contracts.facts.compilation import (
    TERMINAL,
    CancelRequested,
    CompilationCancelled,
    CompilationDequeued,
    CompilationFailed,
    CompilationSucceeded,
    CompilationUnchanged,
    CompiledModelDeleted,
    CompileRequested,
    DeletionFailed,
    DeletionRequested,
    EvaluationStarted,
    ExtraJobCancelled,
    FileUploaded,
    FileUploadIntended,
    JobCreated,
    JobCreationIntended,
    JobObserved,
    Plan,
    Status,
    TrainingSetPackaged,
    VersionEvaluated,
)
from services.commands.states.state import State


@dataclass(frozen=True, slots=True)
class Intent:
    """A call that a runner announced and that has no result yet. `deadline`: microseconds UTC."""

    fact: str
    runner: str
    deadline: int


@dataclass(frozen=True, slots=True)
class Compilation(State):
    """One attempt to build a training set at a provider."""

    model: str
    plan: Plan
    since: datetime
    status: Status
    forced: bool
    position: int | None = None
    sha256: str | None = None
    intent: Intent | None = None
    file: str | None = None
    job: str | None = None
    job_status: str | None = None
    extra_jobs: frozenset[str] = field(default_factory=frozenset)
    compiled_model: str | None = None
    passed: int = 0
    asked: int = 0
    answered: frozenset[str] = field(default_factory=frozenset)
    version: int | None = None
    accepted: bool = False
    cancelling: bool = False
    deleting: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing can come after it but the deletion of what it built."""
        return self.status in TERMINAL

    @property
    def can_answer(self) -> bool:
        """Whether it is a version that its provider has, as far as is known, and keeps."""
        return self.status == "succeeded" and not self.deleting


def evolve(state: Compilation | None, event: Envelope) -> Compilation:
    """Fold one event in."""
    data = event.data
    if isinstance(data, CompileRequested):
        assert data.plan is not None, "CompileRequested is stored with its plan"
        status: Status = "queued" if data.queued else "packaging"
        return Compilation(event.subject or event.id, 1, data.model, data.plan, event.time, status, data.forced)
    assert state is not None, f"{event.type} before CompileRequested"
    return _next(replace(state, revision=state.revision + 1), event)


def _next(state: Compilation, event: Envelope) -> Compilation:  # noqa: C901 - one line per fact
    match data := event.data:
        case CompilationDequeued():
            return replace(state, status="packaging", since=event.time)
        case CancelRequested():
            return replace(state, cancelling=True)
        case TrainingSetPackaged():
            after: Status = "uploading" if state.plan.target == "fine_tune" else "evaluating"
            return replace(state, status=after, position=data.position, sha256=data.sha256)
        case FileUploadIntended() | JobCreationIntended():
            step: Status = "uploading" if isinstance(data, FileUploadIntended) else "training"
            return replace(state, status=step, intent=Intent(event.type, data.runner, data.deadline))
        case FileUploaded():
            return replace(state, status="training", file=data.file, intent=None)
        case JobCreated():
            return replace(state, job=data.job, intent=None)
        case JobObserved():
            return replace(state, job_status=data.status)
        case ExtraJobCancelled():
            return replace(state, extra_jobs=state.extra_jobs | {data.job})
        case EvaluationStarted():
            return replace(state, status="evaluating", compiled_model=data.compiled_model)
        case VersionEvaluated():
            return _evaluated(state, data)
        case CompilationSucceeded():
            return replace(
                state, status="succeeded", compiled_model=data.compiled_model, version=data.version,
                accepted=bool(data.accepted), passed=data.passed, asked=data.asked,
            )  # fmt: skip
        case CompilationUnchanged():
            return replace(state, status="unchanged")
        case CompilationFailed():
            return replace(state, status="failed")
        case CompilationCancelled():
            return replace(state, status="cancelled")
        case DeletionRequested() | DeletionFailed():
            return replace(state, deleting=isinstance(data, DeletionRequested))
        case CompiledModelDeleted():
            return replace(state, status="deleted", deleting=False)
        case _:
            return state


def _evaluated(state: Compilation, data: VersionEvaluated) -> Compilation:
    return replace(
        state,
        asked=state.asked + len(data.results),
        passed=state.passed + sum(result.passed for result in data.results),
        answered=state.answered | {result.qa for result in data.results},
    )
