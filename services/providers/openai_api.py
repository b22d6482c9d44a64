"""Every provider that speaks OpenAI's API, through the official client. The one module that imports `openai`."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import openai
from openai import AsyncOpenAI

from services.providers.capabilities import Capabilities
from services.providers.port import Chunk, Completion, JobState, Message, ProviderProblem
from services.providers.problems import How, problem_of

# What the client raises for broken JSON or HTML isn't an error of its own kind; for what else may go wrong it has no kind.
_GARBLED = (
    openai.OpenAIError, json.JSONDecodeError, AttributeError, TypeError, KeyError, IndexError, UnicodeDecodeError,
)  # fmt: skip


class OpenAIProvider:
    """Implements `Provider`. Retries are off: whoever calls knows what may be tried again. Making it raises `ProviderProblem`."""

    def __init__(self, address: str, key: str, capabilities: Capabilities, timeout: float) -> None:
        self.capabilities = capabilities
        with _saying("reading its address"):
            self._client = AsyncOpenAI(base_url=address, api_key=key, max_retries=0, timeout=timeout)

    async def upload(self, path: Path, name: str) -> str:
        """Upload a training file from disk, in constant memory."""
        with path.open("rb") as file, _saying("uploading the file"):
            done = await self._client.files.create(file=(name, file), purpose="fine-tune")
        return str(_given(done, "id", "uploading the file"))

    async def find_file(self, name: str) -> str | None:
        """The newest file of this name."""
        with _saying("listing files"):
            async for file in self._client.files.list(purpose="fine-tune"):
                if file.filename == name:
                    return file.id
        return None

    async def create_job(self, file: str, base_model: str, *, suffix: str, metadata: dict[str, str]) -> JobState:
        """Create a job, once."""
        wanted: dict[str, Any] = {"training_file": file, "model": base_model, "metadata": metadata}
        if self.capabilities.suffix:
            wanted["suffix"] = suffix
        if self.capabilities.method:
            wanted["method"] = {"type": "supervised"}
        if self.capabilities.extra_body:
            wanted["extra_body"] = dict(self.capabilities.extra_body)
        with _saying("creating the job"):
            return _job(await self._client.fine_tuning.jobs.create(**wanted))

    async def jobs_of(self, metadata: dict[str, str]) -> list[JobState]:
        """Jobs with this metadata, oldest first; matched here too, since not every provider filters."""
        with _saying("listing jobs"):
            wanted: Any = metadata if self.capabilities.lists_by_metadata else openai.omit
            listed = [job async for job in self._client.fine_tuning.jobs.list(metadata=wanted, limit=100)]
            found = [_job(job) for job in listed if metadata.items() <= (job.metadata or {}).items()]
            return sorted(found, key=lambda one: (one.created, one.id))

    async def job(self, id: str) -> JobState:
        """How a job stands."""
        with _saying("looking at the job"):
            return _job(await self._client.fine_tuning.jobs.retrieve(id))

    async def cancel_job(self, id: str) -> None:
        """Stop a job; one that has ended stays as it is."""
        with _saying("cancelling the job"), suppress(openai.BadRequestError, openai.NotFoundError):
            await self._client.fine_tuning.jobs.cancel(id)

    async def delete_model(self, id: str) -> None:
        """Delete a compiled model."""
        with _saying("deleting the model"), suppress(openai.NotFoundError):
            await self._client.models.delete(id)

    async def has_model(self, id: str) -> bool:
        """Whether the provider knows the model."""
        return await self._model(id) is not None

    async def shutdown_date(self, id: str) -> date | None:
        """When the provider shuts the model down, as far as it says."""
        said = _extra(await self._model(id)).get("shutdown_date")
        try:
            return date.fromisoformat(said) if isinstance(said, str) else None
        except ValueError:
            return None

    async def complete(self, messages: Sequence[Message], model: str) -> Completion:
        """One answer."""
        given: Any = list(messages)
        with _saying("asking the model"):
            done = await self._client.chat.completions.create(model=model, messages=given)
            text, usage = done.choices[0].message.content or "", done.usage
        return Completion(
            text, self._known(done), usage.prompt_tokens if usage else None, usage.completion_tokens if usage else None
        )

    async def stream(self, messages: Sequence[Message], model: str) -> AsyncIterator[Chunk]:
        """One answer, in pieces."""
        given: Any = list(messages)
        usage: Any = {"stream_options": {"include_usage": True}} if self.capabilities.streamed_usage else {}
        with _saying("asking the model"):
            pieces: Any = await self._client.chat.completions.create(model=model, messages=given, stream=True, **usage)
            async for piece in pieces:
                text = piece.choices[0].delta.content if piece.choices else None
                took = piece.usage
                tokens = (took.prompt_tokens, took.completion_tokens) if took else (None, None)
                yield Chunk(text or "", self._known(piece), *tokens)

    async def close(self) -> None:
        """Give connections back."""
        await self._client.close()

    async def _model(self, id: str) -> object | None:
        with _saying("looking for the model"), suppress(openai.NotFoundError):
            return await self._client.models.retrieve(id)
        return None

    def _known(self, reply: Any) -> bool | None:
        about = _extra(reply).get("apprentice") if self.capabilities.knows else None
        known = about.get("known") if isinstance(about, dict) else None
        return known if isinstance(known, bool) else None


def _extra(reply: object) -> Mapping[str, Any]:
    """The fields that the client doesn't know; none of an answer that isn't even an object."""
    return getattr(reply, "model_extra", None) or {}


@contextmanager
def _saying(doing: str) -> Iterator[None]:
    """Whatever goes wrong inside is a `ProviderProblem`: a provider's address and answers may be anything."""
    try:
        yield
    except ProviderProblem:
        raise
    except Exception as error:
        raise _problem(error, doing=doing) from error


def _given(reply: object, name: str, doing: str) -> object:
    value = getattr(reply, name, None)
    if not value:
        raise ProviderProblem(
            "provider_garbled", f"The provider answered without {name} ({doing}).", "Check the provider's address.",
            repr(reply)[:2_000], ambiguous=True, passing=True,
        )  # fmt: skip
    return value


def _job(job: Any) -> JobState:
    id = str(_given(job, "id", "looking at the job"))
    error = getattr(job, "error", None)
    message = getattr(error, "message", None) or None
    return JobState(
        id=id,
        status=str(_given(job, "status", "looking at the job")),
        compiled_model=getattr(job, "fine_tuned_model", None),
        trained_tokens=getattr(job, "trained_tokens", None),
        error=message,
        created=getattr(job, "created_at", 0) or 0,
    )


def _problem(error: Exception, *, doing: str) -> ProviderProblem:
    how: How = "garbled" if isinstance(error, _GARBLED) else "unexpected"
    if isinstance(error, openai.APITimeoutError):
        how = "timeout"
    elif isinstance(error, openai.APIConnectionError):
        how = "connection"
    elif isinstance(error, openai.APIStatusError):
        how = "status"
    return problem_of(error, doing=doing, how=how)
