"""Queries and their replies: what anyone may ask under `qry.<module>.<name>`.

A query's body is a `Query`; the reply is an `Answer` whose `data` has the shape named in `QUERIES`, or a
`contracts.replies.Refused`. Without a position it is answered at the log's head; `at` asks for the past, `after`
waits until the read models have reached a position. Replies name the position they resolved to.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.facts.compilation import Occasion, Plan, Problem, Status, ValidationResult
from contracts.facts.conversation import OriginReference, TrainAs, Turn
from contracts.facts.fact import Kind
from contracts.facts.group import Answers, GroupUse
from contracts.facts.message import Verdict
from contracts.facts.model import ActiveVersion, LineageRule, SelfCompilation, Use
from contracts.facts.module import Trust
from contracts.facts.person import RoleName
from contracts.facts.provider import Limits, Prices, ProviderKind, Target
from contracts.facts.qa import Imported, Purpose
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


class AssistantsWanted(Shape):
    archived: bool = False


class AssistantRow(Shape):
    """A model as everybody may know it: to mention it, to ask it. `version`: the active one's number."""

    model: Id
    name: str
    names: dict[str, str]
    virtual_user: Id | None
    use: Use
    default: bool
    version: int | None
    has_provider: bool
    archived: bool


class Assistants(Shape):
    assistants: list[AssistantRow]


class LessonCounts(Shape):
    """`own` and `inherited` count what the training set takes; `waiting` what the active version hasn't learnt, `untried`
    what changed since the latest compilation, whatever became of it."""

    own: int
    inherited: int
    waiting: int
    untried: int
    validation: int


class LatestCompilation(Shape):
    """The one that was requested last, whatever became of it."""

    id: Id
    status: Status
    requested_at: str
    ended_at: str | None


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
    held_back_sections: list[str]
    compiles_itself: SelfCompilation
    notes: str
    archived: bool
    revision: int
    active: ActiveVersion | None
    versions: int
    lessons: LessonCounts
    compiling: Id | None = Field(description="The compilation that is running.")
    latest: LatestCompilation | None = None
    active_since: str | None = Field(default=None, description="When the active version was made.")


class Models(Shape):
    models: list[ModelRow]


