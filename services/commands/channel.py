"""The channel of an event: who may follow it, and under which model or group it stands on the bus."""

from contracts.facts import Kind
from services.commands.states import Model

SHARED_PROVIDERS = "shared.provider._"


def of_model(kind: Kind, model: Model | None, id: str) -> str:
    """A model, its lessons or compilations: shared under the model's id; private when the model is personal."""
    return f"private.{kind}._" if model is not None and model.use == "personal" else f"shared.{kind}.{id}"


def of_group(kind: Kind, group: str) -> str:
    """A group and its messages: always private."""
    return f"private.{kind}.{group}"


PEOPLE = "private.person._"
