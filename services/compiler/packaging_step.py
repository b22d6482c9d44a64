"""The first steps: package the training set, and see whether anything changed since the last success."""

from contracts.facts.compilation import CompilationUnchanged, CompiledModelDeleted, TrainingSetPackaged
from contracts.queries import CompilationRow, Difference, DifferenceWanted, LastSuccessWanted, MaybeCompilation
from services.compiler.context import ACTOR, MODULE, Context
from services.compiler.evaluation_step import asks_otherwise
from services.packaging.checks import Bounds
from services.providers.capabilities import KINDS
from services.providers.port import ProviderProblem
from services.training_sets import Packaged, package_training_set


async def package_step(context: Context, row: CompilationRow) -> None:
    """Write the training file and its sidecar, check them, record the hash. Raises `ProviderProblem`."""
    packaged = await write_files(context, row)
    summary = packaged.summary
    _check(row, packaged)
    changes: Difference = await context.ask("difference", DifferenceWanted(model=row.model, limit=0), at=row.position)
    done = TrainingSetPackaged(
        position=summary.position,
        packaging=summary.packaging,
        sha256=summary.sha256,
        examples=summary.examples,
        lessons=summary.lessons,
        bytes=summary.bytes,
        conflicts=summary.conflicts,
        duplicates=summary.duplicates,
        erased=summary.erased,
        added=changes.added,
        removed=changes.removed,
        changed=changes.changed,
    )
    await context.report(row, done)


async def write_files(context: Context, row: CompilationRow) -> Packaged:
    """The training file and its sidecar in the compilation's folder."""
    folder = context.folder(row)
    return await package_training_set(
        context.bus,
        row.model,
        module=MODULE,
        actor=ACTOR,
        at=row.position,
        path=folder / "training.jsonl",
        sidecar=folder / "sidecar.jsonl",
        bounds=_bounds(row),
    )


async def compare_step(context: Context, row: CompilationRow) -> bool:
    """Whether the compilation ended as unchanged: file, target, provider and base model equal the last success's.

    One that wasn't accepted is built again when it is asked other validation questions: nothing else could accept it. So is
    one that is gone at its provider, which is recorded.
    """
    found: MaybeCompilation = await context.ask("last_success", LastSuccessWanted(model=row.model))
    last = found.compilation
    if row.forced or last is None or last.deletion_requested or _identity(last) != _identity(row):
        return False
    if await asks_otherwise(context, last, row.position):
        return False
    if await gone(context, last):
        await context.report(last, CompiledModelDeleted())
        return False
    await context.report(row, CompilationUnchanged(same_as=last.id))
    return True


async def gone(context: Context, last: CompilationRow) -> bool:
    """Whether the provider has a version's model no more, as far as it says so. Raises `ProviderProblem`."""
    lists = last.plan.target == "fine_tune" and last.plan.provider_kind in ("embedded", "openai")
    return lists and not await context.provider(last).has_model(last.compiled_model or "")


def _identity(row: CompilationRow) -> tuple[object, ...]:
    plan = row.plan
    return (row.packaging, row.sha256, plan.target, plan.provider, plan.base_model, plan.base_url)


def _bounds(row: CompilationRow) -> Bounds:
    limits = row.plan.limits
    return Bounds(
        minimum_examples=limits.minimum_examples or KINDS[row.plan.provider_kind].minimum_examples,
        maximum_examples=limits.maximum_examples,
        maximum_bytes=limits.maximum_file_bytes,
        maximum_example_tokens=limits.maximum_example_tokens,
    )


def _check(row: CompilationRow, packaged: Packaged) -> None:
    if packaged.faults:
        fault = packaged.faults[0]
        more = f" ({len(packaged.faults) - 1} more at fault)" if len(packaged.faults) > 1 else ""
        fix = f"Correct the lesson {fault.lesson} and compile again."
        sentence = f"{fault.message} It is the lesson {fault.lesson}{more}."
        raise ProviderProblem(fault.code, sentence, fix, lesson=fault.lesson)
    bounds, summary = _bounds(row), packaged.summary
    if row.plan.target == "fine_tune" and summary.examples < bounds.minimum_examples:
        raise ProviderProblem(
            "too_few_examples",
            f"The provider needs at least {bounds.minimum_examples:,} examples; the training set has {summary.examples:,}.",
            "Teach more, or choose a provider with the target `grounded`.",
        )
    if bounds.maximum_examples is not None and summary.examples > bounds.maximum_examples:
        raise ProviderProblem("too_many_examples", f"The training set has {summary.examples:,} examples; the provider takes "
                              f"{bounds.maximum_examples:,}.", "Deactivate lessons, or take in fewer from relatives.")  # fmt: skip
    if bounds.maximum_bytes is not None and summary.bytes > bounds.maximum_bytes:
        raise ProviderProblem("file_too_large", f"The training file has {summary.bytes:,} bytes; the provider takes "
                              f"{bounds.maximum_bytes:,}.", "Deactivate lessons, or take in fewer from relatives.")  # fmt: skip
