"""Every fact of the product by its name: the glossary of what can happen."""

from typing import Final

from contracts.facts import compilation, conversation, group, message, model, module, person, proposal, provider, qa
from contracts.facts.fact import KINDS, Fact, Kind, Part, Reporter

_FILES = (provider, model, qa, conversation, proposal, compilation, group, message, person, module)

FACTS: Final[dict[str, type[Fact]]] = {
    name: thing
    for file in _FILES
    for name, thing in vars(file).items()
    if isinstance(thing, type) and issubclass(thing, Fact) and thing is not Fact
}

__all__ = ["FACTS", "KINDS", "Fact", "Kind", "Part", "Reporter"]
