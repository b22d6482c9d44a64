"""What the rules say about deleting a version at its provider: whoever answers stays, and what is being deleted never answers."""

from contracts.envelope import Envelope
from tests.commands.rules.given import PROVIDER, SALES, Given, compiling, fact, succeeded
from tests.commands.rules.test_compilations import COMPILER, refused

REQUESTED = fact("DeletionRequested", "c1")
DELETED = fact("CompiledModelDeleted", "c1", by=COMPILER)
NOT_DELETED = fact("DeletionFailed", "c1", by=COMPILER, error={"code": "no_access", "message": "It may not."})


def two_versions(*more: Envelope) -> Given:
    """Versions 1 and 2 of Sales, of which the second answers."""
    return Given(PROVIDER, SALES, *compiling("c1"), succeeded("c1"), *compiling("c2"), succeeded("c2"), *more)


def test_a_version_that_does_not_answer_is_deleted_on_request() -> None:
    given = two_versions()

    assert given.then(REQUESTED) == ["DeletionRequested"]
    assert given.then(DELETED) == ["CompiledModelDeleted"]
    assert given.world.model("sales").active == 2  # type: ignore[union-attr]
    assert refused(given, REQUESTED) == "wrong_step"


def test_the_version_that_answers_is_not_deleted() -> None:
    assert refused(two_versions(), fact("DeletionRequested", "c2")) == "version_active"


def test_a_grounded_version_has_nothing_to_delete() -> None:
    grounded = fact("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b", target="grounded")
    tried = fact("EvaluationStarted", "c1", by=COMPILER, compiled_model="b")
    built = fact("CompilationSucceeded", "c1", by=COMPILER, compiled_model="b")
    manual = fact("ModelRevised", "sales", activate_automatically=False)
    given = Given(grounded, SALES, manual, *compiling("c1")[:2], tried, built)

    assert refused(given, REQUESTED) == "nothing_there"


def test_what_did_not_become_a_version_has_nothing_to_delete() -> None:
    given = Given(PROVIDER, SALES, *compiling("c1"))

    assert refused(given, REQUESTED) == "wrong_step"


def test_what_is_being_deleted_is_not_asked_for_twice_and_answers_no_more() -> None:
    given = two_versions(REQUESTED)

    assert refused(given, REQUESTED) == "nothing_changes"
    assert refused(given, fact("VersionChosen", "sales", version=1)) == "version_gone"


def test_after_a_deletion_that_failed_the_version_may_answer_or_be_deleted_again() -> None:
    given = two_versions(REQUESTED, NOT_DELETED)

    assert refused(given, NOT_DELETED) == "not_requested"
    assert given.then(fact("VersionChosen", "sales", version=1)) == ["VersionChosen", "ActiveVersionChanged"]
    assert given.then(fact("VersionChosen", "sales", version=2)) == ["VersionChosen", "ActiveVersionChanged"]
    assert given.then(REQUESTED) == ["DeletionRequested"]


def test_a_model_that_is_restored_does_not_answer_with_what_is_being_deleted() -> None:
    given = two_versions(fact("ModelArchived", "sales"), fact("DeletionRequested", "c2"))

    assert given.then(fact("ModelRestored", "sales")) == ["ModelRestored"]
