"""Who is told how far a piece of long work is."""

from typing import Protocol


class Bar(Protocol):
    """A piece of long work. `total`: how much there is, as soon as it is known."""

    def update(self, done: float, total: float | None = None, text: str | None = None) -> None:
        """Show how far it is."""
