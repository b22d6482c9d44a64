"""What a compilation needs next, decided from what is recorded of it alone. Pure."""

from dataclasses import dataclass
from typing import Literal

from contracts.facts.compilation import TERMINAL
from contracts.queries import CompilationRow, Intent

Action = Literal[
    "package",
    "compare",
    "upload",
    "find_file",
    "create_job",
    "find_job",
    "observe",
    "try_model",
    "evaluate",
    "cancel",
    "delete",
]


@dataclass(frozen=True, slots=True)
class Do:
    """This runner acts now."""

    action: Action


@dataclass(frozen=True, slots=True)
class Wait:
    """Another runner announced a call; this one looks again then. `until`: microseconds UTC."""

    until: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """It has ended, or its turn hasn't come."""


Step = Do | Wait | Nothing


def next_step(row: CompilationRow, *, now: int, grace: int, alone: bool) -> Step:
    """The next step. `now` and `grace` in microseconds; `grace` is how long a call may take that began in time.

    `alone`: no other compiler can be running, so an announced call without a result was broken off.
    """
    if row.deletion_requested:
        return Do("delete")
    if row.status in TERMINAL:
        return Nothing()
    if row.cancel_requested:
        return _after_intent(row.intent, "cancel", now, grace, alone)
    match row.status:
        case "queued":
            return Nothing()
        case "packaging":
            return Do("package")
        case "uploading":
            return _after_intent(row.intent, "find_file", now, grace, alone) if row.intent else Do("compare")
        case "training" if row.job is None:
            return _after_intent(row.intent, "find_job", now, grace, alone) if row.intent else Do("create_job")
        case "training":
            return Do("observe")
        case _:
            return _evaluating(row)


def _evaluating(row: CompilationRow) -> Step:
    if row.compiled_model is not None:
        return Do("evaluate")
    return Do("compare")


def _after_intent(intent: Intent | None, action: Action, now: int, grace: int, alone: bool) -> Step:
    # Whoever announced the call may still be making it: look only when it can no longer begin, and must have ended.
    if intent is None or alone or now > intent.deadline + grace:
        return Do(action)
    return Wait(intent.deadline + grace)
