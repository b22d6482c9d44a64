"""What the rules say about compilations: one at a time, their end, and what a success changes."""

import pytest

from contracts.envelope import Envelope
from services.refusals import Refused
from tests.commands.rules.given import PROVIDER, SALES, Given, compiling, fact, succeeded

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


def test_without_automatic_activation_a_person_activates() -> None:
    given = Given(PROVIDER, SALES, fact("ModelRevised", "sales", activate_automatically=False), *compiling())

    assert given.then(succeeded()) == ["CompilationSucceeded"]
    assert given.then(fact("VersionChosen", "sales", version=1)) == ["VersionChosen", "ActiveVersionChanged"]


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