class SystemMessagesWanted(Shape):
    """A model's system messages, newest first."""

    model: str
    before: int | None = Field(default=None, description="The `next` of the page before.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class SystemMessageRow(Shape):
    """`number` counts from 1; `text` null: it was taken away, or never given."""

    number: int
    position: int
    recorded_at: str
    actor: str
    text: str | None


class SystemMessages(Shape):
    revisions: list[SystemMessageRow]
    next: int | None


class ModelWord(Shape):
    """A model as others speak of it."""

    model: Id
    name: str


class GroupWord(Shape):
    group: Id
    name: str


class PersonWord(Shape):
    person: Id
    name: str


class AffectedWanted(Shape):
    """Whom it touches when a model is archived."""

    model: str


class Affected(Shape):
    """`takers`: models whose training sets have lessons of it. `groups`: those that the asker is in; `other_groups` counts
    the rest. `people`: those whose own assistant it is. Archived models and groups aren't counted."""

    model: Id
    name: str
    children: list[ModelWord]
    takers: list[ModelWord]
    groups: list[GroupWord]
    other_groups: int
    people: list[PersonWord]


class ProviderRow(Shape):
    id: Id
    name: str
    names: dict[str, str]
    provider_kind: ProviderKind
    base_url: str | None
    base_model: str
    target: Target
    secret: str | None
    limits: Limits
    prices: Prices | None
    retires_on: str | None
    retirement_margin: int
    retired: bool
    notes: str
    revision: int
    models: list[Id] = Field(default=[], description="That are built there and aren't archived.")


class Providers(Shape):
    providers: list[ProviderRow]


# lessons and training sets --------------------------------------------------------------------------------------------


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


class Changed(Shape):
    """A lesson of a difference; `text` is its question, or what the person said first."""

    id: Id
    model: Id
    kind: Literal["qa", "conversation"]
    change: Literal["added", "removed", "changed"]
    text: str
    answer: str


class Difference(Shape):
    """Counts of all, and at most `limit` lessons. `since` null: there is no active version, all is new."""

    model: Id
    since: int | None
    until: int
    added: int
    removed: int
    changed: int
    system_message_changed: bool
    lessons: list[Changed]


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


# review ---------------------------------------------------------------------------------------------------------------


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


# notices --------------------------------------------------------------------------------------------------------------


class NoticesWanted(Shape):
    """A person's notices, newest first."""

    before: int | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class NoticeRow(Shape):
    """`kind` says which fields there are; `message` says it in English."""

    model_config = ConfigDict(frozen=True, extra="allow")

    position: int
    kind: str
    message: str
    read: bool
    time: str | None = None


class Notices(Shape):
    notices: list[NoticeRow]
    unread: int
    watching: list[Id]
    next: int | None


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


# compilations ---------------------------------------------------------------------------------------------------------


class CompilationsWanted(Shape):
    """A page, newest first: of one model or of all."""

    model: str | None = None
    status: Status | None = None
    before: int | None = Field(default=None, description="The `next` of the page before.")
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class CompilationWanted(Shape):
    compilation: Id


class LogLine(Shape):
    """One step of a build, for the build log. `values`: the figures and names in `message`, for a sentence of one's own."""

    position: int
    time: str
    fact: str
    message: str
    values: dict[str, Any] = {}


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
    occasion: Occasion
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
    added: int | None
    removed: int | None
    changed: int | None
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
    model_name: str = ""
    started_at: str | None = Field(default=None, description="When it was no longer queued.")
    usual: "UsualTime | None" = Field(default=None, description="Of a running one; null where none has succeeded.")
    eta_seconds: float | None = Field(default=None, description="Until it usually ends, when the reply was made.")


class UsualTime(Shape):
    """Medians of the last 5 successes of the model, or else of its provider. `steps`: seconds by status."""

    seconds: float
    steps: dict[str, float]
    of: Literal["model", "provider"]
    expected_at: str | None = Field(description="When the running one usually ends.")


class Compilations(Shape):
    compilations: list[CompilationRow]
    next: int | None = None


class EvaluationWanted(Shape):
    """How a version answered its validation questions. `after`: the `next` of the page before."""

    compilation: Id
    after: int = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class EvaluatedQuestion(Shape):
    """`before`: of the version that was active when the compilation was asked for, where it was asked the same QA.
    `question` and `expected` stand as they were then; null: the QA isn't there any more."""

    qa: Id
    question: str | None
    expected: str | None
    answer: str | None
    passed: bool
    score: float
    answer_before: str | None
    passed_before: bool | None
    score_before: float | None
    change: Literal["better", "worse", "same"] | None


class Evaluation(Shape):
    """The counts are of all questions. `version_before` null: no version was active."""

    compilation: Id
    model: Id
    version: int | None
    version_before: int | None
    asked: int
    passed: int
    better: int
    worse: int
    questions: list[EvaluatedQuestion]
    next: int | None


class LastSuccessWanted(Shape):
    """The compilation whose result a new one of the model is compared with, to end `unchanged`."""

    model: str


class MaybeCompilation(Shape):
    compilation: CompilationRow | None


class PreflightWanted(Shape):
    """What a compilation of the model would find, free of charge."""

    model: str


class Check(Shape):
    """One thing that was looked at. `error` keeps a compilation from succeeding, `warning` doesn't; `fix` says what to do.

    `values`: the figures and names in `message`, for a sentence of one's own.
    """

    check: str
    level: Literal["ok", "warning", "error"]
    message: str
    fix: str = ""
    lessons: list[Id] = []
    values: dict[str, Any] = {}


class Preflight(Shape):
    """`ready`: no check is an error. `price_low` and `price_high` in `currency`, null where no price is known."""

    model: Id
    position: int
    ready: bool
    provider: Id | None
    base_model: str | None
    target: Target | None
    examples: int
    lessons: int
    bytes: int
    tokens_low: int
    tokens_high: int
    sha256: str | None
    price_low: float | None
    price_high: float | None
    currency: str | None
    conflicts: int
    duplicates: int
    personal_data: int
    validation: int
    checks: list[Check]
    difference: Difference


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
    revision: int
    login: str | None = Field(default=None, description="Shown to administrators and the person.")
    email: str | None = Field(default=None, description="Shown to administrators and the person.")


class LearntVersion(Shape):
    """`deleted`: it is gone at its provider. `position`: the pinned one of its training set."""

    model: Id
    version: int
    compilation: Id
    position: int
    active: bool
    deleted: bool


class LearntFrom(Shape):
    """The versions whose training sets held conversations with a person's words, erased since or not.

    `replace`: the models of which such a version answers now; erased words leave it when they are compiled anew.
    """

    person: Id
    lessons: int
    versions: list[LearntVersion]
    replace: list[Id]


class People(Shape):
    people: list[PersonRow]


class SignInWanted(Shape):
    """Whose login, e-mail or id this is, case folded; only services ask."""

    login: str


class SignIn(Shape):
    person: Id | None


class SignInLinkWanted(Shape):
    """A person by id, login or e-mail. Asked at the command line, by the owner or an administrator."""

    person: str


class SignInLink(Shape):
    """Signs the person in once, within a day."""

    person: Id
    url: str


class GroupWanted(Shape):
    group: Id


class GroupRow(Shape):
    """`last_position`: of its last message. `revision`: of its log stream. `instructions`: of an assistant chat, its person's."""

    id: Id
    name: str
    names: dict[str, str]
    use: GroupUse
    members: list[Member]
    answers: Answers
    archived: bool
    topic: str | None = None
    instructions: str | None = None
    created_by: str = ""
    revision: int = 0
    last_position: int | None = None


class Groups(Shape):
    groups: list[GroupRow]


class UnreadWanted(Shape):
    """`marks`: by group, the position up to which the asker has read; a group without one was never read."""

    marks: dict[Id, int] = Field(default={}, max_length=10_000)


class UnreadGroup(Shape):
    """Messages of others after the mark, at most 100 of them; `mentions`: those that name the asker."""

    group: Id
    unread: int
    mentions: int
    last_position: int | None


class Unread(Shape):
    """The groups that the asker is in and that aren't archived."""

    groups: list[UnreadGroup]


class MessagesSearched(Shape):
    """A text to look for in the messages of the asker's groups, case and width of its letters apart."""

    text: Annotated[str, Field(min_length=1, max_length=200)]
    group: Id | None = None
    before: int | None = Field(default=None, description="A `next` of the page before.")
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class MessagesWanted(Shape):
    """A page of a group's messages, oldest first, after a position; or the last ones before one."""

    group: Id
    after: int | None = None
    before: int | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class Reaction(Shape):
    """`by`: who reacted so, in order."""

    reaction: str
    by: list[Actor]


class Failure(Shape):
    """Why a virtual user's last try to answer failed."""

    code: str
    message: str


class Answering(Shape):
    """A virtual user of which an answer is awaited: `open`, `retry` (asked again after a failure), `stopping` (somebody asked
    it to stop); or which `failed` and may be asked again."""

    virtual_user: Id
    model: Id
    state: Literal["open", "failed", "retry", "stopping"]


class Taught(Shape):
    """A lesson that was made from a message. `version`: of its model's active version, when that has learnt its present form.

    `proposed`: it is a proposal that nobody has decided on, and `lesson` is the proposal's id.
    """

    lesson: Id
    kind: Literal["qa", "conversation"]
    model: Id
    active: bool
    proposed: bool
    version: int | None
    by: str = Field(description="Who taught or proposed it.")


class ThreadNotice(Shape):
    """Something that happened to the group, as a line between its messages. `name`: the new one, of `renamed`."""

    kind: Literal["created", "joined", "left", "renamed", "archived"]
    member: Member | None = None
    name: str | None = None
    by: str


class MessageRow(Shape):
    """A message or an answer; or, with `notice`, something that happened to the group: then author and text are empty."""

    id: Id
    group: Id
    position: int
    time: str
    author: str = Field(description="`person:<id>`, `module:<name>` or `virtual_user:<id>`.")
    text: str
    reply_to: Id | None
    deleted: bool
    edited: bool
    edited_at: str | None = None
    mentions: list[Member] = Field(default=[], description="As given; `@name` in the text mentions too.")
    reactions: list[Reaction] = []
    marks: dict[Actor, Verdict] = {}
    answering: list[Answering] = []
    failures: dict[Id, Failure] = Field(default={}, description="By virtual user.")
    question: Id | None = None
    asker: Actor | None = None
    model: Id | None = None
    version: int | None = None
    known: bool | None = None
    provider: Id | None = None
    milliseconds: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    lessons: list[Id] = []
    failure: str | None = None
    taught: list[Taught] = []
    notice: ThreadNotice | None = None


class MessageWanted(Shape):
    message: Id


class Messages(Shape):
    """At most 850 KB, so a page may be shorter than its limit."""

    messages: list[MessageRow]


class FoundMessages(Shape):
    """Newest first."""

    messages: list[MessageRow]
    next: int | None


class WhyLesson(Shape):
    """A lesson that resembles what was asked, as it stood then. `given`: the model got it together with the question;
    `uncompiled`: the version had not learnt it in this form."""

    lesson: Id
    kind: Literal["qa", "conversation"]
    model: Id
    section: str
    question: str
    answer: str
    score: float
    added_by: str
    added_at: str
    given: bool
    uncompiled: bool


class Why(Shape):
    """What an assistant's answer may rest on: resemblance proves nothing. `position`: of the training set that was looked at,
    the version's, or the present one when the base model answered. The most alike lessons first, at most 5."""

    message: Id
    question: str = Field(description="What was asked, as it reads now; empty when it was taken back.")
    model: Id
    version: int | None
    position: int
    lessons: list[WhyLesson]


class QuestionWanted(Shape):
    """A message, as the chat service needs it to decide who answers."""

    message: Id


class AnswererRow(Shape):
    """A virtual user that should answer; `answered`: it has, `failed`: it tried, `retry`: a person asks again, `stopped`: a
    person wants no answer any more, and it hasn't been said yet that there is none."""

    virtual_user: Id
    model: Id
    answered: bool
    failed: bool
    retry: bool
    stopped: bool = False


class QuestionRow(Shape):
    """`context`: the messages before the question, oldest first, at most 40. `instructions`: the asker's own, of an
    assistant chat."""

    message: MessageRow
    answerers: list[AnswererRow]
    context: list[MessageRow]
    instructions: str | None = None


class OpenQuestionsWanted(Shape):
    """Questions that still lack an answer or a failure, oldest first."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100


class OpenQuestions(Shape):
    messages: list[Id]


# finding anything -----------------------------------------------------------------------------------------------------


class FindWanted(Shape):
    """Whatever has a name that holds all these words. `limit`: of each kind."""

    text: Annotated[str, Field(max_length=200)]
    limit: Annotated[int, Field(ge=1, le=20)] = 5


class FoundRow(Shape):
    """`name`: as it is shown; of a lesson its question. `rank` 0: the name begins so, 1: a word of it does, 2: it holds it.

    `model`: of a model itself, of a lesson and a compilation whose they are. `version`: active, or the compilation's.
    """

    kind: Literal["model", "group", "person", "lesson", "compilation"]
    id: Id
    name: str
    rank: int
    model: Id | None = None
    version: int | None = None


class Found(Shape):
    """Per kind the best first; lessons and compilations for trainers, administrators and auditors only."""

    found: list[FoundRow]


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


class SequenceWanted(Shape):
    """Where to begin to follow EV: `position` is the last one that was seen; 0 for everything."""

    position: Annotated[int, Field(ge=0)]


class Sequence(Shape):
    """`start`: the `opt_start_seq` of a consumer that is to get what comes after the position; `last`: EV's last sequence."""

    position: int
    start: int
    last: int


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
    "assistants": (AssistantsWanted, Assistants),
    "models": (ModelsWanted, Models),
    "model": (ModelWanted, ModelRow),
    "system_messages": (SystemMessagesWanted, SystemMessages),
    "affected": (AffectedWanted, Affected),
    "providers": (Nothing, Providers),
    "lesson": (LessonWanted, LessonRow),
    "lesson_revisions": (LessonRevisionsWanted, LessonRevisions),
    "lessons": (LessonsWanted, Lessons),
    "lesson_table": (LessonTableWanted, LessonTable),
    "training_page": (TrainingPageWanted, TrainingPage),
    "conflicts": (ConflictsWanted, Conflicts),
    "nearest": (NearestWanted, Nearest),
    "resemblances": (ResemblancesWanted, Resemblances),
    "known_questions": (KnownWanted, Known),
    "personal_data": (PersonalDataWanted, PersonalData),
    "difference": (DifferenceWanted, Difference),
    "imported": (ImportedWanted, ImportedLessons),
    "undone": (UndoneWanted, Undone),
    "proposals": (ProposalsWanted, Proposals),
    "proposal": (ProposalWanted, ProposalRow),
    "modules": (Nothing, Modules),
    "notices": (NoticesWanted, Notices),
    "preflight": (PreflightWanted, Preflight),
    "compilations": (CompilationsWanted, Compilations),
    "compilation": (CompilationWanted, CompilationRow),
    "evaluation": (EvaluationWanted, Evaluation),
    "open_compilations": (Nothing, Compilations),
    "last_success": (LastSuccessWanted, MaybeCompilation),
    "find": (FindWanted, Found),
    "people": (Nothing, People),
    "person": (PersonWanted, PersonRow),
    "learnt_from": (PersonWanted, LearntFrom),
    "sign_in": (SignInWanted, SignIn),
    "sign_in_link": (SignInLinkWanted, SignInLink),
    "groups": (Nothing, Groups),
    "group": (GroupWanted, GroupRow),
    "messages": (MessagesWanted, Messages),
    "message": (MessageWanted, MessageRow),
    "search_messages": (MessagesSearched, FoundMessages),
    "unread": (UnreadWanted, Unread),
    "why": (MessageWanted, Why),
    "question": (QuestionWanted, QuestionRow),
    "open_questions": (OpenQuestionsWanted, OpenQuestions),
    "history": (HistoryWanted, History),
    "chain": (Nothing, ChainChecked),
    "state": (Nothing, SystemState),
    "sequence": (SequenceWanted, Sequence),
    "rebuild": (Nothing, SystemState),
    "ask": (AskWanted, Asked),
}
"""Every query's name with what it asks and what it answers. `ask` is answered by chat, `preflight` by the
compiler, `sequence` by commands, `sign_in_link` by web, the others by projections. `rebuild` starts building
the read models anew beside the serving ones, which is what it has instead of an effect on the log."""
