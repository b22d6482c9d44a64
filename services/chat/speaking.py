"""Letting a model speak: which provider and compiled model answer for it, with which system message."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from contracts.facts.model import ActiveVersion
from contracts.queries import ModelRow, Nearest, NearestWanted, NearLesson, Nothing, ProviderRow, Providers
from services.bus.client import Bus
from services.chat.prompt import instructed
from services.providers import choosing
from services.providers.grounding import grounded
from services.providers.port import Chunk, Completion, Message, Provider, ProviderProblem
from services.refusals import Refused

MODULE = "chat"
ACTOR = "service:chat"


@dataclass(frozen=True, slots=True)
class Voice:
    """Who answers for a model now, and what it is told."""

    model: ModelRow
    version: ActiveVersion | None
    provider_id: str
    provider: Provider
    speaks: str
    system_message: str | None
    lessons: tuple[str, ...]

    async def complete(self, messages: Sequence[Message]) -> Completion:
        """One answer. Raises `ProviderProblem`."""
        try:
            return await self.provider.complete(messages, self.speaks)
        except ProviderProblem as problem:
            raise self._told(problem) from problem

    async def stream(self, messages: Sequence[Message]) -> AsyncIterator[Chunk]:
        """One answer in pieces. Raises `ProviderProblem`."""
        try:
            async for piece in self.provider.stream(messages, self.speaks):
                yield piece
        except ProviderProblem as problem:
            raise self._told(problem) from problem

    def _told(self, problem: ProviderProblem) -> ProviderProblem:
        """A model that the provider doesn't know is, of a version, one that it has no more."""
        if problem.code != "provider_unknown_model" or self.version is None or self.version.target != "fine_tune":
            return problem
        gone = f"Version {self.version.version} of {self.model.name} no longer exists at its provider."
        return ProviderProblem("version_gone", gone, "Activate another version, or compile it again.", raw=problem.raw)


class Speaking:
    """Finds voices; providers are opened once, their rows asked for when they are needed."""

    def __init__(self, bus: Bus, providers: choosing.Providers) -> None:
        self._bus, self._providers = bus, providers

    async def voice(self, model: ModelRow, question: str, instructions: str | None = None) -> Voice:
        """The voice for this question: grounded ones and those that may use new lessons get what resembles it.
        `instructions`: the person's own, after the model's system message.

        Raises:
            Refused: `model_archived` or `no_provider`. ProviderProblem: address or secret.
        """
        if model.archived:
            raise Refused("model_archived", f"{model.name} is archived and doesn't answer.")
        version = model.active
        row = await self._provider(model, version)
        lessons = await self._lessons(model, version, question)
        return Voice(
            model=model,
            version=version,
            provider_id=row.id,
            provider=self._providers.get(row),
            speaks=version.compiled_model if version else row.base_model,
            system_message=grounded(instructed(model.system_message, instructions), lessons),
            lessons=tuple(one.id for one in lessons),
        )

    async def _provider(self, model: ModelRow, version: ActiveVersion | None) -> ProviderRow:
        wanted = version.provider if version else model.provider
        if wanted is None:
            raise Refused("no_provider", f"{model.name} has no provider, so nothing answers for it; choose one.")
        _, found = await self._bus.query("providers", Nothing(), module=MODULE, actor=ACTOR)
        rows: Providers = found
        row = next((one for one in rows.providers if one.id == wanted), None)
        if row is None:
            raise Refused("unknown_provider", f"The provider {wanted} of {model.name} isn't known.")
        return row

    async def _lessons(self, model: ModelRow, version: ActiveVersion | None, question: str) -> list[NearLesson]:
        found: list[NearLesson] = []
        if version is not None and version.target == "grounded":
            found += await self._nearest(model.id, question, version.position)
        if model.uncompiled_lessons:
            known = {one.id for one in found}
            found += [one for one in await self._nearest(model.id, question, None) if one.id not in known]
        return found

    async def _nearest(self, model: str, question: str, at: int | None) -> list[NearLesson]:
        wanted = NearestWanted(model=model, question=question[:65_536])
        _, found = await self._bus.query("nearest", wanted, module=MODULE, actor=ACTOR, at=at)
        near: Nearest = found
        return near.lessons
