"""The rules of models: names, hierarchy, virtual users, the default, and which version answers."""

from contracts.envelope import Envelope
from contracts.facts import Fact
from contracts.facts.model import (
    ActiveVersion,
    ActiveVersionChanged,
    ChangeReason,
    DefaultModelChosen,
    ModelArchived,
    ModelDefined,
    ModelRestored,
    ModelRevised,
    ParentAssigned,
    SystemMessageSet,
    VersionChosen,
    VirtualUserLinked,
)
from services.commands.channel import of_model
from services.commands.decide.event import Event
from services.commands.decide.lookups import fresh, live_model, the_compilation, the_model, the_provider
from services.commands.decide.names import free_names
from services.commands.decide.revising import changed, required
from services.commands.decide.roles import need
from services.commands.states import Compilation, Model
from services.commands.world import World
from services.refusals import Refused


def decide(world: World, fact: Envelope, id: str) -> list[Event]:
    """Only administrators and modules define and change models."""
    need(world, fact, "administrator")
    match data := fact.data:
        case ModelDefined():
            return [_defined(world, data, id)]
        case ModelRevised():
            return [_revised(world, data, id)]
        case ModelRestored():
            return _restored(world, data, id)
        case ModelArchived():
            return _archived(world, data, id)
        case VersionChosen():
            return _version_chosen(world, data, id)
        case _:
            return [_placed(world, data, id)]


def change_version(model: Model, new: ActiveVersion | None, reason: ChangeReason) -> Event:
    """The event by which another version answers for the model."""
    return _event(model, model.id, ActiveVersionChanged(old=model.active, new=new, reason=reason))


def version_of(compilation: Compilation) -> ActiveVersion:
    """What chat needs to let this compilation's result answer."""
    assert compilation.version is not None
    assert compilation.compiled_model is not None
    return ActiveVersion(
        version=compilation.version,
        compilation=compilation.id,
        target=compilation.plan.target,
        provider=compilation.plan.provider,
        base_model=compilation.plan.base_model,
        compiled_model=compilation.compiled_model,
        position=compilation.position or 0,
        training_set=compilation.sha256 or "0" * 64,
    )


def passes(model: Model, passed: int, asked: int) -> bool:
    """Whether enough validation questions passed for what the model demands now."""
    # A model that asks for proof gets none from no questions: it waits until somebody writes one.
    return not model.acceptance or (asked > 0 and passed / asked >= model.acceptance)


def _event(model: Model | None, id: str, data: Fact) -> Event:
    return Event("model", id, data, of_model("model", model, id))


def _defined(world: World, data: ModelDefined, id: str) -> Event:
    fresh(world.model(id), "model", id)
    keys = free_names(world, "model_name", id, data.name, data.names)
    _check_provider(world, data.provider)
    _check_parent(world, id, data.name, data.parent)
    _check_virtual_user(world, id, data.virtual_user)
    personal = data.use == "personal"
    if personal:
        _check_private(world, id, data.name, default=data.default)
    return Event("model", id, data.model_copy(update={"name_keys": keys}),
                 "private.model._" if personal else f"shared.model.{id}")  # fmt: skip


def _revised(world: World, data: ModelRevised, id: str) -> Event:
    model = live_model(world, id)
    required(data, "name", "names", "use", "activate_automatically", "lineage", "uncompiled_lessons",
             "held_back_sections", "compiles_itself", "notes")  # fmt: skip
    changes = changed(model, data)
    if "provider" in changes:
        _check_provider(world, data.provider)
    event = data
    if "name" in changes or "names" in changes:
        given = data.changes()
        keys = free_names(world, "model_name", id, given.get("name", model.name), given.get("names", model.names))
        event = data.model_copy(update={"name_keys": keys})
    use = changes.get("use", model.use)
    if use == "personal":
        _check_private(world, id, model.name, default=world.unique("default", "model") == id)
    elif model.use == "personal" and world.unique("private", id) is not None:
        raise Refused("personal_model", f"{model.name} has learnt what was taught it in private, so it stays personal; "
                      "define another model for everybody.", {"data.use": "has private lessons"})  # fmt: skip
    # A change of use stands where the stricter of both would stand: what becomes private says so in private only.
    channel = "private.model._" if "personal" in (use, model.use) else f"shared.model.{id}"
    return Event("model", id, event, channel)


def _placed(world: World, data: Fact, id: str) -> Event:
    model = live_model(world, id)
    match data:
        case SystemMessageSet():
            if model.system_message == data.system_message:
                raise Refused("nothing_changes", f"{model.name} has this system message already.")
        case ParentAssigned():
            if model.parent == data.parent:
                raise Refused("nothing_changes", f"{model.name} is there already.")
            _check_parent(world, id, model.name, data.parent)
        case VirtualUserLinked():
            if model.virtual_user == data.virtual_user:
                raise Refused("nothing_changes", f"{model.name} is linked like this already.")
            _check_virtual_user(world, id, data.virtual_user)
        case DefaultModelChosen():
            if world.unique("default", "model") == id:
                raise Refused("nothing_changes", f"{model.name} is the default already.")
            if model.use == "personal":
                _check_private(world, id, model.name, default=True)
    return _event(model, id, data)


