"""QAs: a question and the answer the company wants given to it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from contracts.facts.fact import ANYONE, Fact, derived
from contracts.identifiers import Id, Language
from contracts.text import Label, Line, Notes, Text

Purpose = Literal["training", "validation"]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class QAAdded(Fact):
    """The model is to know this answer. Validation QAs test a version and never train it."""

    kind = "qa"
    reporters = ANYONE
    begins = True

    model: Id
    question: Line
    answer: Text
    section: Label = "General"
    purpose: Purpose = "training"
    active: bool = True
    language: Language | None = None
    notes: Notes = ""
    external_system: Label | None = None
    external_id: ExternalId | None = None
    question_key: str = derived("", "The question folded, by which duplicates and conflicts are found.")


class QARevised(Fact):
    """What is given replaces what was; the rest stays."""

    kind = "qa"
    reporters = ANYONE

    question: Line | None = None
    answer: Text | None = None
    section: Label | None = None
    purpose: Purpose | None = None
    language: Language | None = None
    notes: Notes | None = None
    model: Id | None = derived(None, "The QA's model.")
    question_key: str | None = derived(None, "The folded question, when it changes.")


class QADeactivated(Fact):
    """It trains nothing until it is reactivated."""

    kind = "qa"
    reporters = ANYONE

    model: Id | None = derived(None, "The QA's model.")


class QAReactivated(Fact):
    """It trains again."""

    kind = "qa"
    reporters = ANYONE

    model: Id | None = derived(None, "The QA's model.")


class QAMoved(Fact):
    """The QA belongs to another model."""

    kind = "qa"
    reporters = ANYONE

    to: Id = Field(description="The receiving model.")
    model: Id | None = derived(None, "The model it belonged to.")
