"""Training conversations: real dialogues that a model learns from."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from contracts.facts.fact import ANYONE, PERSON, Counter, Fact, Ordinal, Part, derived
from contracts.facts.qa import ExternalId, GivenOnly, HeldBack, Imported, Undoes
from contracts.identifiers import Actor, Id, Language
from contracts.text import Label, Moment, Notes, SealedFor, Text, Title

Role = Literal["system", "user", "assistant"]
TrainAs = Literal["both", "straight", "exchange"]
Origin = Annotated[str, StringConstraints(pattern=r"^(manual|chat|case|calendar|task|module:[a-z0-9-]{1,32})$")]


class Turn(Part):
    """One message of a dialogue. `learn`: the model learns to say this; otherwise it is context only."""

    role: Role
    content: Annotated[Text, SealedFor("author")]
    learn: bool | None = Field(default=None, description="Absent: assistant turns are learnt, others are context.")
    author: Actor | None = Field(default=None, description="The person who said it, as far as known.")
    name: Annotated[Title, SealedFor("author")] | None = Field(default=None, description="A participant's name.")
    time: Moment | None = None
    message: Id | None = Field(default=None, description="The chat message it was taken from.")
    edited_by: Actor | None = Field(default=None, description="Who changed the words of the author.")

    @property
    def learnt(self) -> bool:
        """Whether the model learns to say this turn."""
        return self.role == "assistant" and self.learn is not False


class OriginReference(Part):
    """Where a conversation was taken from."""

    group: Id | None = None
    messages: tuple[Id, ...] = Field(default=(), max_length=500)
    version: Ordinal | None = Field(default=None, description="The version that gave the answer that was corrected.")


Turns = Annotated[tuple[Turn, ...], Field(min_length=1, max_length=500)]


class ConversationContent(Part):
    """A whole training conversation."""

    model: Id
    messages: Turns
    train_as: TrainAs = "both"
    straight_question: Counter | None = Field(
        default=None, description="Index of the turn whose question was answered wrongly."
    )
    section: Label = "General"
    origin: Origin = "manual"
    origin_reference: OriginReference = OriginReference()
    active: bool = True
    language: Language | None = None
    notes: Annotated[Notes, SealedFor("record")] = ""
    held_back: HeldBack = None
    external_system: Label | None = None
    external_id: ExternalId | None = Field(
        default=None, description="The record it comes from; the same record again revises the lesson."
    )
    imported: Imported | None = None


class ConversationChanges(GivenOnly):
    """What is given replaces what was; the rest stays."""

    messages: Turns | None = None
    train_as: TrainAs | None = None
    straight_question: Counter | None = None
    section: Label | None = None
    language: Language | None = None
    notes: Annotated[Notes, SealedFor("record")] | None = None
    held_back: HeldBack = None


class ConversationTrained(ConversationContent, Fact):
    """The model is to learn from this dialogue."""

    kind = "conversation"
    reporters = ANYONE
    begins = True

    proposal: Id | None = derived(None, "The proposal that was approved.")
    proposed_by: Actor | None = derived(None, "Who proposed it.")


class ConversationRevised(ConversationChanges, Fact):
    """What is given replaces what was; the rest stays."""

    kind = "conversation"
    reporters = ANYONE
    of_itself = frozenset({"undoes"})

    undoes: Undoes = None
    model: Id | None = derived(None, "The conversation's model.")
    proposal: Id | None = derived(None, "The proposal that was approved.")
    proposed_by: Actor | None = derived(None, "Who proposed it.")


class ConversationDeactivated(Fact):
    """It trains nothing until it is reactivated."""

    kind = "conversation"
    reporters = ANYONE

    model: Id | None = derived(None, "The conversation's model.")


class ConversationReactivated(Fact):
    """It trains again."""

    kind = "conversation"
    reporters = ANYONE

    model: Id | None = derived(None, "The conversation's model.")


class ConversationPersonalDataAccepted(Fact):
    """What looks like personal data in the conversation's present text may be trained."""

    kind = "conversation"
    reporters = PERSON

    model: Id | None = derived(None, "The conversation's model.")
