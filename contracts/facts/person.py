"""People: who may do what, and whose words are whose."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.facts.fact import PERSON, Fact, Ordinal
from contracts.identifiers import Id, Language
from contracts.text import SealedFor, Title

RoleName = Literal["member", "trainer", "administrator", "auditor"]
Roles = Annotated[tuple[RoleName, ...], Field(min_length=1, max_length=4)]
OwnTitle = Annotated[Title, SealedFor("subject")]


class PersonAdded(Fact):
    """Somebody of the company, who may take part."""

    kind = "person"
    reporters = frozenset({"person", "module"})
    begins = True

    name: OwnTitle
    login: OwnTitle | None = None
    email: OwnTitle | None = None
    language: Language = "en"
    roles: Roles = ("member",)
    assistant: Id | None = Field(default=None, description="The model that serves as this person's own assistant.")


class PersonRevised(Fact):
    """What is given replaces what was; the rest stays."""

    kind = "person"
    reporters = frozenset({"person", "module"})

    name: OwnTitle | None = None
    login: OwnTitle | None = None
    email: OwnTitle | None = None
    language: Language | None = None
    roles: Roles | None = None
    assistant: Id | None = None


class PersonErased(Fact):
    """The key of this person's words is destroyed; what only they could be read with is gone for good."""

    kind = "person"
    reporters = PERSON


class ModelWatched(Fact):
    """The person, the fact's subject, wants to be told what becomes of the model."""

    kind = "person"
    reporters = PERSON

    model: Id


class ModelUnwatched(Fact):
    """The person no longer wants to be told."""

    kind = "person"
    reporters = PERSON

    model: Id


class NoticesRead(Fact):
    """The person has read their notices up to this position."""

    kind = "person"
    reporters = PERSON

    upto: Ordinal = Field(description="The position of the latest notice that was read.")
