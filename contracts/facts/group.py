"""Groups: where people and assistants talk."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.facts.fact import ANYONE, Fact, derived
from contracts.identifiers import Language, Member
from contracts.text import Label, SealedFor, Text, Title

GroupUse = Literal["group", "direct", "assistant"]
Answers = Literal["mentions", "every"]
Instructions = Annotated[Text, SealedFor("actor")]
OwnTitle = Annotated[Title, SealedFor("actor")]
Members = Annotated[tuple[Member, ...], Field(max_length=1_000)]


class GroupCreated(Fact):
    """A place to talk. `direct`: two members, who have one such chat; `assistant`: one person and the virtual user of the
    person's assistant, private for good: its name is kept sealed, as `title`, and `name` is then the assistant's.
    """

    kind = "group"
    reporters = ANYONE
    begins = True

    name: Label
    names: dict[Language, Label] = Field(default_factory=dict, max_length=50)
    use: GroupUse = "group"
    members: Members = ()
    answers: Answers = Field(default="mentions", description="When virtual users answer: mentioned, or every message.")
    topic: Label | None = Field(default=None, description="What is talked about here.")
    instructions: Instructions | None = Field(
        default=None, description="Of an assistant chat: what its person asks of every answer in it."
    )
    title: OwnTitle | None = derived(None, "Of an assistant chat: the name that its person gave it.")


class GroupRevised(Fact):
    """What is given replaces what was; the rest stays."""

    kind = "group"
    reporters = ANYONE

    name: Label | None = None
    names: dict[Language, Label] | None = Field(default=None, max_length=50)
    answers: Answers | None = None
    topic: Label | None = None
    instructions: Instructions | None = None
    title: OwnTitle | None = derived(None, "Of an assistant chat: the name that its person gave it.")


class MemberJoined(Fact):
    """A person or virtual user takes part from now on."""

    kind = "group"
    reporters = ANYONE

    member: Member


class MemberLeft(Fact):
    """A person or virtual user takes no part any more."""

    kind = "group"
    reporters = ANYONE

    member: Member


class GroupArchived(Fact):
    """Nobody writes here any more; everything stays readable to its members."""

    kind = "group"
    reporters = ANYONE
