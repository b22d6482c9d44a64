"""Queries about what is found in lessons: conflicts, resemblances, personal data, differences, imports."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.identifiers import Id
from contracts.queries.shape import Shape


class ConflictsWanted(Shape):
    """A page in order of the question keys."""

    model: str
    open_only: bool = Field(default=False, description="Only questions with several answers that nobody has settled.")
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class Contender(Shape):
    """A QA that shares its question with others."""

    id: Id
    model: Id
    question: str
    answer: str
    added_by: str
    position: int = Field(description="At which it took its present form.")


class Conflict(Shape):
    """QAs of one training set with equal question keys. `winner` trains, the others don't.

    `settled`: a person decided on it, and no text was set since. `qas`: all of them, the winner first.
    """

    question_key: str
    winner: Id
    conflicting: list[Id]
    duplicates: list[Id]
    settled: bool = False
    qas: list[Contender] = []


class Conflicts(Shape):
    """`open`: of the whole training set, the questions with several answers that nobody has settled."""

    conflicts: list[Conflict]
    open: int = 0
    next: str | None = None


class ResemblancesWanted(Shape):
    """QAs of a training set whose questions resemble each other without being equal; newest lessons first."""

    model: str
    lesson: Id | None = Field(default=None, description="Only what resembles this one.")
    before: int | None = Field(default=None, description="A `next` of the page before.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Resemblance(Shape):
    """`proposal`: `duplicate` (the answers agree: deactivate one), or `conflict` (they don't: revise or deactivate one,
    or say by QAsDistinguished that they ask different things)."""

    newer: Contender
    older: Contender
    score: float
    proposal: Literal["duplicate", "conflict"]


class Resemblances(Shape):
    resemblances: list[Resemblance]
    next: int | None


class KnownWanted(Shape):
    """Which of these questions a training set answers already."""

    model: str
    questions: Annotated[list[str], Field(max_length=500)]
    answers: bool = Field(default=True, description="False: `answer` stays empty, so that the reply stays small.")


class KnownQuestion(Shape):
    question: str
    lesson: Id
    model: Id
    answer: str
    answer_key: str = Field(default="", description="32 hex digits: equal for answers that are equal when stripped.")


class Known(Shape):
    known: list[KnownQuestion]


class DifferenceWanted(Shape):
    """What a training set has at `until` (default: now) and hadn't at `since` (default: the active version's position)."""

    model: str
    since: int | None = None
    until: int | None = None
    limit: Annotated[int, Field(ge=0, le=500)] = 50
    teachers: bool = Field(default=False, description="Count the added ones by who taught them.")


class Teacher(Shape):
    """How many of a difference's added lessons are theirs."""

    teacher: str
    lessons: int


class Changed(Shape):
    """A lesson of a difference; `text` is its question, or what the person said first."""

    id: Id
    model: Id
    kind: Literal["qa", "conversation"]
    change: Literal["added", "removed", "changed"]
    text: str
    answer: str


class Difference(Shape):
    """Counts of all, and at most `limit` lessons. `since` null: there is no active version, all is new.

    `teachers`: who taught what was added, whoever taught most first; empty unless they were asked for.
    """

    model: Id
    since: int | None
    until: int
    added: int
    removed: int
    changed: int
    system_message_changed: bool
    lessons: list[Changed]
    teachers: list[Teacher] = []


class ImportedWanted(Shape):
    """What an import changed, newest first."""

    import_id: str
    before: int | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 500


class ImportedLesson(Shape):
    """`touched_since`: somebody changed the lesson after the import did."""

    position: int
    lesson: Id
    kind: Literal["qa", "conversation", "proposal"]
    fact: str
    touched_since: bool


class ImportedLessons(Shape):
    lessons: list[ImportedLesson]
    next: int | None


class UndoneWanted(Shape):
    """Which of these lessons and proposals an import brought, and an undoing took back. `ids`: their ids, or the
    record that a lesson comes from, as `system/id`."""

    ids: Annotated[list[str], Field(max_length=500)]


class UndoneLesson(Shape):
    """`id`: as it was asked for. `position`: at which it was taken back; nobody changed it since."""

    id: str
    lesson: Id
    kind: Literal["qa", "conversation", "proposal"]
    position: int


class Undone(Shape):
    lessons: list[UndoneLesson]


class PersonalDataWanted(Shape):
    """The lessons of a training set in which personal data seems to stand, and which nobody accepted."""

    model: str
    limit: Annotated[int, Field(ge=0, le=500)] = 50


class PersonalLesson(Shape):
    """`kinds`: email, phone, iban, card, national_id. `text`: its question, or what the person said first."""

    id: Id
    model: Id
    kind: Literal["qa", "conversation"]
    kinds: list[str]
    text: str


class PersonalData(Shape):
    total: int
    lessons: list[PersonalLesson]


class NearestWanted(Shape):
    """The lessons of a model's training set that most resemble a question."""

    model: str
    question: str
    limit: Annotated[int, Field(ge=1, le=50)] = 8


class NearLesson(Shape):
    id: Id
    question: str
    answer: str
    score: float


class Nearest(Shape):
    lessons: list[NearLesson]
