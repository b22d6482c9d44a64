"""The rules of deleting what a compilation built: never the version that answers, unless it is gone already."""

from contracts.envelope import Envelope
from contracts.facts.compilation import CompiledModelDeleted, DeletionFailed, DeletionRequested
from services.commands.decide.compilation_request import compilation_event
from services.commands.decide.event import Event
from services.commands.decide.model import change_version
from services.commands.decide.roles import need
from services.commands.states import Compilation, Model
from services.commands.world import World
from services.refusals import Refused

Deletion = DeletionRequested | DeletionFailed | CompiledModelDeleted


def deletion(world: World, fact: Envelope, data: Deletion, compilation: Compilation, model: Model) -> list[Event]:
    """A person asks for it, the compiler reports what became of it; either may find that the model is gone."""
    need(world, fact, "administrator")
    if compilation.status != "succeeded":
        raise Refused("wrong_step", f"Nothing of this compilation can be deleted: it is {compilation.status}.")
    answers = model.active_compilation == compilation.id
    if isinstance(data, DeletionRequested):
        _check_wanted(compilation, model, answers=answers)
    if isinstance(data, DeletionFailed) and not compilation.deleting:
        raise Refused("not_requested", "Nobody asked to delete this version.")
    event = compilation_event(model, compilation.id, data.model_copy(update={"model": model.id}))
    gone = answers and isinstance(data, CompiledModelDeleted)
    return [event, change_version(model, None, "retired")] if gone else [event]


def _check_wanted(compilation: Compilation, model: Model, *, answers: bool) -> None:
    named = f"Version {compilation.version} of {model.name}"
    if compilation.plan.target != "fine_tune":
        raise Refused(
            "nothing_there", f"{named} has no model of its own at its provider: it looks answers up in its lessons."
        )
    if answers:
        raise Refused("version_active", f"{named} answers now; let another version answer first, then delete it.")
    if compilation.deleting:
        raise Refused("nothing_changes", f"{named} is being deleted already.")
