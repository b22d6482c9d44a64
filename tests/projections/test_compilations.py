"""Compilations of all models, how long they take, and how one version answers beside the one before."""

from services.projections.durations import started_at, usual
from tests.projections.company import Company
from tests.projections.compiling import COMPILER, compiled, with_a_provider


async def two_models(company: Company) -> None:
    await with_a_provider(company)
    for name in ("sales", "support"):
        await company.report("ModelDefined", name, name=name.title(), provider="p")
        await company.qa(name, f"{name}-qa")


async def test_compilations_of_all_models_come_newest_first_by_pages(company: Company) -> None:
    await two_models(company)
    await compiled(company, "sales", "one")
    await compiled(company, "support", "two")
    await company.report("CompileRequested", "three", model="sales")
    await company.report("CompilationFailed", "three", by=COMPILER, error={"code": "down", "message": "Down."})

    first = await company.ask("compilations", limit=2)
    second = await company.ask("compilations", limit=2, before=first.next)

    assert [(one.id, one.model_name) for one in first.compilations] == [("three", "Sales"), ("two", "Support")]
    assert ([one.id for one in second.compilations], second.next) == (["one"], None)
    assert [one.id for one in (await company.ask("compilations", status="failed")).compilations] == ["three"]
    assert [one.id for one in (await company.ask("compilations", model="support")).compilations] == ["two"]


async def test_a_version_that_is_to_be_deleted_is_open_until_it_is_or_is_not(company: Company) -> None:
    await two_models(company)
    for id in ("one", "two"):
        await compiled(company, "sales", id)
    error = {"code": "no_access", "message": "It may not.", "fix": "Ask.", "raw": "403"}

    await company.report("DeletionRequested", "one")
    [due] = (await company.ask("open_compilations")).compilations
    await company.report("DeletionFailed", "one", by=COMPILER, error=error)
    refused = await company.ask("compilation", compilation="one")
    left = (await company.ask("open_compilations")).compilations
    await company.report("DeletionRequested", "one")
    await company.report("CompiledModelDeleted", "one", by=COMPILER)
    deleted = await company.ask("compilation", compilation="one")

    assert (due.id, due.status, due.deletion_requested) == ("one", "succeeded", True)
    assert (refused.deletion_requested, refused.deletion_problem.message) == (False, "It may not.")
    assert left == []
    assert (deleted.status, deleted.deletion_requested, deleted.deletion_problem) == ("deleted", False, None)
    assert (await company.ask("open_compilations")).compilations == []


async def test_a_running_compilation_says_how_long_it_usually_takes(company: Company) -> None:
    await two_models(company)
    await company.report("CompileRequested", "first", model="sales")
    assert (await company.ask("compilation", compilation="first")).usual is None
    await company.report("CompilationFailed", "first", by=COMPILER, error={"code": "down", "message": "Down."})
    await compiled(company, "sales", "ended")
    await company.report("CompileRequested", "own", model="sales", forced=True)
    await company.report("CompileRequested", "others", model="support")
    await company.report("CompileRequested", "behind", model="support", queue=True)

    rows = {one.id: one for one in (await company.ask("compilations")).compilations}

    assert {id: one.usual.of if one.usual else None for id, one in rows.items()} == {
        "behind": "provider", "others": "provider", "own": "model", "ended": None, "first": None,
    }  # fmt: skip
    assert rows["own"].usual.expected_at > rows["own"].started_at
    assert rows["own"].eta_seconds is not None
    assert (rows["behind"].started_at, rows["behind"].usual.expected_at, rows["behind"].eta_seconds) == (None,) * 3


async def test_the_next_one_is_judged_by_what_ended_at_the_provider_where_it_would_run(company: Company) -> None:
    async def usually(model: str) -> str | None:
        found = (await company.ask("last_success", model=model)).usual
        return found.of if found else None

    await two_models(company)
    assert await usually("sales") is None
    await compiled(company, "sales")
    assert (await usually("sales"), await usually("support")) == ("model", "provider")

    await company.report("ProviderRegistered", "slow", name="Slow", provider_kind="embedded", base_model="b")
    await company.report("ModelRevised", "sales", provider="slow")
    assert await usually("sales") is None

    await company.report("ModelRevised", "sales", provider=None)
    assert await usually("sales") is None


def test_the_usual_time_is_the_median_of_whole_runs_and_of_each_step() -> None:
    def ended(queued: int, packaged: int, whole: int) -> dict[str, object]:
        lines = [("CompileRequested", 0), ("CompilationDequeued", queued), ("TrainingSetPackaged", packaged),
                 ("EvaluationStarted", packaged + 10), ("CompilationSucceeded", whole)]  # fmt: skip
        log = [{"fact": fact, "time": f"2026-11-25T10:00:{second:02}+00:00"} for fact, second in lines]
        return {"status": "succeeded", "log": log, "ended_at": log[-1]["time"]}

    runs = [ended(1, 3, 21), ended(2, 4, 32), ended(5, 6, 55)]

    found = usual(runs, "model", "2026-11-25T11:00:00+00:00")

    assert found is not None
    assert (found.seconds, found.steps) == (30.0, {"packaging": 2.0, "training": 10.0, "evaluating": 18.0})
    assert (found.least, found.most) == (20.0, 50.0)
    assert found.expected_at == "2026-11-25T11:00:30+00:00"
    assert started_at(runs[1]) == "2026-11-25T10:00:02+00:00"
    assert usual([], "model", None) is None


async def test_a_version_is_told_beside_the_one_that_was_active_before(company: Company) -> None:
    await two_models(company)
    for name in ("a", "b", "c"):
        await company.qa("sales", name, purpose="validation")

    def results(**passed: bool) -> list[dict[str, object]]:
        return [{"qa": qa, "passed": one, "score": float(one), "answer": f"{qa} {one}"} for qa, one in passed.items()]

    await compiled(company, "sales", "one", results(a=True, b=False))
    await company.report("QARevised", "a", question="Later?")
    await compiled(company, "sales", "two", results(a=False, b=True, c=True))
    await company.report("QARevised", "a", question="Much later?")

    found = await company.ask("evaluation", compilation="two")
    first = await company.ask("evaluation", compilation="one")
    rest = await company.ask("evaluation", compilation="two", after=1, limit=1)

    assert (found.version, found.version_before, found.asked, found.passed, found.better, found.worse) == (
        2,
        1,
        3,
        2,
        1,
        1,
    )
    assert [(one.qa, one.change, one.answer, one.answer_before) for one in found.questions] == [
        ("a", "worse", "a False", "a True"), ("b", "better", "b True", "b False"), ("c", None, "c True", None),
    ]  # fmt: skip
    assert (found.questions[0].question, found.questions[0].expected) == ("Later?", "Yes.")
    assert (first.version_before, [one.change for one in first.questions]) == (None, [None, None])
    assert ([one.qa for one in rest.questions], rest.next, rest.better) == (["b"], 2, 1)
