"""What a compilation needs next, decided from what is recorded of it alone."""

from typing import Any

import pytest

from contracts.facts.compilation import Plan
from contracts.facts.model import LineageRule
from contracts.queries import CompilationRow, Intent
from services.compiler.saga import Do, Nothing, Step, Wait, next_step

PLAN = Plan(
    provider="p", provider_kind="embedded", base_url=None, base_model="b", target="fine_tune", secret=None,
    lineage=LineageRule(),
)  # fmt: skip
GROUNDED = PLAN.model_copy(update={"target": "grounded"})
UPLOADING = Intent(fact="FileUploadIntended", runner="other", deadline=100)
CREATING = Intent(fact="JobCreationIntended", runner="other", deadline=100)
OWN = Intent(fact="JobCreationIntended", runner="me", deadline=100)


def row(status: str, plan: Plan = PLAN, **more: Any) -> CompilationRow:
    empty = dict.fromkeys(name for name, field in CompilationRow.model_fields.items() if field.is_required())
    given = {"id": "c", "model": "m", "status": status, "revision": 1, "requested_by": "person:owner", "requested_at": "",
             "position": 1, "forced": False, "plan": plan, "cancel_requested": False, "results": [], "log": []}  # fmt: skip
    return CompilationRow(**(empty | {"occasion": "asked"} | given | more))


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (row("queued"), Nothing()),
        (row("packaging"), Do("package")),
        (row("uploading"), Do("compare")),
        (row("uploading", intent=UPLOADING), Wait(150)),
        (row("training", file="f"), Do("create_job")),
        (row("training", file="f", intent=CREATING), Wait(150)),
        (row("training", file="f", job="j"), Do("observe")),
        (row("evaluating", compiled_model="ft"), Do("evaluate")),
        (row("evaluating", plan=GROUNDED), Do("compare")),
        (row("packaging", cancel_requested=True), Do("cancel")),
        (row("succeeded", compiled_model="ft", deletion_requested=True), Do("delete")),
        (row("training", job="j", cancel_requested=True), Do("cancel")),
        (row("training", intent=CREATING, cancel_requested=True), Wait(150)),
        (row("training", intent=OWN, cancel_requested=True), Do("cancel")),
        (row("training", intent=OWN), Do("find_job")),
        (row("succeeded"), Nothing()),
        (row("failed", cancel_requested=True), Nothing()),
        (row("unchanged"), Nothing()),
        (row("cancelled"), Nothing()),
        (row("deleted"), Nothing()),
    ],
)
def test_the_next_step_follows_from_what_is_recorded(recorded: CompilationRow, expected: Step) -> None:
    assert next_step(recorded, now=90, grace=50, runner="me", alone=False, inherited=0) == expected


@pytest.mark.parametrize(
    ("recorded", "action"),
    [(row("uploading", intent=UPLOADING), "find_file"), (row("training", intent=CREATING), "find_job")],
)
def test_an_announced_call_is_looked_into_when_it_can_no_longer_be_going_on(
    recorded: CompilationRow, action: Any
) -> None:
    assert next_step(recorded, now=151, grace=50, runner="me", alone=False, inherited=0) == Do(action)
    assert next_step(recorded, now=150, grace=50, runner="me", alone=False, inherited=0) == Wait(150)
    assert next_step(recorded, now=90, grace=50, runner="me", alone=True, inherited=0) == Do(action)


ELSEWHERE = PLAN.model_copy(update={"provider_kind": "openai", "secret": "s"})


@pytest.mark.parametrize(
    ("recorded", "now", "action"),
    [
        (row("training", ELSEWHERE, intent=OWN), 150, "adopt_job"),
        (row("training", ELSEWHERE, intent=OWN, cancel_requested=True), 150, "adopt_job"),
        (row("training", ELSEWHERE, intent=OWN), 151, "find_job"),
        (row("training", ELSEWHERE, intent=OWN, cancel_requested=True), 151, "cancel"),
        (row("training", PLAN, intent=OWN), 90, "find_job"),
        (row("uploading", ELSEWHERE, intent=UPLOADING), 90, "find_file"),
    ],
)
def test_no_second_job_is_created_while_a_provider_may_yet_create_the_first(
    recorded: CompilationRow, now: int, action: Any
) -> None:
    assert next_step(recorded, now=now, grace=50, runner="me", alone=True, inherited=101) == Do(action)


def test_what_this_process_announced_itself_is_over() -> None:
    recorded = row("training", ELSEWHERE, intent=OWN)

    assert next_step(recorded, now=90, grace=50, runner="me", alone=True, inherited=100) == Do("find_job")
