"""Queries about lessons, training sets and what is found in them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.facts.conversation import OriginReference, TrainAs, Turn
from contracts.facts.qa import Imported, Purpose
from contracts.identifiers import Actor, Id
from contracts.queries.shape import Shape


class LessonWanted(Shape):
    lesson: Id


class LessonRow(Shape):
    """One lesson. A QA has `question` and `answer`, a conversation `messages`. `revision`: of its log stream."""

    id: Id
    kind: Literal["qa", "conversation"]
    model: Id
    section: str
    active: bool
    purpose: Purpose
    language: str | None
    notes: str
    position: int = Field(description="At which it took its present form.")
    first_position: int | None = Field(description="At which it first became trainable.")
    revision: int
    held_back: bool | None = None
    added_by: str = Field(description="Who taught it; of an approved proposal, who proposed it.")
    added_at: str
    deactivated_at: str | None = None
    proposal: Id | None = None
    external_system: str | None = None
    external_id: str | None = None
    imported: Imported | None = None
    origin: str | None = None
    origin_reference: OriginReference | None = None
    personal_data: list[str] = Field(
        default=[], description="Kinds that seem to stand in its text and weren't accepted."
    )
    question: str | None = None
    answer: str | None = None
    messages: list[Turn] | None = None
    train_as: TrainAs = "both"
    straight_question: int | None = None


class LessonRevisionsWanted(Shape):
    """What happened to a lesson, newest first."""

    lesson: Id
    before: int | None = Field(default=None, description="The `next` of the page before.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class FieldChange(Shape):
    """One field's value before and after, as in the facts; null: there was none, or it was erased."""

    field: str
    old: Any
    new: Any


class LessonRevision(Shape):
    """`proposed_by`: who proposed what the actor approved."""

    position: int
    revision: int
    fact: str
    recorded_at: str
    actor: str
    proposed_by: str | None
    changes: list[FieldChange]


class LessonRevisions(Shape):
    """Whole texts: at most 850 KB a page."""

    lesson: Id
    kind: Literal["qa", "conversation"]
    revisions: list[LessonRevision]
    next: int | None


class LessonsWanted(Shape):
    """A page of a model's own lessons, in order of id or as they were taught. `after`: a `next` of the page before."""

    model: str
    kind: Literal["qa", "conversation"] | None = None
    purpose: Purpose | None = None
    personal_data: bool = Field(default=False, description="Only those in which personal data was found.")
    order: Literal["id", "taught"] = "id"
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class Lessons(Shape):
    lessons: list[LessonRow]
    next: str | None


LessonState = Literal[
    "inactive", "validation", "personal_data", "conflict", "duplicate", "waiting", "learnt", "held_back"
]


class LessonTableWanted(Shape):
    """A page of a model's lessons, filtered and sorted. `after`: a `next` or `previous` of a page with the same filters.

    `text`: words that must all stand in the lesson. `inherited`: also what the training set takes in from relatives.
    `facets`: the counts are wanted on this page too.
    """

    model: str
    text: Annotated[str | None, Field(max_length=200)] = None
    section: str | None = None
    kind: Literal["qa", "conversation"] | None = None
    purpose: Purpose | None = None
    state: LessonState | None = None
    taught_by: Actor | None = None
    lesson: Id | None = Field(default=None, description="Only this one.")
    inherited: bool = False
    facets: bool = False
    sort: Literal["taught", "question", "section", "teacher"] = "taught"
    descending: bool = True
    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class TableRow(LessonRow):
    """A lesson and where it stands. Several states may hold; `state` is the foremost, null of an erased lesson.

    `waiting`: the next version would add, change or remove it, as `change` says. `learnt`: the active `version` knows this
    text. `conflict`: others answer its question otherwise; `winner` is the one that trains. `duplicate`: the winner says
    the same. `held_back`: relatives don't take it in. `inherited_from`: the relative that it belongs to.
    """

    state: LessonState | None
    states: list[LessonState]
    change: Literal["added", "removed", "changed"] | None
    version: int | None
    winner: Id | None
    inherited_from: Id | None
    erased: bool


class SectionCount(Shape):
    """`section` as it was spelt last; filters fold it."""

    section: str
    lessons: int


class LessonTable(Shape):
    """`total` counts at most 10,000; `more`: there are more than that. The facets stand on the first page only, unless asked
    for, and are of all lessons whatever the filters: at most 200 sections, the largest first, and how often each state
    holds."""

    lessons: list[TableRow]
    next: str | None
    previous: str | None = None
    total: int
    more: bool
    sections: list[SectionCount] | None = None
    states: dict[LessonState, int] | None = None


class TrainingPageWanted(Shape):
    """A page of a training set, in its order. `after`: the `next` of the page before."""

    model: str
    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=2_000)] = 1_000


class TrainingLesson(Shape):
    """One lesson of a training set, ready to be packaged."""

    id: Id
    model: Id
    kind: Literal["qa", "conversation"]
    position: int
    question: str | None = None
    answer: str | None = None
    messages: list[Turn] | None = None
    train_as: TrainAs = "both"
    straight_question: int | None = None


class TrainingPage(Shape):
    """At most 900 KB. `fingerprint` names the read models' build: another one on a later page means starting over.

    The counts are of the whole set and stand on the first page only (0 on the others).
    """

    model: Id
    position: int
    fingerprint: str
    system_message: str | None
    lessons: list[TrainingLesson]
    next: str | None
    conflicts: int
    duplicates: int
    erased: int
