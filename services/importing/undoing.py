"""Taking an import back, newest change first; interrupted, it can be done again."""

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from services.bus.plain import Plain
from services.importing.progress import Bar
from services.refusals import Refused

AT_ONCE: Final = 256
_NAMESPACE: Final = uuid.UUID("0b1c6f70-53de-5f1d-8bcb-3a3f5a0c7f4e")
_FIELDS: Final = {
    "qa": ("question", "answer", "section", "purpose", "language", "notes", "held_back"),
    "conversation": ("messages", "train_as", "straight_question", "section", "language", "notes", "held_back"),
}
Row = dict[str, Any]


@dataclass
class Undone:
    """How many changes were taken back, how many needed nothing because they had no effect any more, and which were left."""

    undone: int = 0
    already: int = 0
    left: list[dict[str, Any]] = field(default_factory=list)


class Undoing:
    """Takes one import back; what was taken back before stays so."""

    def __init__(self, client: Plain, id: str, at_once: int = AT_ONCE) -> None:
        self._client, self._id = client, id
        self._undone, self._head = Undone(), 0
        self._room = asyncio.Semaphore(at_once)

    async def run(self, bar: Bar) -> Undone:
        """Page by page. Raises `Refused` when there is no such import."""
        before = None
        while True:
            wanted = {"import_id": self._id, "limit": 500} | ({"before": before} if before is not None else {})
            position, page = await self._client.query_at("imported", wanted)
            self._head = self._head or position
            if not page["lessons"] and before is None:
                raise Refused(
                    "unknown_import", f"There is no import {self._id}, or it changed nothing.", {"import": "unknown"}
                )
            await self._page(page["lessons"])
            bar.update(self._undone.undone + self._undone.already + len(self._undone.left))
            before = page["next"]
            if before is None:
                return self._undone

    async def _page(self, rows: list[Row]) -> None:
        lessons: dict[str, list[Row]] = {}
        for row in rows:
            lessons.setdefault(row["lesson"], []).append(row)
        # One lesson's changes go back in their order, different lessons at once.
        await asyncio.gather(*(self._all(changes) for changes in lessons.values()))

    async def _all(self, changes: list[Row]) -> None:
        async with self._room:
            for row in changes:
                await self._one(row)

    async def _one(self, row: Row) -> None:
        if row["touched_since"]:
            self._leave(row, "somebody changed it since.")
            return
        try:
            fact, data = await _inverse(self._client, row)
            id = str(uuid.uuid5(_NAMESPACE, f"{self._id} {row['position']}"))
            correlation = f"undo-{self._id}"[:128]
            accepted = await self._client.report(fact, data, subject=row["lesson"], id=id, correlation=correlation)
        except Refused as refused:
            await self._refused(row, refused)
            return
        if accepted["position"] <= self._head:  # its first acceptance, given again
            self._undone.already += 1
        else:
            self._undone.undone += 1

    async def _refused(self, row: Row, refused: Refused) -> None:
        if refused.code == "nothing_changes":
            self._undone.already += 1
        elif refused.code != "proposal_closed":
            self._leave(row, refused.message)
        elif (await self._client.query("proposal", {"proposal": row["lesson"]}))["status"] == "approved":
            self._leave(row, "somebody approved it since.")
        else:
            self._undone.already += 1

    def _leave(self, row: Row, message: str) -> None:
        self._undone.left.append(row | {"message": message})


async def undo_import(client: Plain, id: str, bar: Bar, at_once: int = AT_ONCE) -> Undone:
    """Everything that the import changed, newest first. Raises `Refused` when there is no such import."""
    return await Undoing(client, id, at_once).run(bar)


async def _inverse(client: Plain, row: Row) -> tuple[str, dict[str, Any]]:
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
    was = {name: before[name] for name in _FIELDS[kind]} | {"undoes": row["position"]}
    return ("QARevised" if kind == "qa" else "ConversationRevised"), was
