"""What the steps of one compilation share: the bus, the provider, the folder, and how facts are reported."""

import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.facts import Fact
from contracts.facts.compilation import CompilationFailed, DeletionFailed, Problem
from contracts.queries import CompilationRow, CompilationWanted
from services.bus.client import Bus
from services.bus.reporting import new_fact
from services.providers.choosing import Providers
from services.providers.port import Provider, ProviderProblem
from services.settings import Settings
from services.training_sets import lesson_of_line

MODULE = "compiler"
ACTOR = "service:compiler"
INTENT_SECONDS = 30
_FACTS = uuid.UUID("0f5c6a52-1f52-5f0e-9f0e-0d3a4a6c1b77")


def now_micros() -> int:
    """Microseconds UTC."""
    return time.time_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Context:
    """One compiler process. `began`: when it did, in microseconds UTC."""

    bus: Bus
    settings: Settings
    providers: Providers
    runner: str
    began: int = field(default_factory=now_micros)

    async def row(self, id: str) -> CompilationRow:
        """All that is recorded of the compilation now."""
        found: CompilationRow = await self.ask("compilation", CompilationWanted(compilation=id))
        return found

    async def ask(self, name: str, data: Any, at: int | None = None) -> Any:
        """The answer to a query."""
        _, answer = await self.bus.query(name, data, module=MODULE, actor=ACTOR, at=at, timeout=60.0)
        return answer

    async def report(self, row: CompilationRow, fact: Fact, *, revision: int | None = None) -> None:
        """Report what was done, unless the compilation has moved on. Raises `Refused`: `conflict` and others."""
        expected = row.revision if revision is None else revision
        # The same step of the same revision is the same fact: a lost reply can't report it twice.
        id = str(uuid.uuid5(_FACTS, f"{row.id}#{expected}#{type(fact).__name__}#{self.runner}"))
        envelope = new_fact(fact, module=MODULE, actor=ACTOR, subject=row.id, id=id)
        await self.bus.report(envelope, expected_revision=expected)

    def provider(self, row: CompilationRow) -> Provider:
        """The plan's provider. Raises `ProviderProblem`."""
        return self.providers.get(row.plan)

    def folder(self, row: CompilationRow) -> Path:
        """Where this compilation's files lie, for its owner only."""
        folder = self.settings.home / "compiler" / row.id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    async def fail(self, row: CompilationRow, problem: ProviderProblem) -> None:
        """Record that it failed, or that its model wasn't deleted, with the lesson at fault when the provider named a line."""
        if row.deletion_requested:
            await self.report(row, DeletionFailed(error=problem_record(problem)))
            return
        sidecar = self.folder(row) / "sidecar.jsonl"
        lesson = problem.lesson
        if problem.line and sidecar.exists():
            lesson = lesson_of_line(sidecar, problem.line)
        await self.report(row, CompilationFailed(error=problem_record(problem, lesson)))


def problem_record(problem: ProviderProblem, lesson: str | None = None) -> Problem:
    """A problem as it is recorded."""
    named = lesson is None or lesson in problem.message
    message = problem.message if named else f"{problem.message} The lesson is {lesson}."
    return Problem(code=problem.code, message=message[:2_000], fix=problem.fix[:4_000], raw=problem.raw, lesson=lesson)


def file_name(row: CompilationRow) -> str:
    """The upload's name, by which a successor finds it."""
    return f"apprentice-{row.id}.jsonl"


def metadata_of(row: CompilationRow) -> dict[str, str]:
    """What a job is found by."""
    return {"compilation_id": row.id}
