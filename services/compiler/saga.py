"""What a compilation needs next, decided from what is recorded of it alone. Pure."""

from dataclasses import dataclass
from typing import Literal

from contracts.facts.compilation import TERMINAL
from contracts.queries import CompilationRow, Intent

Action = Literal[
    "package", "compare", "find_file", "create_job", "adopt_job", "find_job", "observe", "evaluate", "cancel", "delete",
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


def next_step(row: CompilationRow, *, now: int, grace: int, runner: str, alone: bool, inherited: int) -> Step:
    """The next step. `now` and `grace` in microseconds; `grace` is how long a call may take that began in time.

    `runner`: who asks. It makes one call after the other, so one that it announced has ended; of another's nobody knows.
    `alone`: no other compiler can be running, so an announced call without a result was broken off.
    `inherited`: what was announced with an earlier deadline than this was announced by a process that is gone.
    """
    if row.deletion_requested:
        return Do("delete")
    if row.status in TERMINAL:
        return Nothing()
    # Until then a call may be going on: look only when it can no longer begin, and must have ended.
    if row.intent is not None and now <= row.intent.deadline + grace:
        if not alone and row.intent.runner != runner:
            return Wait(row.intent.deadline + grace)
        if row.intent.deadline < inherited and _may_make_a_job(row, row.intent):
            return Do("adopt_job")
    return Do("cancel") if row.cancel_requested else _after_what_is_recorded(row)


def _after_what_is_recorded(row: CompilationRow) -> Step:
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


def _may_make_a_job(row: CompilationRow, intent: Intent) -> bool:
    # The process that called is gone, but its call may have reached the provider, which may carry it out yet. The provider
    # that comes with the installation has ended with the process.
    comes_with_us = row.plan.provider_kind == "embedded" and row.plan.base_url is None
    return intent.fact == "JobCreationIntended" and not comes_with_us
