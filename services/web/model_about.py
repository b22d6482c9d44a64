"""What the pages of a model say of it: its place, its provider, what it takes in, and what it was told last."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.queries import ModelRow, Models, Notices, ProviderRow, Providers, SystemMessages
from services.refusals import Refused
from services.web.directory import named
from services.web.views.tree import Branch, tree
from services.web.visitor import Visitor


async def about(visitor: Visitor, id: str) -> dict[str, Any]:
    """What parts/model_standing.html and parts/system_message.html need. Raises `Refused`: `unknown_model`."""
    models, providers, notified, messages, everybody = await asyncio.gather(
        visitor.ask("models", archived=True), visitor.ask("providers"), visitor.ask("notices", limit=1),
        visitor.ask("system_messages", model=id, limit=20), visitor.house.directory.everybody(),
    )  # fmt: skip
    revisions: SystemMessages = messages
    known: Models = models
    notices: Notices = notified
    by_id = {one.id: one for one in known.models}
    if id not in by_id:
        raise Refused("unknown_model", visitor.text("There is no such model."))
    model = by_id[id]
    return {
        "model": model, "models": by_id, "branch": _branch(visitor, model, known, providers),
        "provider": _provider(model, providers), "path_up": _path_up(model, by_id), "watching": id in notices.watching,
        "is_admin": visitor.has("administrator") and not model.archived,
        "can_teach": visitor.has("trainer") and not model.archived,
        "takes": _takes(model, known), "latest": next(iter(revisions.revisions), None),
        "told": told(model, revisions) if model.active else None, "named": lambda actor: named(everybody, actor),
    }  # fmt: skip


def _branch(visitor: Visitor, model: ModelRow, known: Models, providers: Providers) -> Branch:
    by_id = {one.id: one for one in providers.providers}
    return next(one for one in tree(known.models, by_id, datetime.now(visitor.zone).date()) if one.model.id == model.id)


def _provider(model: ModelRow, providers: Providers) -> ProviderRow | None:
    return next((one for one in providers.providers if one.id == model.provider), None)


def _path_up(model: ModelRow, models: Mapping[str, ModelRow]) -> list[ModelRow]:
    above: list[ModelRow] = []
    parent = models.get(model.parent or "")
    while parent is not None:
        above.insert(0, parent)
        parent = models.get(parent.parent or "")
    return above


def _takes(model: ModelRow, known: Models) -> list[ModelRow]:
    """The children that it takes lessons from."""
    return [one for one in known.models if one.parent == model.id and not one.archived]


def told(model: ModelRow, found: SystemMessages) -> int | None:
    """The number of the revision that the active version was told; without one, of the first."""
    position = model.active.position if model.active else 0
    return next((row.number for row in found.revisions if row.position <= position), None) or min(
        (row.number for row in found.revisions), default=None
    )
