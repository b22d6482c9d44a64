"""One measured figure and what it is held against."""

from typing import TypedDict


class Row(TypedDict):
    """`ratio` is value / limit; `target` says what the ratio, or the value where there is no limit, should reach."""

    name: str
    value: float
    unit: str
    limit: float | None
    ratio: float | None
    target: str


def against(name: str, value: float, unit: str, limit: float, target: str) -> Row:
    """A figure beside the raw limit that was measured in the same run."""
    return Row(name=name, value=value, unit=unit, limit=limit, ratio=value / limit if limit else None, target=target)


def alone(name: str, value: float, unit: str, target: str = "") -> Row:
    """A figure that is held against a fixed bound, or only reported."""
    return Row(name=name, value=value, unit=unit, limit=None, ratio=None, target=target)
