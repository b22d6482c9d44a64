"""The fine-tuning job: created at most once, found again after a break, watched until it ends."""

import re
import time

from contracts.facts.compilation import (
    EvaluationStarted,
    ExtraJobCancelled,
    JobCreated,
    JobCreationIntended,
    JobObserved,
)
from contracts.queries import CompilationRow
from services.cancelling import unbroken
from services.compiler.context import INTENT_SECONDS, Context, metadata_of, now_micros
from services.providers.capabilities import ENDED
from services.providers.port import JobState, Provider, ProviderProblem
from services.providers.problems import failed_job
from services.refusals import Refused

STOP_SECONDS = 20.0
"""How long a compiler that is stopped waits for the job that it is creating; a service has 25 s to finish."""


async def create_job_step(context: Context, row: CompilationRow) -> None:
    """Announce, create, record. After an unclear answer the job is looked for, never created again.

    Who stops the compiler waits for what was begun: the provider would carry it out all the same.
    """
    provider = context.provider(row)
    deadline = time.monotonic() + INTENT_SECONDS
    intended = now_micros() + INTENT_SECONDS * 1_000_000
    await context.report(row, JobCreationIntended(runner=context.runner, deadline=intended))
    if time.monotonic() > deadline:
        return
    await unbroken(_create(context, row, provider), within=STOP_SECONDS)


async def _create(context: Context, row: CompilationRow, provider: Provider) -> None:
    adopted = False
    try:
        job = await provider.create_job(
            row.file or "", row.plan.base_model, suffix=_suffix(row, provider), metadata=_metadata(row)
        )
    except ProviderProblem as problem:
        job, adopted = await _made_all_the_same(provider, row, problem), True
    await _record(context, row, JobCreated(job=job.id, adopted=adopted))


async def _made_all_the_same(provider: Provider, row: CompilationRow, problem: ProviderProblem) -> JobState:
    """The job that a call made whose answer is unclear. Raises the problem when there is none."""
    if not problem.ambiguous:
        raise problem
    problem.passing = False  # nobody creates another: it may come later, and the provider bill twice
    try:
        found = await provider.jobs_of(metadata_of(row))
    except ProviderProblem:
        raise problem from None
    if not found:
        raise problem
    return found[0]


async def _record(context: Context, row: CompilationRow, created: JobCreated) -> None:
    # Somebody may have asked to cancel it while the job was created: the job has to be known all the more.
    try:
        await context.report(row, created, revision=row.revision + 1)
    except Refused as refused:
        now = await context.row(row.id)
        if refused.code != "conflict" or now.intent is None or now.intent.runner != context.runner:
            raise
        await context.report(now, created)


async def find_job_step(context: Context, row: CompilationRow) -> None:
    """Adopt the job that an earlier runner created; create one only when there is none."""
    if not await adopt_job_step(context, row):
        await create_job_step(context, row)


async def adopt_job_step(context: Context, row: CompilationRow) -> bool:
    """Adopt the first job that an earlier runner created and cancel others; whether there was one.

    The others first: what is broken off in the middle is looked for again as long as no job is recorded.
    """
    provider = context.provider(row)
    jobs = await provider.jobs_of(metadata_of(row))
    if not jobs:
        return False
    revision = row.revision
    for extra in jobs[1:]:
        await provider.cancel_job(extra.id)
        revision += await _cancelled(context, row, extra, revision)
    await context.report(row, JobCreated(job=jobs[0].id, adopted=True), revision=revision)
    return True


async def _cancelled(context: Context, row: CompilationRow, extra: JobState, revision: int) -> int:
    """Record it, unless it is recorded already; how many events that made."""
    try:
        await context.report(row, ExtraJobCancelled(job=extra.id), revision=revision)
    except Refused as refused:
        if refused.code != "nothing_changes":
            raise
        return 0
    return 1


async def observe_step(context: Context, row: CompilationRow) -> bool:
    """Look at the job and record a new status; whether something was recorded. Raises `ProviderProblem` when it failed."""
    provider = context.provider(row)
    job = await provider.job(row.job or "")
    if job.status != row.job_status:
        await context.report(row, JobObserved(status=job.status, trained_tokens=job.trained_tokens))
        return True
    if job.status not in ENDED:
        return False
    if job.status != "succeeded":
        raise failed_job(job.error or f"it was {job.status} there")
    await _try_model(context, row, provider, job)
    return True


async def _try_model(context: Context, row: CompilationRow, provider: Provider, job: JobState) -> None:
    if job.compiled_model is None:
        raise ProviderProblem("no_model", "The job succeeded, but the provider names no model.", "Compile again.")
    await answers(provider, job.compiled_model)
    started = EvaluationStarted(compiled_model=job.compiled_model, trained_tokens=job.trained_tokens)
    await context.report(row, started)


async def answers(provider: Provider, model: str) -> None:
    """The model answers something; also warms it. Raises `ProviderProblem`, passing while it is being deployed."""
    try:
        await provider.complete([{"role": "user", "content": "Hello"}], model)
    except ProviderProblem as problem:
        if problem.code != "provider_unknown_model":
            raise
        fix = (
            "Deploy the model at the provider, then compile again."
            if provider.capabilities.deploys
            else "Compile again, or ask the provider."
        )
        message = f"The provider built {model}, but doesn't let it answer."
        raise ProviderProblem("model_does_not_answer", message, fix, problem.raw, passing=True) from problem


def _suffix(row: CompilationRow, provider: Provider) -> str:
    text = re.sub(r"[^A-Za-z0-9-]+" if not provider.capabilities.suffix_dots else r"[^A-Za-z0-9.-]+", "-", row.model)
    return text.strip("-.")[:18] or "model"


def _metadata(row: CompilationRow) -> dict[str, str]:
    return metadata_of(row) | {"model": row.model, "training_set": row.sha256 or "", "position": str(row.position)}
