"""Groups, messages and people as the rules see them. What people said is not kept: no rule reads it."""

from dataclasses import dataclass, field, replace
from typing import Any

from contracts.envelope import Envelope
from contracts.facts import Fact
from contracts.facts.group import (
    Answers,
    GroupArchived,
    GroupCreated,
    GroupRevised,
    GroupUse,
    MemberJoined,
    MemberLeft,
)
from contracts.facts.message import (
    AnswerFailed,
    AnswerMarked,
    AnswerPosted,
    AnswerStopRequested,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    ReactionAdded,
    ReactionRemoved,
    RetryRequested,
)
from contracts.facts.person import (
    ModelUnwatched,
    ModelWatched,
    NoticesRead,
    PersonAdded,
    PersonErased,
    PersonRevised,
    RoleName,
)
from services.commands.states.state import State, given


@dataclass(frozen=True, slots=True)
class Group(State):
    """A place to talk."""

    name: str
    names: dict[str, str]
    use: GroupUse
    members: frozenset[str]
    answers: Answers
    topic: str | None = None
    instructions: object = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Message(State):
    """A message or an answer. Of virtual users: `failed`, whose last try to answer it failed; `stopped`, whose answer somebody
    stopped and nobody asked for again."""

    group: str
    author: str
    text: object
    question: str | None = None
    deleted: bool = False
    reactions: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    failed: frozenset[str] = field(default_factory=frozenset)
    retrying: frozenset[str] = field(default_factory=frozenset)
    stopped: frozenset[str] = field(default_factory=frozenset)
    marks: frozenset[tuple[str, str]] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Person(State):
    """Somebody of the company."""

    name: object
    login: object
    email: object
    language: str
    roles: tuple[RoleName, ...]
    assistant: str | None
    erased: bool = False
    watches: frozenset[str] = frozenset()
    notices_read: int = 0


def evolve_group(state: Group | None, id: str, data: Fact) -> Group:
    """Fold one event in."""
    if isinstance(data, GroupCreated):
        members, name = frozenset(data.members), data.title if isinstance(data.title, str) else data.name
        return Group(
            id, 1, name, dict(data.names), data.use, members, data.answers, data.topic, instructions=data.instructions
        )
    assert state is not None, f"{type(data).__name__} before GroupCreated"
    state = replace(state, revision=state.revision + 1)
    match data:
        case GroupRevised():
            titled: dict[str, Any] = {"name": data.title} if data.title is not None else {}
            return replace(state, **titled, **given(data, "name", "names", "answers", "topic", "instructions"))
        case MemberJoined():
            return replace(state, members=state.members | {data.member})
        case MemberLeft():
            return replace(state, members=state.members - {data.member})
        case GroupArchived():
            return replace(state, archived=True)
        case _:
            return state


def evolve_message(state: Message | None, event: Envelope) -> Message:
    """Fold one event in."""
    data, id = event.data, event.subject or event.id
    if isinstance(data, MessagePosted):
        return Message(id, 1, data.group, event.actor, data.text)
    if isinstance(data, AnswerPosted):
        return Message(id, 1, data.group, f"virtual_user:{data.virtual_user}", data.text, question=data.question)
    assert state is not None, f"{event.type} before MessagePosted"
    return _next_message(replace(state, revision=state.revision + 1), event)


def _next_message(state: Message, event: Envelope) -> Message:
    match data := event.data:
        case MessageEdited():
            return replace(state, text=data.text)
        case MessageDeleted():
            return replace(state, deleted=True)
        case ReactionAdded():
            return replace(state, reactions=state.reactions | {(event.actor, data.reaction)})
        case ReactionRemoved():
            return replace(state, reactions=state.reactions - {(event.actor, data.reaction)})
        case AnswerFailed():
            failed, retrying = state.failed | {data.virtual_user}, state.retrying - {data.virtual_user}
            return replace(state, failed=failed, retrying=retrying)
        case RetryRequested():
            failed, retrying = state.failed - {data.virtual_user}, state.retrying | {data.virtual_user}
            return replace(state, failed=failed, retrying=retrying, stopped=state.stopped - {data.virtual_user})
        case AnswerStopRequested():
            return replace(state, stopped=state.stopped | {data.virtual_user})
        case AnswerMarked():
            marks = frozenset(mark for mark in state.marks if mark[0] != event.actor)
            return replace(state, marks=marks if data.verdict == "none" else marks | {(event.actor, data.verdict)})
        case _:
            return state


def evolve_person(state: Person | None, id: str, data: Fact) -> Person:
    """Fold one event in."""
    if isinstance(data, PersonAdded):
        return Person(id, 1, data.name, data.login, data.email, data.language, data.roles, data.assistant)
    assert state is not None, f"{type(data).__name__} before PersonAdded"
    state = replace(state, revision=state.revision + 1)
    match data:
        case PersonRevised():
            return replace(state, **given(data, "name", "login", "email", "language", "roles", "assistant"))
        case PersonErased():
            return replace(state, erased=True, name=None, login=None, email=None)
        case ModelWatched():
            return replace(state, watches=state.watches | {data.model})
        case ModelUnwatched():
            return replace(state, watches=state.watches - {data.model})
        case NoticesRead():
            return replace(state, notices_read=data.upto)
        case _:
            return state
