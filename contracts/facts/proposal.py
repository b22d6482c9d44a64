"""Proposals: lessons from those who may not teach. A trainer approves or declines them; the evidence stays."""

from typing import Annotated

from pydantic import Field

from contracts.facts.conversation import ConversationChanges, ConversationContent, TrainAs, Turns
from contracts.facts.fact import ANYONE, PERSON, Counter, Fact, derived
from contracts.facts.qa import GivenOnly, HeldBack, Purpose, QAChanges, QAContent
from contracts.identifiers import Actor, Id, Language
from contracts.text import Label, Line, Notes, SealedFor, Text


class LessonProposed(Fact):
    """Somebody proposes a lesson, or a change of one. Exactly one of the four is given; it trains nothing yet.

    A lesson that is reported by someone who may not teach becomes this. The lesson, when approved, gets the
    proposal's id. What a module proposes again for the same record replaces its open proposal.
    """

    kind = "proposal"
    reporters = ANYONE
    begins = True

    qa: QAContent | None = None
    conversation: ConversationContent | None = None
    qa_changes: QAChanges | None = None
    conversation_changes: ConversationChanges | None = None
    lesson: Id | None = Field(default=None, description="The lesson that is to be changed; absent for a new one.")
    proposer: Actor | None = derived(None, "Who proposed it.")
    model: Id | None = derived(None, "The model that is to learn it.")


class LessonApproved(GivenOnly, Fact):
    """A trainer takes the proposal, with these edits; the lesson is added or revised in the same append."""

    kind = "proposal"
    reporters = PERSON

    question: Line | None = None
    answer: Text | None = None
    section: Label | None = None
    purpose: Purpose | None = None
    language: Language | None = None
    notes: Annotated[Notes, SealedFor("record")] | None = None
    held_back: HeldBack = None
    messages: Turns | None = None
    train_as: TrainAs | None = None
    straight_question: Counter | None = None
    lesson: Id | None = derived(None, "The lesson that was added or revised.")
    proposer: Actor | None = derived(None, "Who proposed it.")
    model: Id | None = derived(None, "The model that learns it.")


class LessonDeclined(Fact):
    """A trainer doesn't take the proposal, and says why; it is kept."""

    kind = "proposal"
    reporters = PERSON

    reason: Annotated[Notes, SealedFor("proposer")] = ""
    proposer: Actor | None = derived(None, "Who proposed it.")
    model: Id | None = derived(None, "The model that doesn't learn it.")


class ProposalWithdrawn(Fact):
    """Its proposer takes it back."""

    kind = "proposal"
    reporters = ANYONE

    proposer: Actor | None = derived(None, "Who proposed it.")
    model: Id | None = derived(None, "The model that doesn't learn it.")
