"""The port to a provider: what compilation and chat need of it, and how it fails."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from services.providers.capabilities import Capabilities

Message = dict[str, str]
"""`role` (system, user, assistant) and `content`."""


class ProviderProblem(Exception):
    """A provider didn't do what was asked.

    `ambiguous`: it may have done it all the same, so look before trying again. `passing`: trying again later can help.
    `line`: the training file's line at fault, when the provider names one; `lesson`: the lesson at fault, when it is known.
    """

    def __init__(
        self, code: str, message: str, fix: str = "", raw: str = "", *,
        ambiguous: bool = False, passing: bool = False, line: int | None = None, lesson: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.code, self.message, self.fix, self.raw = code, message, fix, raw[:8_000]
        self.ambiguous, self.passing, self.line, self.lesson = ambiguous, passing, line, lesson


@dataclass(frozen=True, slots=True)
class JobState:
    """A fine-tuning job as the provider shows it; `status` in the provider's word."""

    id: str
    status: str
    compiled_model: str | None = None
    trained_tokens: int | None = None
    error: str | None = None
    created: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer. `known`: None where the provider can't tell."""

    text: str
    known: bool | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed answer; the last ones may carry `known` and how many tokens it took."""

    text: str
    known: bool | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Provider(Protocol):
    """Every method raises `ProviderProblem` and nothing else."""

    capabilities: Capabilities

    async def upload(self, path: Path, name: str) -> str:
        """Upload a training file; the provider's id of it."""

    async def find_file(self, name: str) -> str | None:
        """A file uploaded under this name before."""

    async def create_job(self, file: str, base_model: str, *, suffix: str, metadata: dict[str, str]) -> JobState:
        """Create a fine-tuning job, once: never tried again here."""

    async def jobs_of(self, metadata: dict[str, str]) -> list[JobState]:
        """Jobs with this metadata, oldest first."""

    async def job(self, id: str) -> JobState:
        """How a job stands."""

    async def cancel_job(self, id: str) -> None:
        """Stop a job; one that has ended stays as it is."""

    async def delete_model(self, id: str) -> None:
        """Delete a compiled model; one that is gone is fine."""

    async def shutdown_date(self, id: str) -> date | None: ...
    async def has_model(self, id: str) -> bool:
        """Whether the provider knows the model."""

    async def complete(self, messages: Sequence[Message], model: str) -> Completion:
        """One answer."""

    def stream(self, messages: Sequence[Message], model: str) -> AsyncIterator[Chunk]:
        """One answer, in pieces."""

    async def close(self) -> None:
        """Give connections back."""
