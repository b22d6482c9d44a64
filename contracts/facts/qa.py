"""QAs: a question and the answer the company wants given to it."""

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, StringConstraints, model_serializer

from contracts.facts.fact import ANYONE, PERSON, Fact, Ordinal, Part, derived
from contracts.identifiers import Actor, Id, Language
from contracts.text import Label, Line, Moment, Notes, SealedFor, Text, Title

Purpose = Literal["training", "validation"]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
HeldBack = Annotated[
    bool | None,
    Field(description="True: it teaches its own model only. False: relatives take it in even so. None: as the model says."),
]  # fmt: skip


class Imported(Part):
    """What the record that a lesson was imported from said besides; an export gives it back."""

    format: Literal["jsonl", "csv", "openai", "erpnet"]
    added_by: Annotated[Title, SealedFor("record")] | None = None
    added_at: Moment | None = None
    deactivated_at: Moment | None = None
    rest: Annotated[Text, SealedFor("record")] | None = Field(
        default=None, description="The fields that have no place here, a JSON object as text."
    )


Undoes = Annotated[
    Ordinal | None,
    Field(description="The position of the change that this one takes back: a text that returns counts as set when it was."),
]  # fmt: skip


class GivenOnly(Part):
    """Changes: only the fields that were given are written, so null and absent stay different."""

    @model_serializer(mode="wrap")
    def _given_only(self, inner: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in inner(self).items() if name in self.model_fields_set}


class QAContent(Part):
    """A whole QA."""

    model: Id
    question: Line
    answer: Text
    section: Label = "General"
    purpose: Purpose = "training"
    active: bool = True
    language: Language | None = None
    notes: Notes = ""
    held_back: HeldBack = None
    external_system: Label | None = None
    external_id: ExternalId | None = Field(
        default=None, description="The record it comes from; the same record again revises the lesson."
    )
    imported: Imported | None = None


class QAChanges(GivenOnly):
    """What is given replaces what was; the rest stays."""

    question: Line | None = None
    answer: Text | None = None
    section: Label | None = None
    purpose: Purpose | None = None
    language: Language | None = None
    notes: Notes | None = None
    held_back: HeldBack = None


class QAAdded(QAContent, Fact):
    """The model is to know this answer. Validation QAs test a version and never train it."""

    kind = "qa"
    reporters = ANYONE
    begins = True

    question_key: str = derived("", "The question folded, by which duplicates and conflicts are found.")
    proposal: Id | None = derived(None, "The proposal that was approved.")
    proposed_by: Actor | None = derived(None, "Who proposed it.")


class QARevised(QAChanges, Fact):
    """What is given replaces what was; the rest stays."""

    kind = "qa"
    reporters = ANYONE
    of_itself = frozenset({"undoes"})

    undoes: Undoes = None
    model: Id | None = derived(None, "The QA's model.")
    question_key: str | None = derived(None, "The folded question, when it changes.")
    proposal: Id | None = derived(None, "The proposal that was approved.")
    proposed_by: Actor | None = derived(None, "Who proposed it.")


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


class ConflictSettled(Fact):
    """In one model's training set this QA, the fact's subject, wins over the others with its question."""

    kind = "qa"
    reporters = PERSON

    training_set: Id = Field(description="The model in whose training set they conflict.")
    question_key: str = derived("", "The question they share, folded.")
    model: Id | None = derived(None, "The winning QA's model.")


class QAsDistinguished(Fact):
    """Two QAs that resemble each other are both right: they ask different things."""

    kind = "qa"
    reporters = PERSON

    other: Id = Field(description="The other QA.")
    model: Id | None = derived(None, "The QA's model.")


class QAPersonalDataAccepted(Fact):
    """What looks like personal data in the QA's present text may be trained: the company's own telephone, say."""

    kind = "qa"
    reporters = PERSON

    model: Id | None = derived(None, "The QA's model.")
