"""Modules: other programs of the company that report lessons. A module needs no registration; this says how far it is trusted."""

from typing import Literal

from contracts.facts.fact import PERSON, Fact
from contracts.text import Label, Notes

Trust = Literal["teaches", "proposes"]


class ModuleTrusted(Fact):
    """From now on what the module reports teaches at once, or is only proposed. Its subject is the module's name.

    A module of which this was never said teaches.
    """

    kind = "module"
    reporters = PERSON

    lessons: Trust
    name: Label | None = None
    notes: Notes = ""
