"""How a compilation is going, for its page: which steps are behind it, which one runs, how far it probably is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from contracts.queries import CompilationRow, EvaluatedQuestion, Evaluation, LogLine

Name = Literal["packaging", "uploading", "training", "evaluating", "active"]
State = Literal["did", "now", "broke", "ahead", "unreached"]
OPEN: Final = frozenset({"queued", "packaging", "uploading", "training", "evaluating"})
MOST_PERCENT: Final = 95
"""What is only guessed never looks finished."""
_ENDS: Final[Mapping[Name, str]] = {
    "packaging": "TrainingSetPackaged", "uploading": "FileUploaded", "training": "EvaluationStarted",
    "evaluating": "CompilationSucceeded",
}  # fmt: skip
_GROUNDED: Final[tuple[Name, ...]] = ("packaging", "evaluating")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the bar. `seconds` that it took; `percent` of the running one, from how long it usually takes."""

    name: Name
    state: State
    seconds: float | None = None
    percent: int | None = None


def steps(row: CompilationRow, active: int | None, now: datetime) -> list[Step]:
    """The steps of this target in order. `active`: the version of the model that answers now."""
    names = _GROUNDED if row.plan.target == "grounded" else tuple(_ENDS)
    times = {line.fact: line.time for line in row.log}
    found, begun, going = list[Step](), row.started_at, True
    for name in names:
        ended = times.get(_ENDS[name])
        if ended is not None:
            found.append(Step(name, "did", _between(begun, ended)))
            begun = ended
        elif not going or row.status == "queued":
            found.append(Step(name, "ahead" if row.status in OPEN else "unreached"))
        else:
            found.append(_latest(row, name, begun, now))
            going = False
    return [*found, Step("active", _activated(row, active))]


def _latest(row: CompilationRow, name: Name, begun: str | None, now: datetime) -> Step:
    if row.status in OPEN:
        return Step(name, "now", percent=_percent(row, name, begun, now))
    if row.status == "failed":
        return Step(name, "broke", _between(begun, row.ended_at))
    return Step(name, "unreached")


def _percent(row: CompilationRow, name: Name, begun: str | None, now: datetime) -> int | None:
    usual = row.usual.steps.get(name) if row.usual else None
    if not usual or begun is None:
        return None
    return min(MOST_PERCENT, int(100 * (now - datetime.fromisoformat(begun)).total_seconds() / usual))


def _activated(row: CompilationRow, active: int | None) -> State:
    if row.status in OPEN:
        return "ahead"
    return "did" if row.version is not None and row.version == active else "unreached"


def _between(begun: str | None, ended: str | None) -> float | None:
    if begun is None or ended is None:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def taken(row: CompilationRow) -> float | None:
    """Seconds from its start to its end."""
    return _between(row.started_at, row.ended_at)


def packaged(row: CompilationRow) -> LogLine | None:
    """The line that says what the training file is."""
    return next((line for line in row.log if line.fact == "TrainingSetPackaged"), None)


_ORDER: Final = {"worse": 0, "better": 1, None: 2}


def telling(evaluation: Evaluation) -> tuple[list[EvaluatedQuestion], list[EvaluatedQuestion]]:
    """The questions worth a look, worst first, and those that went as before: of these, failed ones are worth a look too."""
    same = [one for one in evaluation.questions if one.change == "same" and one.passed]
    rest = [one for one in evaluation.questions if one not in same]
    return sorted(rest, key=lambda one: (_ORDER.get(one.change, 3), one.passed)), same


Fix = Literal["provider", "lesson", "lessons", "again"]
_AT_PROVIDER: Final = frozenset({
    "address_needed", "address_wrong", "secret_missing", "secret_not_for_host", "secret_unusable", "provider_unauthorized",
    "provider_forbidden", "provider_unknown_model", "provider_quota", "provider_unreachable", "provider_garbled",
    "provider_unexpected", "provider_refused", "training_too_long",
})  # fmt: skip
_IN_LESSONS: Final = frozenset({"too_few_examples", "too_many_examples", "file_too_large"})


def deletable(row: CompilationRow, active: int | None) -> bool:
    """Whether there is a model at the provider that doesn't answer now and isn't being deleted."""
    built = row.status == "succeeded" and row.plan.target == "fine_tune"
    return built and row.version != active and not row.deletion_requested


def fix_of(row: CompilationRow) -> Fix:
    """Where the failure is mended."""
    if row.error is None:
        return "again"
    if row.error.lesson is not None:
        return "lesson"
    if row.error.code in _IN_LESSONS:
        return "lessons"
    return "provider" if row.error.code in _AT_PROVIDER else "again"
