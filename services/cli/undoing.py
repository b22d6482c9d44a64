"""Taking an import back, newest change first; interrupted, it can be done again."""

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from services.cli.client import Client
from services.cli.screen import Bar
from services.refusals import Refused

AT_ONCE: Final = 64
_NAMESPACE: Final = uuid.UUID("0b1c6f70-53de-5f1d-8bcb-3a3f5a0c7f4e")
_FIELDS: Final = {
    "qa": ("question", "answer", "section", "purpose", "language", "notes", "held_back"),
    "conversation": ("messages", "train_as", "straight_question", "section", "language", "notes", "held_back"),
}


@dataclass
class Undone:
    """How many changes were taken back, and which weren't."""

    undone: int = 0
    left: list[dict[str, Any]] = field(default_factory=list)


async def undo_import(client: Client, id: str, bar: Bar) -> Undone:
    """Everything that the import changed. Raises `Refused` when there is no such import."""
    undone, before = Undone(), None
    room = asyncio.Semaphore(AT_ONCE)
    while True:
        wanted = {"import_id": id, "limit": 500} | ({"before": before} if before is not None else {})
        page = await client.query("imported", wanted)
        rows = page["lessons"]
        if not rows and before is None:
            raise Refused("unknown_import", f"There is no import {id}, or it added nothing.", {"import": "unknown"})
        lessons: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            lessons.setdefault(row["lesson"], []).append(row)
        # One lesson's changes go back in their order, different lessons at once.
        await asyncio.gather(*(_undo_all(client, id, changes, undone, room) for changes in lessons.values()))
        bar.update(undone.undone + len(undone.left))
        before = page["next"]
        if before is None:
            return undone


async def _undo_all(
    client: Client, id: str, changes: list[dict[str, Any]], undone: Undone, room: asyncio.Semaphore
) -> None:
    async with room:
        for row in changes:
            await _undo(client, id, row, undone)


async def _undo(client: Client, id: str, row: dict[str, Any], undone: Undone) -> None:
    if row["touched_since"]:
        undone.left.append(row | {"message": "somebody changed it since"})
        return
    try:
        fact, data = await _inverse(client, row)
        own = _fact_id(id, row)
        await client.report(fact, data, subject=row["lesson"], id=own, correlation=f"undo-{id}"[:128])
        undone.undone += 1
    except Refused as refused:
        if refused.code not in ("nothing_changes", "proposal_closed"):
            undone.left.append(row | {"message": refused.message})


async def _inverse(client: Client, row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    match row["fact"]:
        case "QAAdded" | "QAReactivated":
            return "QADeactivated", {}
        case "QADeactivated":
            return "QAReactivated", {}
        case "ConversationTrained" | "ConversationReactivated":
            return "ConversationDeactivated", {}
        case "ConversationDeactivated":
            return "ConversationReactivated", {}
        case "LessonProposed":
            return "ProposalWithdrawn", {}
    before = await client.query("lesson", {"lesson": row["lesson"]}, at=row["position"] - 1)
    if row["fact"] == "QAMoved":
        return "QAMoved", {"to": before["model"]}
    kind = row["kind"]
    return ("QARevised" if kind == "qa" else "ConversationRevised"), {name: before[name] for name in _FIELDS[kind]}


def _fact_id(id: str, row: dict[str, Any]) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{id} {row['position']}"))
