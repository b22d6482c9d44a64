"""Queries about proposals and modules."""

from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.facts.module import Trust
from contracts.identifiers import Actor, Id
from contracts.queries.lessons import LessonRow
from contracts.queries.shape import Shape


class ProposalsWanted(Shape):
    """A page of proposals, oldest first. People without the trainer role, and modules, see their own."""

    status: Literal["open", "approved", "declined", "withdrawn"] | None = "open"
    model: str | None = None
    proposer: Actor | None = Field(default=None, description="Only what this one proposed.")
    after: int = 0
    before: int | None = Field(
        default=None, description="Newest first, those before this position; `next` is the `before` of the next page."
    )
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class ProposalWanted(Shape):
    proposal: Id


class ProposalRow(Shape):
    """`content`: the lesson as proposed, or its changes, as `kind` says. `now`: the lesson that would be changed."""

    id: Id
    model: Id
    proposer: str
    kind: Literal["qa", "conversation", "qa_changes", "conversation_changes"]
    content: dict[str, Any]
    lesson: Id | None
    status: str
    proposed_at: str
    position: int
    decided_by: str | None
    decided_at: str | None
    reason: str
    edits: dict[str, Any]
    erased: bool
    revision: int
    now: LessonRow | None = None


class Proposals(Shape):
    proposals: list[ProposalRow]
    next: int | None


class ModuleRow(Shape):
    id: str
    lessons: Trust
    name: str | None = None
    notes: str = ""


class Modules(Shape):
    """The modules of which something was said; others teach."""

    modules: list[ModuleRow]
