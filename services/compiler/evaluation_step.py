"""Evaluation: the new version is asked its validation questions, and the compilation succeeds."""

import asyncio
from typing import Final

from contracts.facts.compilation import CompilationSucceeded, EvaluationStarted, ValidationResult, VersionEvaluated
from contracts.queries import (
    CompilationRow,
    LessonRow,
    Lessons,
    LessonsWanted,
    ModelRow,
    ModelWanted,
    Nearest,
    NearestWanted,
    Nothing,
    Providers,
)
from services.compiler.context import Context
from services.compiler.job_step import answers
from services.providers.grounding import grounded, with_system
from services.providers.port import Message, Provider
from services.similarity.index import score

PASSES: Final = 0.6
"""An answer that is so alike to the expected one passes."""
AT_ONCE: Final = 4
PART: Final = 25


async def try_base_model_step(context: Context, row: CompilationRow) -> None:
    """A grounded version runs on the base model itself: it only has to answer."""
    await answers(context.provider(row), row.plan.base_model)
    await context.report(row, EvaluationStarted(compiled_model=row.plan.base_model))


async def evaluate_step(context: Context, row: CompilationRow) -> None:
    """Ask what wasn't asked yet, a part at a time; then record the success. Raises `ProviderProblem`."""
    asked = {result.qa for result in row.results}
    left = [one for one in await _questions(context, row.model, row.position) if one.id not in asked]
    if not left:
        await _succeed(context, row)
        return
    model: ModelRow = await context.ask("model", ModelWanted(model=row.model), at=row.position)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(question: LessonRow) -> ValidationResult:
        async with gate:
            return await _ask(context, row, model, question)

    results = await asyncio.gather(*(one(question) for question in left[:PART]))
    await context.report(row, VersionEvaluated(results=tuple(results)))


async def asks_otherwise(context: Context, last: CompilationRow, position: int) -> bool:
    """Whether a version that wasn't accepted would be asked other validation questions now, and might be."""
    if last.accepted is not False:
        return False
    then, now = [await _questions(context, last.model, one) for one in (last.position, position)]
    return [(one.id, one.question, one.answer) for one in then] != [(one.id, one.question, one.answer) for one in now]


async def _questions(context: Context, model: str, position: int) -> list[LessonRow]:
    found: list[LessonRow] = []
    after: str | None = ""
    while after is not None:
        wanted = LessonsWanted(model=model, kind="qa", purpose="validation", after=after, limit=500)
        page: Lessons = await context.ask("lessons", wanted, at=position)
        found += [one for one in page.lessons if one.active and one.question and one.answer]
        after = page.next
    return found


async def _ask(context: Context, row: CompilationRow, model: ModelRow, question: LessonRow) -> ValidationResult:
    provider: Provider = context.provider(row)
    messages = await _prompt(context, row, model, question.question or "")
    answer = await provider.complete(messages, row.compiled_model or "")
    alike = score(answer.text, question.answer or "")
    return ValidationResult(qa=question.id, passed=alike >= PASSES, score=alike, answer=answer.text[:20_000] or None)


async def _prompt(context: Context, row: CompilationRow, model: ModelRow, question: str) -> list[Message]:
    system = model.system_message
    if row.plan.target == "grounded":
        near: Nearest = await context.ask("nearest", NearestWanted(model=row.model, question=question), at=row.position)
        system = grounded(system, near.lessons)
    return with_system(system, [{"role": "user", "content": question}])


async def _succeed(context: Context, row: CompilationRow) -> None:
    cost, currency = await _cost(context, row)
    done = CompilationSucceeded(
        compiled_model=row.compiled_model or "",
        trained_tokens=row.trained_tokens,
        cost=cost,
        currency=currency,
        passed=sum(result.passed for result in row.results),
        asked=len(row.results),
    )
    await context.report(row, done)


async def _cost(context: Context, row: CompilationRow) -> tuple[float | None, str | None]:
    found: Providers = await context.ask("providers", Nothing())
    prices = next((one.prices for one in found.providers if one.id == row.plan.provider), None)
    if prices is None or prices.training is None or row.trained_tokens is None:
        return None, None
    return round(prices.training * row.trained_tokens / 1_000_000, 6), prices.currency
