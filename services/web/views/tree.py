"""The models as a tree: each with its depth, what it stands for in words, and what should be looked at. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from contracts.queries import ModelRow, ProviderRow

Show = Literal["all", "waiting", "attention"]
SOON: Final = 90
"""Days before a base model's end from which it is told."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A model's row. `retires_in`: days until its active version's base model ends, as far as that is near."""

    model: ModelRow
    depth: int
    parents: tuple[str, ...]
    children: int
    provider: ProviderRow | None
    retires_in: int | None

    @property
    def failed(self) -> bool:
        """Whether the latest compilation failed."""
        return self.model.latest is not None and self.model.latest.status == "failed"

    @property
    def waits(self) -> bool:
        """Whether the next version would change something."""
        return self.model.lessons.waiting > 0

    @property
    def attention(self) -> bool:
        """Whether somebody should look."""
        return self.failed or self.retires_in is not None


def tree(models: Sequence[ModelRow], providers: Mapping[str, ProviderRow], today: date) -> list[Branch]:
    """Parents before their children, each level by name; a model whose parent isn't shown stands at the top."""
    shown = {one.id for one in models}
    below: dict[str | None, list[ModelRow]] = {}
    for one in sorted(models, key=lambda model: model.name.casefold()):
        below.setdefault(one.parent if one.parent in shown else None, []).append(one)

    def walk(parent: str | None, above: tuple[str, ...]) -> Iterator[Branch]:
        for one in below.get(parent, ()):
            provider = providers.get(one.provider or "")
            yield Branch(one, len(above), above, len(below.get(one.id, ())), provider,
                         _retires_in(one, providers, today))  # fmt: skip
            yield from walk(one.id, (*above, one.id))

    return list(walk(None, ()))


def shown(branches: Sequence[Branch], show: Show, folded: Collection[str] = ()) -> list[Branch]:
    """Those that the filter shows, without what stands below a folded one."""
    wanted = [one for one in branches if {"all": True, "waiting": one.waits, "attention": one.attention}[show]]
    return [one for one in wanted if show != "all" or not set(one.parents) & set(folded)]


def ending(branches: Sequence[Branch]) -> dict[str, list[Branch]]:
    """By provider, the models whose versions stop answering soon."""
    found: dict[str, list[Branch]] = {}
    for one in branches:
        if one.retires_in is not None and one.model.active is not None:
            found.setdefault(one.model.active.provider, []).append(one)
    return found


def _retires_in(model: ModelRow, providers: Mapping[str, ProviderRow], today: date) -> int | None:
    active = model.active
    provider = providers.get(active.provider if active else model.provider or "")
    if provider is None or provider.retires_on is None or (active and active.base_model != provider.base_model):
        return None
    left = (date.fromisoformat(provider.retires_on) - today).days
    return left if left <= SOON else None
