"""What the rules say about compilations: their order, their end, and what a success changes."""

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


def failed(id: str = "c") -> Envelope:
    return fact("CompilationFailed", id, by=COMPILER, error={"code": "job_failed", "message": "It failed."})


def test_a_success_makes_a_version_which_becomes_active_in_the_same_append() -> None:
    given = Given(PROVIDER, SALES, *compiling())

    done, changed = given.when(succeeded())

    assert (done.data.version, done.data.accepted) == (1, True)  # type: ignore[attr-defined]
    assert changed.data.new.compiled_model == "ft"  # type: ignore[attr-defined]
    assert (changed.kind, changed.subject, changed.channel) == ("model", "sales", "shared.model.sales")


def test_a_failure_changes_nothing_and_the_next_may_start() -> None:
    given = Given(PROVIDER, SALES, *compiling("c1"), succeeded("c1"), *compiling("c2"))

    assert given.then(failed("c2")) == ["CompilationFailed"]
    assert given.world.model("sales").active == 1  # type: ignore[union-attr]
    assert given.then(fact("CompileRequested", "c3", model="sales")) == ["CompileRequested"]


def test_one_at_a_time_per_model() -> None:
    given = Given(PROVIDER, SALES, fact("CompileRequested", "c1", model="sales"))

    assert refused(given, fact("CompileRequested", "c2", model="sales")) == "compilation_running"


def test_a_queued_one_has_its_turn_when_the_running_one_ends() -> None:
    given = Given(
        PROVIDER, SALES, fact("CompileRequested", "c1", model="sales"),
        fact("CompileRequested", "c2", model="sales", queue=True),
        fact("CompileRequested", "c3", model="sales", queue=True),
    )  # fmt: skip

    events = given.when(failed("c1"))

    assert [(type(one.data).__name__, one.subject) for one in events] == [
        ("CompilationFailed", "c1"),
        ("CompilationDequeued", "c2"),
    ]
    assert given.world.rows["running", "sales"] == "c2"
    assert given.world.rows["queued", "sales"] == "c3"


def test_a_version_that_is_not_accepted_waits() -> None:
    given = Given(PROVIDER, SALES, fact("ModelRevised", "sales", acceptance=0.9), *compiling())
    result = {"qa": "q", "passed": False, "score": 0.1}
    given.when(fact("VersionEvaluated", "c", by=COMPILER, results=[result]))

    [done] = given.when(succeeded(asked=1, passed=0))

    assert done.data.accepted is False  # type: ignore[attr-defined]
    assert refused(given, fact("VersionChosen", "sales", version=1)) == "not_accepted"
    given.when(fact("ModelRevised", "sales", acceptance=None))
    assert given.then(fact("VersionChosen", "sales", version=1)) == ["VersionChosen", "ActiveVersionChanged"]


def test_a_version_that_was_accepted_may_answer_again_after_the_demand_rose() -> None:
    given = Given(PROVIDER, SALES, *compiling("c1"), succeeded("c1"), *compiling("c2"), succeeded("c2"))
    given.when(fact("ModelRevised", "sales", acceptance=0.9))

    assert given.then(fact("VersionChosen", "sales", version=1)) == ["VersionChosen", "ActiveVersionChanged"]


def test_only_the_model_that_was_tried_becomes_a_version() -> None:
    assert refused(Given(PROVIDER, SALES, *compiling()), succeeded(compiled_model="another")) == "malformed"


def test_unchanged_names_a_success_of_the_same_model_and_file() -> None:
    support = fact("ModelDefined", "support", name="Support", provider="p")
    given = Given(PROVIDER, SALES, support, *compiling("c1"), succeeded("c1"))
    for step in (*compiling("c2", "support")[:2], *compiling("c3")[:2]):
        given.when(step)

    assert refused(given, fact("CompilationUnchanged", "c2", by=COMPILER, same_as="c1")) == "malformed"
    assert refused(given, fact("CompilationUnchanged", "c3", by=COMPILER, same_as="c3")) == "malformed"
    assert given.then(fact("CompilationUnchanged", "c3", by=COMPILER, same_as="c1")) == ["CompilationUnchanged"]


def test_without_automatic_activation_a_person_activates() -> None:
    given = Given(PROVIDER, SALES, fact("ModelRevised", "sales", activate_automatically=False), *compiling())

    assert given.then(succeeded()) == ["CompilationSucceeded"]
    assert given.then(fact("VersionChosen", "sales", version=1)) == ["VersionChosen", "ActiveVersionChanged"]


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


def test_cancelling_ends_it_and_a_second_request_is_refused() -> None:
    given = Given(PROVIDER, SALES, *compiling()[:3], fact("CancelRequested", "c"))

    assert refused(given, fact("CancelRequested", "c")) == "nothing_changes"
    assert given.then(fact("CompilationCancelled", "c", by=COMPILER)) == ["CompilationCancelled"]
    assert refused(given, fact("CancelRequested", "c")) == "compilation_over"


def test_when_the_active_model_is_deleted_at_the_provider_nothing_answers() -> None:
    given = Given(PROVIDER, SALES, *compiling(), succeeded())

    assert given.then(fact("CompiledModelDeleted", "c", by=COMPILER)) == [
        "CompiledModelDeleted",
        "ActiveVersionChanged",
    ]
    assert refused(given, fact("VersionChosen", "sales", version=1)) == "version_gone"


def test_when_an_older_one_is_deleted_there_the_active_version_goes_on_answering() -> None:
    given = Given(PROVIDER, SALES, *compiling("c1"), succeeded("c1"), *compiling("c2"), succeeded("c2"))

    assert given.then(fact("CompiledModelDeleted", "c1", by=COMPILER)) == ["CompiledModelDeleted"]
    assert given.world.model("sales").active == 2  # type: ignore[union-attr]


def test_a_model_without_a_provider_is_not_compiled() -> None:
    assert refused(Given(fact("ModelDefined", "m", name="M")), fact("CompileRequested", model="m")) == "no_provider"
