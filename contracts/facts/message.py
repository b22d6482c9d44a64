"""Messages of a chat, and the answers that assistants give."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.facts.fact import CHAT, PERSON, Counter, Fact, Ordinal, derived
from contracts.identifiers import Actor, Id, Member
from contracts.text import Line, Notes, RawError, SealedFor, Text

Verdict = Literal["right", "wrong", "none"]


class MessagePosted(Fact):
    """A person said something in a group. Who is mentioned: `mentions`, and every `@name` in the text."""

    kind = "message"
    reporters = frozenset({"person", "module"})
    begins = True

    group: Id
    text: Annotated[Text, SealedFor("actor")]
    reply_to: Id | None = None
    mentions: tuple[Member, ...] = Field(default=(), max_length=100)


class MessageEdited(Fact):
    """The author changed the text."""

    kind = "message"
    reporters = PERSON

    text: Annotated[Text, SealedFor("actor")]
    group: Id | None = derived(None, "The message's group.")


class MessageDeleted(Fact):
    """The author took the message back; its place in the chat stays."""

    kind = "message"
    reporters = PERSON

    group: Id | None = derived(None, "The message's group.")


class ReactionAdded(Fact):
    """A person reacted to a message."""

    kind = "message"
    reporters = PERSON

    reaction: Annotated[str, Field(min_length=1, max_length=16)]
    group: Id | None = derived(None, "The message's group.")


class ReactionRemoved(Fact):
    """A person took a reaction back."""

    kind = "message"
    reporters = PERSON

    reaction: Annotated[str, Field(min_length=1, max_length=16)]
    group: Id | None = derived(None, "The message's group.")


class AnswerPosted(Fact):
    """A virtual user answered. Its id and subject are uuid5(question, virtual user), so it answers once."""

    kind = "message"
    reporters = CHAT
    begins = True

    group: Id
    question: Id = Field(description="The message that is answered.")
    virtual_user: Id
    asker: Actor = Field(description="Who asked; the answer takes this person's key.")
    text: Annotated[Text, SealedFor("asker")]
    answering_model: Id
    version: Ordinal | None = Field(default=None, description="None: the base model answered.")
    known: bool | None = Field(default=None, description="Whether it knew; null where the provider can't tell.")
    provider: Id | None = None
    compiled_model: Annotated[str, Field(max_length=300)] | None = None
    lessons: tuple[Id, ...] = Field(default=(), max_length=50, description="Lessons given to it with the question.")
    prompt_tokens: Counter | None = None
    completion_tokens: Counter | None = None
    milliseconds: Counter | None = None


class AnswerFailed(Fact):
    """A virtual user could not answer; a person may ask for a retry."""

    kind = "message"
    reporters = CHAT

    virtual_user: Id
    code: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
    message: Line
    raw: Annotated[RawError, SealedFor("record")] = ""
    group: Id | None = derived(None, "The message's group.")


class AnswerStopRequested(Fact):
    """A person stops an answer that is awaited or growing. Its subject is the question; a retry is possible afterwards."""

    kind = "message"
    reporters = PERSON

    virtual_user: Id
    group: Id | None = derived(None, "The message's group.")


class RetryRequested(Fact):
    """A person asks for the answer again that failed or came too late. Its subject is the question."""

    kind = "message"
    reporters = PERSON

    virtual_user: Id
    group: Id | None = derived(None, "The message's group.")


class AnswerMarked(Fact):
    """A person marks an answer right or wrong without teaching."""

    kind = "message"
    reporters = PERSON

    verdict: Verdict
    notes: Annotated[Notes, SealedFor("actor")] = ""
    group: Id | None = derived(None, "The message's group.")
