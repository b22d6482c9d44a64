"""What an import brings in: counted at once, and held against the log, because another one may have been quicker."""

from dataclasses import dataclass, field
from typing import Any, Final

from services.bus.plain import Plain
from services.importing.report import Report

COMPARED: Final = 1_000
"""Rows that are looked up together."""


@dataclass(frozen=True, slots=True)
class Came:
    """A row that was accepted at the position. `marks`: what is to be seen in it."""

    position: int
    became: str | None
    marks: list[dict[str, Any]] = field(default_factory=list)


class Coming:
    """The accepted rows of one import. A row has the same id in each import of its file: the log has it once."""

    def __init__(self, client: Plain, id: str, report: Report, *, dry: bool) -> None:
        self._client, self._id, self._report, self._dry = client, id, report, dry
        self._came: list[Came] = []

    def take(self, one: Came) -> None:
        """It was accepted."""
        self._report.count(one.became)
        if self._dry:
            self._mark(one)
        else:
            self._came.append(one)

    async def compare(self, at_least: int = 1) -> None:
        """What another import of the same rows brought meanwhile was known already; Undo of this one leaves it there."""
        if len(self._came) < at_least:
            return
        came, self._came = self._came, []
        own = await self._positions(min(one.position for one in came), max(one.position for one in came))
        for one in came:
            if one.position in own:
                self._mark(one)
            else:
                self._report.count(one.became, -1)
                self._report.unchanged += 1

    async def _positions(self, first: int, last: int) -> set[int]:
        """Where this import changed something."""
        found: set[int] = set()
        before: int | None = last + 1
        while before is not None and before > first:
            wanted = {"import_id": self._id, "before": before, "limit": COMPARED}
            page = await self._client.query("imported", wanted)
            found |= {row["position"] for row in page["lessons"]}
            before = page["next"]
        return found

    def _mark(self, one: Came) -> None:
        for mark in one.marks:
            self._report.mark(mark)
