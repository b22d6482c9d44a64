"""A model as the rules see it."""

from dataclasses import dataclass, replace

from contracts.facts import Fact
from contracts.facts.model import (
    ActiveVersionChanged,
    LineageRule,
    ModelArchived,
    ModelDefined,
    ModelRestored,
    ModelRevised,
    ParentAssigned,
    SelfCompilation,
    SystemMessageSet,
    Use,
    VirtualUserLinked,
)
from services.commands.states.state import State, given


@dataclass(frozen=True, slots=True)
class Model(State):
    """An assistant's definition, and the version that answers. `left`: the compilation whose result did when it was archived."""

    name: str
    names: dict[str, str]
    system_message: object
    provider: str | None
    parent: str | None
    virtual_user: str | None
    use: Use
    activate_automatically: bool
    lineage: LineageRule
    acceptance: float | None
    uncompiled_lessons: bool
    notes: object
    held_back_sections: tuple[str, ...]
    compiles_itself: SelfCompilation
    archived: bool = False
    active: int | None = None
    active_compilation: str | None = None
    left: str | None = None


_FIELDS = (
    "name", "names", "provider", "use", "activate_automatically", "lineage", "acceptance", "uncompiled_lessons",
    "held_back_sections", "compiles_itself", "notes",
)  # fmt: skip


def evolve(state: Model | None, id: str, data: Fact) -> Model:
    """Fold one event in."""
    if isinstance(data, ModelDefined):
        return Model(
            id=id,
            revision=1,
            name=data.name,
            names=dict(data.names),
            system_message=data.system_message,
            provider=data.provider,
            parent=data.parent,
            virtual_user=data.virtual_user,
            use=data.use,
            activate_automatically=data.activate_automatically,
            lineage=data.lineage,
            acceptance=data.acceptance,
            uncompiled_lessons=data.uncompiled_lessons,
            notes=data.notes,
            held_back_sections=data.held_back_sections,
            compiles_itself=data.compiles_itself,
        )
    assert state is not None, f"{type(data).__name__} before ModelDefined"
    state = replace(state, revision=state.revision + 1)
    match data:
        case ModelRevised():
            return replace(state, **given(data, *_FIELDS))
        case SystemMessageSet():
            return replace(state, system_message=data.system_message)
        case ParentAssigned():
            return replace(state, parent=data.parent)
        case VirtualUserLinked():
            return replace(state, virtual_user=data.virtual_user)
        case ModelArchived():
            return replace(state, archived=True)
        case ModelRestored():
            return replace(state, archived=False)
        case ActiveVersionChanged(new=None):
            left = state.active_compilation if state.archived else None
            return replace(state, active=None, active_compilation=None, left=left)
        case ActiveVersionChanged(new=new) if new is not None:
            return replace(state, active=new.version, active_compilation=new.compilation)
        case _:
            return state
