"""Models: the definition of an assistant, its place in the hierarchy and the version that answers."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.facts.fact import ANYONE, DERIVED, PERSON, Digest, Fact, Ordinal, Part, Share, derived
from contracts.facts.provider import Target
from contracts.identifiers import Id, Language
from contracts.text import Label, Notes, Text

Use = Literal["arbiter", "personal"]
Takes = Literal["all", "qas", "none"]
ChangeReason = Literal["compiled", "chosen", "rolled_back", "retired"]


class LineageRule(Part):
    """What a model's training set takes in from its relatives. Only the compiled model's own rule counts."""

    descendants: Takes = "all"
    ancestors: Takes = "none"


class SelfCompilation(Part):
    """When a model is compiled without anybody asking. Something must have changed since it was compiled last."""

    nightly: bool = False
    waiting: Ordinal | None = Field(default=None, description="As soon as so many lessons wait; null: never.")


Sections = Annotated[tuple[Label, ...], Field(max_length=200)]


class ModelDefined(Fact):
    """An assistant exists."""

    kind = "model"
    reporters = ANYONE
    begins = True

    name: Label
    names: dict[Language, Label] = Field(default_factory=dict, max_length=50)
    system_message: Text | None = None
    provider: Id | None = Field(default=None, description="None: it can't be compiled and serves only as a child.")
    parent: Id | None = None
    virtual_user: Id | None = Field(default=None, description="None: it isn't in chats.")
    use: Use = "arbiter"
    default: bool = False
    activate_automatically: bool = True
    lineage: LineageRule = LineageRule()
    acceptance: Share | None = Field(default=None, description="Lowest share of validation questions that must pass.")
    uncompiled_lessons: bool = Field(default=False, description="Answers may use lessons that aren't compiled yet.")
    held_back_sections: Sections = Field(default=(), description="Sections whose lessons relatives don't take in.")
    compiles_itself: SelfCompilation = SelfCompilation()
    notes: Notes = ""
    name_keys: tuple[str, ...] = derived((), "Folded names, by which names are unique.")


class ModelRevised(Fact):
    """What is given replaces what was; the rest stays. A provider of null takes the provider away."""

    kind = "model"
    reporters = ANYONE

    name: Label | None = None
    names: dict[Language, Label] | None = Field(default=None, max_length=50)
    provider: Id | None = None
    use: Use | None = None
    activate_automatically: bool | None = None
    lineage: LineageRule | None = None
    acceptance: Share | None = None
    uncompiled_lessons: bool | None = None
    held_back_sections: Sections | None = None
    compiles_itself: SelfCompilation | None = None
    notes: Notes | None = None
    name_keys: tuple[str, ...] | None = derived(None, "Folded names, when names change.")


class SystemMessageSet(Fact):
    """The first message of every example and every answer; null takes it away."""

    kind = "model"
    reporters = ANYONE

    system_message: Text | None


class ParentAssigned(Fact):
    """The model stands below this parent; null makes it a root."""

    kind = "model"
    reporters = ANYONE

    parent: Id | None


class VirtualUserLinked(Fact):
    """The model takes part in chats as this virtual user; null takes it out."""

    kind = "model"
    reporters = ANYONE

    virtual_user: Id | None


class DefaultModelChosen(Fact):
    """The model answers when nobody chose one."""

    kind = "model"
    reporters = PERSON


class ModelArchived(Fact):
    """The model is out of use: it neither learns, compiles, answers nor contributes to relatives."""

    kind = "model"
    reporters = ANYONE


class ModelRestored(Fact):
    """An archived model is in use again."""

    kind = "model"
    reporters = PERSON


class VersionChosen(Fact):
    """A person makes an earlier or not yet active version the active one."""

    kind = "model"
    reporters = PERSON

    version: Ordinal


class ActiveVersion(Part):
    """All that chat needs to let a version answer."""

    version: Ordinal
    compilation: Id
    target: Target
    provider: Id
    base_model: str
    compiled_model: str
    position: int = Field(ge=0, description="The pinned position of its training set.")
    training_set: Digest


class ActiveVersionChanged(Fact):
    """From now on `new` answers for the model; null: no version does."""

    kind = "model"
    reporters = DERIVED

    old: int | None
    new: ActiveVersion | None
    reason: ChangeReason
