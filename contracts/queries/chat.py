"""Queries about groups and messages."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.facts.group import Answers, GroupUse
from contracts.facts.message import Verdict
from contracts.identifiers import Actor, Id, Member
from contracts.queries.shape import Shape


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
