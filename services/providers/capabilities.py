"""What the kinds of providers differ in, as data. Model lists, prices and limits are the installation's, never here."""

from dataclasses import dataclass
from typing import Final

from contracts.facts.provider import ProviderKind


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How a kind of provider wants to be spoken to."""

    address: str | None
    """Its own base URL, when a provider gives none; None: the installation's embedded provider, or required."""
    needs_secret: bool
    minimum_examples: int
    byte_order_mark: bool = False
    weights: bool = True
    suffix: bool = True
    suffix_dots: bool = True
    method: bool = True
    lists_by_metadata: bool = True
    extra_body: tuple[tuple[str, str], ...] = ()
    deploys: bool = False
    """A finished model must be deployed by hand before it answers, under the deployment's name."""
    knows: bool = False
    """Completions say whether the model knew the answer."""
    streamed_usage: bool = True
    """A stream may be asked to end with the tokens that it took; not everyone who speaks the API takes the option."""


KINDS: Final[dict[ProviderKind, Capabilities]] = {
    "embedded": Capabilities(address=None, needs_secret=False, minimum_examples=1, knows=True),
    "openai": Capabilities(address="https://api.openai.com/v1", needs_secret=True, minimum_examples=10),
    "azure": Capabilities(
        address=None, needs_secret=True, minimum_examples=10, byte_order_mark=True, suffix_dots=False,
        extra_body=(("trainingType", "Standard"),), deploys=True, lists_by_metadata=False,
    ),
    "openai_compatible": Capabilities(
        address=None, needs_secret=False, minimum_examples=1, lists_by_metadata=False, streamed_usage=False,
    ),
}  # fmt: skip
RUNNING: Final = frozenset({"validating_files", "queued", "running", "paused"})
ENDED: Final = frozenset({"succeeded", "failed", "cancelled"})
"""A job's status; one that is in neither set counts as running."""
