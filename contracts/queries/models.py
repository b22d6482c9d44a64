"""Queries about models and providers."""

from typing import Annotated

from pydantic import Field

from contracts.facts.compilation import Status
from contracts.facts.model import ActiveVersion, LineageRule, SelfCompilation, Use
from contracts.facts.provider import Limits, Prices, ProviderKind, Target
from contracts.identifiers import Id
from contracts.queries.shape import Shape


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
    """`own` and `inherited` count what the training set takes; `waiting` what the next version would add, change or remove
    against the active one, as the query `difference` says; `untried` the same against the latest compilation, whatever
    became of it."""

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
    system_message_untried: bool = Field(
        default=False, description="Whether the system message is another than at the latest compilation."
    )


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
