"""What a compilation needs next, decided from what is recorded of it alone. Pure."""

from dataclasses import dataclass
from typing import Literal

from contracts.facts.compilation import TERMINAL
from contracts.queries import CompilationRow, Intent

Action = Literal[
    "package", "compare", "find_file", "create_job", "find_job", "observe", "evaluate", "cancel", "delete",
]  # fmt: skip


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


def next_step(row: CompilationRow, *, now: int, grace: int, runner: str, alone: bool) -> Step:
    """The next step. `now` and `grace` in microseconds; `grace` is how long a call may take that began in time.

    `runner`: who asks. It makes one call after the other, so one that it announced has ended; of another's nobody knows.
    `alone`: no other compiler can be running, so an announced call without a result was broken off.
    """
    if row.deletion_requested:
        return Do("delete")
    if row.status in TERMINAL:
        return Nothing()
    if row.intent is not None and not (alone or _has_ended(row.intent, now, grace, runner)):
        return Wait(row.intent.deadline + grace)
    if row.cancel_requested:
        return Do("cancel")
    match row.status:
        case "queued":
            return Nothing()
        case "packaging":
            return Do("package")
        case "uploading":
            return Do("find_file" if row.intent else "compare")
        case "training" if row.job is None:
            return Do("find_job" if row.intent else "create_job")
        case "training":
            return Do("observe")
        case _:
            return Do("evaluate" if row.compiled_model is not None else "compare")


def _has_ended(intent: Intent, now: int, grace: int, runner: str) -> bool:
    # Another who announced the call may still be making it: look only when it can no longer begin, and must have ended.
    return intent.runner == runner or now > intent.deadline + grace
