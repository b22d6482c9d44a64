"""Lineage: which relatives' lessons a model's training set takes in, and how far they stand. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts.facts.model import Takes


@dataclass(frozen=True, slots=True)
class Place:
    """A model's place in the hierarchy and its own lineage rule."""

    id: str
    parent: str | None
    archived: bool
    descendants: Takes
    ancestors: Takes


@dataclass(frozen=True, slots=True)
class Contributor:
    """A model whose lessons are taken: `distance` 0 is the model itself; `takes` is `all` or `qas`."""

    model: str
    distance: int
    takes: Takes


def contributors(places: Mapping[str, Place], model: str) -> list[Contributor]:
    """The model itself, its whole subtree and its straight line of ancestors, as its own rule says, nearest first.

    Siblings never contribute; archived models contribute nothing, what stands below them does.
    """
    own = places[model]
    found = [Contributor(model, 0, "all")]
    if own.descendants != "none":
        found += [Contributor(id, distance, own.descendants) for id, distance in _below(places, model)]
    if own.ancestors != "none":
        found += [Contributor(id, distance, own.ancestors) for id, distance in _above(places, model)]
    live = [one for one in found if one.distance == 0 or not places[one.model].archived]
    return sorted(live, key=lambda one: (one.distance, one.model))


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
