"""Queries about compilations, preflight and evaluation."""

from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.facts.compilation import Occasion, Plan, Problem, Status, ValidationResult
from contracts.facts.provider import Target
from contracts.identifiers import Id
from contracts.queries.findings import Difference
from contracts.queries.shape import Shape


class CompilationsWanted(Shape):
    """A page, newest first: of one model or of all."""

    model: str | None = None
    status: Status | None = None
    before: int | None = Field(default=None, description="The `next` of the page before.")
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class CompilationWanted(Shape):
    compilation: Id


class LogLine(Shape):
    """One step of a build, for the build log. `values`: the figures and names in `message`, for a sentence of one's own."""

    position: int
    time: str
    fact: str
    message: str
    values: dict[str, Any] = {}


class Intent(Shape):
    """The last announced call that has no result yet."""

    fact: str
    runner: str
    deadline: int


class CompilationRow(Shape):
    """All that is known of a compilation; the compiler goes on from this alone. `revision`: of its log stream."""

    id: Id
    model: Id
    status: Status
    revision: int
    requested_by: str
    requested_at: str
    occasion: Occasion
    ended_at: str | None
    position: int
    forced: bool
    plan: Plan
    cancel_requested: bool
    packaging: int | None
    sha256: str | None
    examples: int | None
    lessons: int | None
    conflicts: int | None
    duplicates: int | None
    added: int | None
    removed: int | None
    changed: int | None
    upload_sha256: str | None
    intent: Intent | None
    file: str | None
    job: str | None
    job_status: str | None
    compiled_model: str | None
    trained_tokens: int | None
    results: list[ValidationResult]
    passed: int | None
    asked: int | None
    accepted: bool | None
    version: int | None
    same_as: Id | None
    cost: float | None
    currency: str | None
    error: Problem | None
    log: list[LogLine]
    deletion_requested: bool = Field(default=False, description="The compiler is to delete its model at the provider.")
    deletion_problem: Problem | None = Field(
        default=None, description="Why its model wasn't deleted when that was asked."
    )
    model_name: str = ""
    started_at: str | None = Field(default=None, description="When it was no longer queued.")
    usual: "UsualTime | None" = Field(default=None, description="Of a running one; null where none has succeeded.")
    eta_seconds: float | None = Field(default=None, description="Until it usually ends, when the reply was made.")


class UsualTime(Shape):
    """Medians of the last 5 successes of the model at its provider, or else of its provider. `steps`: seconds by status."""

    seconds: float
    steps: dict[str, float]
    of: Literal["model", "provider"]
    expected_at: str | None = Field(description="When the running one usually ends.")
    least: float | None = Field(default=None, description="Seconds that the shortest of them took.")
    most: float | None = Field(default=None, description="Seconds that the longest of them took.")


class Compilations(Shape):
    compilations: list[CompilationRow]
    next: int | None = None


class EvaluationWanted(Shape):
    """How a version answered its validation questions. `after`: the `next` of the page before."""

    compilation: Id
    after: int = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class EvaluatedQuestion(Shape):
    """`before`: of the version that was active when the compilation was asked for, where it was asked the same QA.
    `question` and `expected` stand as they were then; null: the QA isn't there any more."""

    qa: Id
    question: str | None
    expected: str | None
    answer: str | None
    passed: bool
    score: float
    answer_before: str | None
    passed_before: bool | None
    score_before: float | None
    change: Literal["better", "worse", "same"] | None


class Evaluation(Shape):
    """The counts are of all questions. `version_before` null: no version was active."""

    compilation: Id
    model: Id
    version: int | None
    version_before: int | None
    asked: int
    passed: int
    better: int
    worse: int
    questions: list[EvaluatedQuestion]
    next: int | None


class LastSuccessWanted(Shape):
    """The compilation whose result a new one of the model is compared with, to end `unchanged`."""

    model: str


class MaybeCompilation(Shape):
    """`usual`: how long a compilation of the model takes at its present provider; null where none has succeeded there."""

    compilation: CompilationRow | None
    usual: UsualTime | None = None


class PreflightWanted(Shape):
    """What a compilation of the model would find, free of charge."""

    model: str


class Check(Shape):
    """One thing that was looked at. `error` keeps a compilation from succeeding, `warning` doesn't; `fix` says what to do.

    `values`: the figures and names in `message`, for a sentence of one's own.
    """

    check: str
    level: Literal["ok", "warning", "error"]
    message: str
    fix: str = ""
    lessons: list[Id] = []
    values: dict[str, Any] = {}


class Preflight(Shape):
    """`ready`: no check is an error. `price_low` and `price_high` in `currency`, null where no price is known.

    `usual`: how long it will probably take; null where no compilation has succeeded to judge by.
    """

    model: Id
    position: int
    ready: bool
    provider: Id | None
    base_model: str | None
    target: Target | None
    examples: int
    lessons: int
    bytes: int
    tokens_low: int
    tokens_high: int
    sha256: str | None
    price_low: float | None
    price_high: float | None
    currency: str | None
    conflicts: int
    duplicates: int
    personal_data: int
    validation: int
    checks: list[Check]
    difference: Difference
    usual: UsualTime | None = None
