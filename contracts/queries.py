"""Queries and their replies: what anyone may ask under `qry.<module>.<name>`.

A query's body is a `Query`; the reply is an `Answer` whose `data` has the shape named in `QUERIES`, or a
`contracts.replies.Refused`. Without a position it is answered at the log's head; `at` asks for the past, `after`
waits until the read models have reached a position. Replies name the position they resolved to.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.facts.compilation import Plan, Problem, Status, ValidationResult
from contracts.facts.conversation import TrainAs, Turn
from contracts.facts.fact import Kind
from contracts.facts.group import Answers, GroupUse
from contracts.facts.model import ActiveVersion, LineageRule, Use
from contracts.facts.person import RoleName
from contracts.facts.provider import Limits, Prices, ProviderKind, Target
from contracts.facts.qa import Purpose
from contracts.identifiers import Actor, Id, Member


class Shape(BaseModel):
    """A piece of a reply. Readers ignore fields they don't know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Query(Shape):
    """The body of every query. `at`: a position or an instant (RFC 3339); `after`: a position to wait for."""

    actor: Actor
    at: int | datetime | None = None
    after: int | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Answer(Shape):
    """The body of every reply that is not a refusal."""

    position: int
    data: Any


class Nothing(Shape):
    """A query without parameters."""


# models and providers -------------------------------------------------------------------------------------------------


class ModelWanted(Shape):
    """A model by id or, case and spaces folded, by name."""

    model: str


class ModelsWanted(Shape):
    archived: bool = False


class LessonCounts(Shape):
    """`own` and `inherited` count what the training set takes; `waiting` what the active version hasn't learnt."""

    own: int
    inherited: int
    waiting: int
    validation: int


class ModelRow(Shape):
    id: Id
    name: str
    names: dict[str, str]
    system_message: str | None
    provider: Id | None
    parent: Id | None
    virtual_user: Id | None
    use: Use
    default: bool
    activate_automatically: bool
    lineage: LineageRule
    acceptance: float | None
    uncompiled_lessons: bool
    notes: str
    archived: bool
    active: ActiveVersion | None
    versions: int
    lessons: LessonCounts
    compiling: Id | None = Field(description="The compilation that is running.")


class Models(Shape):
    models: list[ModelRow]


class ProviderRow(Shape):
    id: Id
    name: str
    provider_kind: ProviderKind
    base_url: str | None
    base_model: str
    target: Target
    secret: str | None
    limits: Limits
    prices: Prices | None
    retires_on: str | None
    retired: bool
    notes: str


class Providers(Shape):
    providers: list[ProviderRow]


# lessons and training sets --------------------------------------------------------------------------------------------


class LessonWanted(Shape):
    lesson: Id


class LessonRow(Shape):
    """One lesson. A QA has `question` and `answer`, a conversation `messages`."""

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
    question: str | None = None
    answer: str | None = None
    messages: list[Turn] | None = None
    train_as: TrainAs = "both"
    straight_question: int | None = None


class LessonsWanted(Shape):
    """A page of a model's own lessons in order of id."""

    model: str
    kind: Literal["qa", "conversation"] | None = None
    purpose: Purpose | None = None
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class Lessons(Shape):
    lessons: list[LessonRow]
    next: str | None


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


class ConflictsWanted(Shape):
    model: str


class Conflict(Shape):
    """QAs of one training set with equal question keys. `winner` trains, the others don't."""

    question_key: str
    winner: Id
    conflicting: list[Id]
    duplicates: list[Id]


class Conflicts(Shape):
    conflicts: list[Conflict]


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


# compilations ---------------------------------------------------------------------------------------------------------


class CompilationsWanted(Shape):
    model: str
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class CompilationWanted(Shape):
    compilation: Id


class LogLine(Shape):
    """One step of a build, for the build log."""

    position: int
    time: str
    fact: str
    message: str


class Intent(Shape):
    """The last announced call that has no result yet."""

    fact: str
    runner: str
    deadline: int


class CompilationRow(Shape):
    """All that is known of a compilation; the compiler goes on from this alone. `revision`: of its log stream."""

    id: Id
    model: Id
    status: Status
    revision: int
    requested_by: str
    requested_at: str
    ended_at: str | None
    position: int
    forced: bool
    plan: Plan
    cancel_requested: bool
    packaging: int | None
    sha256: str | None
    examples: int | None
    lessons: int | None
    conflicts: int | None
    duplicates: int | None
    upload_sha256: str | None
    intent: Intent | None
    file: str | None
    job: str | None
    job_status: str | None
    compiled_model: str | None
    trained_tokens: int | None
    results: list[ValidationResult]
    passed: int | None
    asked: int | None
    accepted: bool | None
    version: int | None
    same_as: Id | None
    cost: float | None
    currency: str | None
    error: Problem | None
    log: list[LogLine]


class Compilations(Shape):
    compilations: list[CompilationRow]


class LastSuccessWanted(Shape):
    """The compilation whose result a new one of the model is compared with, to end `unchanged`."""

    model: str


class MaybeCompilation(Shape):
    compilation: CompilationRow | None


# people, groups and messages ------------------------------------------------------------------------------------------