def _restored(world: World, data: ModelRestored, id: str) -> list[Event]:
    model = the_model(world, id)
    if not model.archived:
        raise Refused("nothing_changes", f"{model.name} isn't archived.")
    events = [_event(model, id, data)]
    # What answered when it was archived answers again, unless it is gone at its provider.
    before = world.compilation(model.left) if model.left is not None else None
    if before is None or not before.can_answer:
        return events
    return [*events, change_version(model, version_of(before), "chosen")]


def _archived(world: World, data: ModelArchived, id: str) -> list[Event]:
    model = the_model(world, id)
    if model.archived:
        raise Refused("nothing_changes", f"{model.name} is archived already.")
    if world.unique("running", id) is not None:
        raise Refused("compilation_running", f"{model.name} is being compiled; cancel that or wait.")
    if world.unique("default", "model") == id:
        raise Refused("is_default", f"{model.name} is the default model; choose another default first.")
    events = [_event(model, id, data)]
    return [*events, change_version(model, None, "retired")] if model.active else events


def _version_chosen(world: World, data: VersionChosen, id: str) -> list[Event]:
    model = live_model(world, id)
    if model.active == data.version:
        raise Refused("nothing_changes", f"Version {data.version} of {model.name} is the active one already.")
    named = world.unique("version", f"{id}/{data.version}")
    if named is None:
        raise Refused("unknown_version", f"{model.name} has no version {data.version}.", {"data.version": "unknown"})
    compilation = the_compilation(world, named)
    if not compilation.can_answer:
        gone = "is being deleted" if compilation.deleting else "no longer exists"
        raise Refused(
            "version_gone",
            f"Version {data.version} of {model.name} {gone} at its provider; choose another one, or compile again.",
        )
    if not (compilation.accepted or passes(model, compilation.passed, compilation.asked)):
        raise _not_accepted(model, data.version, compilation)
    reason: ChangeReason = "rolled_back" if model.active is not None and data.version < model.active else "chosen"
    return [_event(model, id, data), change_version(model, version_of(compilation), reason)]


def _not_accepted(model: Model, version: int, compilation: Compilation) -> Refused:
    name, passed, asked = model.name, compilation.passed, compilation.asked
    if not asked:
        return Refused("not_accepted", f"Version {version} of {name} was asked no validation questions; write some and "
                       f"compile again, or no longer demand that a share of them passes.")  # fmt: skip
    return Refused("not_accepted", f"Version {version} of {name} passed {passed} of {asked} validation questions, which is "
                   "not enough; lower the acceptance, or teach more and compile again.")  # fmt: skip


def _check_private(world: World, id: str, name: str, *, default: bool) -> None:
    if default:
        raise Refused("personal_model", f"{name} would answer everybody as the default, so it can't be personal; "
                      "choose another default.", {"data.use": "is the default"})  # fmt: skip
    if "," in (world.unique("assistants", id) or ""):
        raise Refused("personal_model", f"{name} is the assistant of several people, so it can't be personal.",
                      {"data.use": "serves several"})  # fmt: skip


def _check_provider(world: World, id: str | None) -> None:
    if id is not None and (provider := the_provider(world, id, "data.provider")).retired:
        raise Refused("provider_retired", f"{provider.name} is retired; choose another.", {"data.provider": "retired"})


def _check_virtual_user(world: World, id: str, virtual_user: str | None) -> None:
    owner = world.unique("virtual_user", virtual_user) if virtual_user is not None else None
    if owner not in (None, id):
        raise Refused(
            "virtual_user_taken",
            f"The virtual user {virtual_user} belongs to the model {_called(world, owner)}; it can have only one.",
            {"data.virtual_user": "taken"},
        )


def _check_parent(world: World, id: str, name: str, parent: str | None) -> None:
    if parent is None:
        return
    if parent == id:
        raise Refused("cycle", f"{name} can't be its own parent.", {"data.parent": "is the model itself"})
    above: str | None = live_model(world, parent, "data.parent").id
    while above is not None:
        if above == id:
            raise Refused("cycle", f"{_name(world, parent)} is below {name}, so it can't be its parent.",
                          {"data.parent": "stands below"})  # fmt: skip
        above = world.unique("parent", above)


def _called(world: World, id: str | None) -> str:
    model = world.model(id) if id else None
    return f"{_name(world, id)}, which is archived" if model and model.archived else _name(world, id)


def _name(world: World, id: str | None) -> str:
    model = world.model(id) if id else None
    return model.name if model else str(id)
