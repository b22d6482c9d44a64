"""Queries about people and signing in."""

from pydantic import Field

from contracts.facts.person import RoleName
from contracts.facts.provider import Target
from contracts.identifiers import Id
from contracts.queries.shape import Shape


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
    """`deleted`: it is gone at its provider. `position`: the pinned one of its training set. `target`: a grounded version
    holds nothing of its own, so that words which are erased have left it."""

    model: Id
    version: int
    compilation: Id
    position: int
    active: bool
    deleted: bool
    target: Target = "fine_tune"


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