class PersonWanted(Shape):
    person: Id


class PersonRow(Shape):
    id: Id
    name: str
    language: str
    roles: list[RoleName]
    assistant: Id | None
    erased: bool


class People(Shape):
    people: list[PersonRow]


class GroupWanted(Shape):
    group: Id


class GroupRow(Shape):
    id: Id
    name: str
    names: dict[str, str]
    use: GroupUse
    members: list[Member]
    answers: Answers
    archived: bool


class Groups(Shape):
    groups: list[GroupRow]


class MessagesWanted(Shape):
    """A page of a group's messages, oldest first, after a position; or the last ones before one."""

    group: Id
    after: int | None = None
    before: int | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class MessageRow(Shape):
    id: Id
    group: Id
    position: int
    time: str
    author: str = Field(description="`person:<id>`, `module:<name>` or `virtual_user:<id>`.")
    text: str
    reply_to: Id | None
    deleted: bool
    edited: bool
    question: Id | None = None
    model: Id | None = None
    version: int | None = None
    known: bool | None = None
    lessons: list[Id] = []
    failure: str | None = None


class Messages(Shape):
    messages: list[MessageRow]


class QuestionWanted(Shape):
    """A message, as the chat service needs it to decide who answers."""

    message: Id


class AnswererRow(Shape):
    """A virtual user that should answer; `answered`: it has, `failed`: it tried, `retry`: a person asks again."""

    virtual_user: Id
    model: Id
    answered: bool
    failed: bool
    retry: bool


class QuestionRow(Shape):
    """`context`: the messages before the question, oldest first, at most 40."""

    message: MessageRow
    answerers: list[AnswererRow]
    context: list[MessageRow]


class OpenQuestionsWanted(Shape):
    """Questions that still lack an answer or a failure, oldest first."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100


class OpenQuestions(Shape):
    messages: list[Id]


# history and state ----------------------------------------------------------------------------------------------------


class HistoryWanted(Shape):
    after: int = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 500
    model: str | None = None


class HistoryRow(Shape):
    """One event of the log. Sealed texts are opened for those who may read them, else shown sealed."""

    position: int
    fact: str
    kind: Kind
    subject: Id
    time: str
    recorded_at: str
    actor: str
    id: Id
    source: str
    correlation: str | None
    causation: str | None
    fact_end: int
    log_stream: str
    revision: int
    chain: str
    channel: str
    data: dict[str, Any]


class History(Shape):
    events: list[HistoryRow]
    next: int | None


class ChainChecked(Shape):
    """The log's hash chain was recomputed from its first event."""

    whole: bool
    events: int
    head: int
    chain: str
    log_id: str
    problem: str | None


class ReadModelState(Shape):
    """`rebuilding`: the position that the one being built beside it has reached."""

    name: str
    fingerprint: str
    position: int
    rebuilding: int | None = None


class SystemState(Shape):
    log_id: str
    head: int
    recorded_at: str | None
    read_models: list[ReadModelState]
    counts: dict[str, int]


# trying a model out ---------------------------------------------------------------------------------------------------


class AskWanted(Shape):
    """A question to a model outside any group; nothing of it is recorded."""

    model: str
    question: Annotated[str, Field(min_length=1, max_length=65_536)]


class Asked(Shape):
    """`known`: null where the provider can't tell. `version`: null when the base model answered."""

    answer: str
    known: bool | None
    model: Id
    version: int | None
    lessons: list[Id]


class AnswerChunk(Shape):
    """A piece of a growing answer. A higher `attempt` replaces all of a lower one; `text` is appended."""

    question: Id
    virtual_user: Id
    attempt: int
    index: int
    text: str
    done: bool = False


QUERIES: Final[dict[str, tuple[type[Shape], type[Shape]]]] = {
    "models": (ModelsWanted, Models),
    "model": (ModelWanted, ModelRow),
    "providers": (Nothing, Providers),
    "lesson": (LessonWanted, LessonRow),
    "lessons": (LessonsWanted, Lessons),
    "training_page": (TrainingPageWanted, TrainingPage),
    "conflicts": (ConflictsWanted, Conflicts),
    "nearest": (NearestWanted, Nearest),
    "compilations": (CompilationsWanted, Compilations),
    "compilation": (CompilationWanted, CompilationRow),
    "open_compilations": (Nothing, Compilations),
    "last_success": (LastSuccessWanted, MaybeCompilation),
    "people": (Nothing, People),
    "person": (PersonWanted, PersonRow),
    "groups": (Nothing, Groups),
    "group": (GroupWanted, GroupRow),
    "messages": (MessagesWanted, Messages),
    "question": (QuestionWanted, QuestionRow),
    "open_questions": (OpenQuestionsWanted, OpenQuestions),
    "history": (HistoryWanted, History),
    "chain": (Nothing, ChainChecked),
    "state": (Nothing, SystemState),
    "rebuild": (Nothing, SystemState),
    "ask": (AskWanted, Asked),
}
"""Every query's name with what it asks and what it answers. `ask` is answered by chat, the others by projections. `rebuild` starts building
the read models anew beside the serving ones, which is what it has instead of an effect on the log."""
