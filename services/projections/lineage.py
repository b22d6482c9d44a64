"""Lineage: which relatives' lessons a model's training set takes in, and how far they stand. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts.facts.model import Takes
from services.projections.tables import HELD_BACK, SHARED


@dataclass(frozen=True, slots=True)
class Place:
    """A model's place in the hierarchy, its own lineage rule, and what it holds back from its relatives.

    `personal`: it shares only what is marked so. `held_back`: the folded names of sections that it keeps to itself.
    """

    id: str
    parent: str | None
    archived: bool
    descendants: Takes
    ancestors: Takes
    personal: bool = False
    held_back: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Contributor:
    """A model whose lessons are taken: `distance` 0 is the model itself; `takes` is `all` or `qas`.

    `shared_only` and `without` (folded section names) are what a relative holds back; a lesson that is marked as shared
    is taken even so, one that is marked as held back never.
    """

    model: str
    distance: int
    takes: Takes
    shared_only: bool = False
    without: frozenset[str] = frozenset()

    def takes_in(self, kind: str, held_back: int, section_key: str) -> bool:
        """Whether a lesson of this model is taken."""
        if kind != "qa" and self.takes != "all":
            return False
        if self.distance == 0 or held_back == SHARED:
            return True
        return held_back != HELD_BACK and not self.shared_only and section_key not in self.without


def contributors(places: Mapping[str, Place], model: str) -> list[Contributor]:
    """The model itself, its whole subtree and its straight line of ancestors, as its own rule says, nearest first.

    Siblings never contribute; archived models contribute nothing, what stands below them does.
    """
    own = places[model]
    found: list[tuple[str, int, Takes]] = []
    if own.descendants != "none":
        found += [(id, distance, own.descendants) for id, distance in _below(places, model)]
    if own.ancestors != "none":
        found += [(id, distance, own.ancestors) for id, distance in _above(places, model)]
    relatives = [
        Contributor(id, distance, takes, places[id].personal, places[id].held_back)
        for id, distance, takes in found
        if not places[id].archived
    ]
    return [Contributor(model, 0, "all"), *sorted(relatives, key=lambda one: (one.distance, one.model))]


def _below(places: Mapping[str, Place], model: str) -> Iterator[tuple[str, int]]:
    children: dict[str, list[str]] = {}
    for place in places.values():
        if place.parent is not None:
            children.setdefault(place.parent, []).append(place.id)
    level, distance = [model], 0
    while level:
        level, distance = [child for one in level for child in children.get(one, ())], distance + 1
        yield from ((child, distance) for child in level)


def _above(places: Mapping[str, Place], model: str) -> Iterator[tuple[str, int]]:
    at, distance = places[model].parent, 1
    while at is not None:
        yield at, distance
        at, distance = places[at].parent, distance + 1
