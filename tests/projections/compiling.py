"""What the compiler would report of a compilation that ends well."""

from typing import Any

from tests.projections.company import Company

COMPILER = "service:compiler"


async def with_a_provider(company: Company) -> None:
    """A provider `p` that models can name."""
    await company.report("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b")


async def compiled(company: Company, model: str, id: str = "c", results: list[dict[str, Any]] | None = None) -> None:
    """A new version, evaluated with these results."""
    asked = await company.report("CompileRequested", id, model=model, forced=True)
    await packaged_and_compiled(company, id, asked.position, results)


async def packaged_and_compiled(
    company: Company, id: str, position: int, results: list[dict[str, Any]] | None = None
) -> None:
    """A new version by a compilation whose turn has come; it was asked for at the position."""
    by = COMPILER
    await company.report("TrainingSetPackaged", id, by=by, position=position, packaging=1, sha256="a" * 64, examples=2,
                         lessons=2, bytes=9)  # fmt: skip
    await company.report("FileUploadIntended", id, by=by, runner="r", deadline=0, upload_sha256="a" * 64, bytes=9)
    await company.report("FileUploaded", id, by=by, file="f")
    await company.report("JobCreationIntended", id, by=by, runner="r", deadline=0)
    await company.report("JobCreated", id, by=by, job="j")
    await company.report("JobObserved", id, by=by, status="succeeded", trained_tokens=7)
    await company.report("EvaluationStarted", id, by=by, compiled_model="ft")
    if results:
        await company.report("VersionEvaluated", id, by=by, results=results)
    passed = sum(bool(one["passed"]) for one in results or ())
    await company.report(
        "CompilationSucceeded", id, by=by, compiled_model="ft", passed=passed, asked=len(results or ())
    )
