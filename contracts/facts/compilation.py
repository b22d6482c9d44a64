"""Compilations: attempts to build a training set at a provider. The compiler reports each intent before it acts."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.facts.fact import COMPILER, DERIVED, PERSON, Counter, Digest, Fact, Micros, Money, Ordinal, Part, derived
from contracts.facts.model import LineageRule
from contracts.facts.provider import Limits, ProviderKind, Target
from contracts.identifiers import Id
from contracts.text import Line, Notes, RawError, SealedFor, Text

Runner = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,100}$", description="Which compiler process acts.")]
ProviderId = Annotated[str, Field(min_length=1, max_length=300, description="An id that the provider gave.")]
Status = Literal[
    "queued", "packaging", "uploading", "training", "evaluating",
    "succeeded", "unchanged", "failed", "cancelled", "deleted",
]  # fmt: skip
TERMINAL: frozenset[Status] = frozenset({"succeeded", "unchanged", "failed", "cancelled", "deleted"})


Occasion = Literal["asked", "nightly", "waiting", "recompilation"]


class Plan(Part):
    """What a compilation builds with, as it was when it was requested."""

    provider: Id
    provider_kind: ProviderKind
    base_url: str | None
    base_model: str
    target: Target
    secret: str | None
    limits: Limits = Limits()
    lineage: LineageRule


class Problem(Part):
    """Why it failed: one human sentence, what to do about it, and what the provider answered."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
    message: Line
    fix: Annotated[Notes, SealedFor("record")] = ""
    raw: Annotated[RawError, SealedFor("record")] = ""
    lesson: Id | None = Field(default=None, description="The lesson at fault, when one is.")


class CompileRequested(Fact):
    """The model is to be compiled from its training set at this fact's own position."""

    kind = "compilation"
    reporters = frozenset({"person", "module", "compiler"})
    begins = True

    model: Id
    forced: bool = Field(default=False, description="Compile although nothing changed or the base model retires soon.")
    queue: bool = Field(default=False, description="Wait for a running compilation instead of being refused.")
    occasion: Occasion = Field(default="asked", description="Why: somebody asked, or a model compiles by itself.")
    plan: Plan | None = derived(None, "What it builds with.")
    queued: bool = derived(False, "Another compilation of the model was running.")


class CompilationDequeued(Fact):
    """A queued compilation's turn has come."""

    kind = "compilation"
    reporters = DERIVED

    model: Id


class CancelRequested(Fact):
    """A person wants it stopped; the compiler stops it at the next step."""

    kind = "compilation"
    reporters = PERSON

    model: Id | None = derived(None, "The compiled model.")


class TrainingSetPackaged(Fact):
    """The training file was written and hashed."""

    kind = "compilation"
    reporters = COMPILER

    position: Counter = Field(description="The pinned position.")
    packaging: Ordinal
    sha256: Digest
    examples: Counter
    lessons: Counter
    bytes: Counter
    conflicts: Counter = 0
    duplicates: Counter = 0
    erased: Counter = 0
    added: Counter | None = Field(default=None, description="Lessons that the active version doesn't have.")
    removed: Counter | None = Field(default=None, description="Lessons that only the active version has.")
    changed: Counter | None = Field(default=None, description="Lessons whose text differs from the active version's.")
    model: Id | None = derived(None, "The compiled model.")


class FileUploadIntended(Fact):
    """This runner is about to upload the file, and won't begin after the deadline."""

    kind = "compilation"
    reporters = COMPILER

    runner: Runner
    deadline: Micros
    upload_sha256: Digest = Field(description="Of the bytes as this provider gets them.")
    bytes: Counter
    model: Id | None = derived(None, "The compiled model.")


class FileUploaded(Fact):
    """The provider holds the file."""

    kind = "compilation"
    reporters = COMPILER

    file: ProviderId
    adopted: bool = False
    model: Id | None = derived(None, "The compiled model.")


class JobCreationIntended(Fact):
    """This runner is about to create the job, and won't begin after the deadline."""

    kind = "compilation"
    reporters = COMPILER

    runner: Runner
    deadline: Micros
    model: Id | None = derived(None, "The compiled model.")


class JobCreated(Fact):
    """The provider runs this job for the compilation. `adopted`: an earlier runner had created it."""

    kind = "compilation"
    reporters = COMPILER

    job: ProviderId
    adopted: bool = False
    model: Id | None = derived(None, "The compiled model.")


class JobObserved(Fact):
    """The provider's job has a new status."""

    kind = "compilation"
    reporters = COMPILER

    status: Annotated[str, Field(min_length=1, max_length=64)]
    message: Annotated[Notes, SealedFor("record")] = ""
    trained_tokens: Counter | None = None
    model: Id | None = derived(None, "The compiled model.")


class ExtraJobCancelled(Fact):
    """A second job for the same compilation was found and cancelled."""

    kind = "compilation"
    reporters = COMPILER

    job: ProviderId
    model: Id | None = derived(None, "The compiled model.")


class EvaluationStarted(Fact):
    """The compiled model exists and answers; its validation questions are asked now."""

    kind = "compilation"
    reporters = COMPILER

    compiled_model: ProviderId
    trained_tokens: Counter | None = None
    model: Id | None = derived(None, "The compiled model.")


class ValidationResult(Part):
    """What the new version answered to one validation question."""

    qa: Id
    passed: bool
    score: Annotated[float, Field(ge=0, le=1)]
    answer: Annotated[Text | None, SealedFor("record")] = None


class VersionEvaluated(Fact):
    """Answers to validation questions; a large set comes in several of these."""

    kind = "compilation"
    reporters = COMPILER

    results: tuple[ValidationResult, ...] = Field(max_length=100)
    model: Id | None = derived(None, "The compiled model.")


class CompilationSucceeded(Fact):
    """A new version exists. Whether it becomes active is decided in the same append."""

    kind = "compilation"
    reporters = COMPILER

    compiled_model: ProviderId
    trained_tokens: Counter | None = None
    cost: Money | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    passed: Counter = Field(default=0, description="Validation questions that passed.")
    asked: Counter = Field(default=0, description="Validation questions that were asked.")
    model: Id | None = derived(None, "The compiled model.")
    version: int | None = derived(None, "The new version's number, counted per model from 1.")
    accepted: bool | None = derived(None, "Whether enough validation questions passed.")


class CompilationUnchanged(Fact):
    """File, target, provider and base model equal the last success's: nothing was built."""

    kind = "compilation"
    reporters = COMPILER

    same_as: Id = Field(description="The compilation it equals.")
    model: Id | None = derived(None, "The compiled model.")


class CompilationFailed(Fact):
    """It ended without a version; the active version stays."""

    kind = "compilation"
    reporters = COMPILER

    error: Problem
    model: Id | None = derived(None, "The compiled model.")


class CompilationCancelled(Fact):
    """It was stopped on request; the active version stays."""

    kind = "compilation"
    reporters = frozenset({"compiler"})

    model: Id | None = derived(None, "The compiled model.")


class DeletionRequested(Fact):
    """A person wants a version that doesn't answer deleted at its provider; the compiler does it. There is no way back."""

    kind = "compilation"
    reporters = PERSON

    model: Id | None = derived(None, "The compiled model.")


class DeletionFailed(Fact):
    """The provider didn't delete the version's model; it may be asked for again."""

    kind = "compilation"
    reporters = COMPILER

    error: Problem
    model: Id | None = derived(None, "The compiled model.")


class CompiledModelDeleted(Fact):
    """The version's model no longer exists at the provider."""

    kind = "compilation"
    reporters = frozenset({"person", "compiler"})

    model: Id | None = derived(None, "The compiled model.")
