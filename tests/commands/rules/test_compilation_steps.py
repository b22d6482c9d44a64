"""What the rules say about the steps of a compilation: each in its order, none by two at once."""

from datetime import timedelta

import pytest

from contracts.envelope import Envelope
from services.refusals import Refused
from tests.commands.rules.given import NOON, PROVIDER, SALES, Given, compiling, fact, succeeded

COMPILER = "service:compiler"


def refused(given: Given, when: Envelope) -> str:
    with pytest.raises(Refused) as refusal:
        given.when(when)
    return refusal.value.code


@pytest.mark.parametrize(
    ("upto", "when", "code"),
    [
        (0, fact("FileUploaded", "c", by=COMPILER, file="f"), "unknown_compilation"),
        (1, fact("FileUploaded", "c", by=COMPILER, file="f"), "not_announced"),
        (2, fact("JobCreated", "c", by=COMPILER, job="j"), "not_announced"),
        (4, fact("JobObserved", "c", by=COMPILER, status="running"), "wrong_step"),
        (6, fact("JobCreated", "c", by=COMPILER, job="k"), "job_exists"),
        (6, succeeded(), "wrong_step"),
        (7, succeeded(asked=1), "malformed"),
        (7, fact("CompilationCancelled", "c", by=COMPILER), "not_requested"),
        (1, fact("CompilationUnchanged", "c", by=COMPILER, same_as="x"), "wrong_step"),
    ],
)
def test_a_step_out_of_its_order_is_refused(upto: int, when: Envelope, code: str) -> None:
    assert refused(Given(PROVIDER, SALES, *compiling()[:upto]), when) == code


def test_a_runner_waits_for_the_deadline_of_another() -> None:
    soon = NOON + timedelta(seconds=30)
    intent = {"deadline": int(soon.timestamp() * 1_000_000)}
    given = Given(
        PROVIDER, SALES, *compiling()[:4], fact("JobCreationIntended", "c", by=COMPILER, runner="a", **intent)
    )

    early = fact("JobCreationIntended", "c", by=COMPILER, runner="b", **intent)
    late = fact("JobCreationIntended", "c", by=COMPILER, runner="b", at=soon + timedelta(seconds=1), **intent)

    assert refused(given, early) == "intent_running"
    assert given.then(late) == ["JobCreationIntended"]


def test_unchanged_names_a_success_of_the_same_model_and_file() -> None:
    support = fact("ModelDefined", "support", name="Support", provider="p")
    given = Given(PROVIDER, SALES, support, *compiling("c1"), succeeded("c1"))
    for step in (*compiling("c2", "support")[:2], *compiling("c3")[:2]):
        given.when(step)

    assert refused(given, fact("CompilationUnchanged", "c2", by=COMPILER, same_as="c1")) == "malformed"
    assert refused(given, fact("CompilationUnchanged", "c3", by=COMPILER, same_as="c3")) == "malformed"
    assert given.then(fact("CompilationUnchanged", "c3", by=COMPILER, same_as="c1")) == ["CompilationUnchanged"]
