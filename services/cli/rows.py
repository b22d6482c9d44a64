"""Rows of lessons on their way in: given ids that a repeat gives again, reported many at a time in their order."""

import asyncio
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from services.cli.client import Client
from services.cli.failures import Broken, as_data
from services.cli.names import model_id
from services.cli.screen import Bar
from services.cli.seen import Seen
from services.lesson_files.rows import BadRow, Row
from services.refusals import Refused

AT_ONCE: Final = 256
AT_A_TIME: Final = 200
"""Rows that are read, and whose questions are looked up, together."""
MARKED: Final = 1_000
"""Rows of each kind that are named; the rest is counted."""
_NAMESPACE: Final = uuid.UUID("6f2a4b0e-8f5c-5d0f-9a58-3a1c1f6f7f10")


@dataclass
class Report:
    """What became of the rows. `marked`: what somebody should look at, by kind."""

    accepted: int = 0
    proposed: int = 0
    revised: int = 0
    unchanged: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"duplicates": 0, "conflicts": 0, "personal_data": 0})
    marked: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, line: int, refused: Refused) -> None:
        """The row in this line was not accepted."""
        self.rejected.append({"line": line, **as_data(refused)})

    def mark(self, kind: str, line: int, **more: Any) -> None:
        """Somebody should look at the row in this line."""
        self.counts[kind] += 1
        if self.counts[kind] <= MARKED:
            self.marked.append({"line": line, "kind": kind, **more})


@dataclass(frozen=True, slots=True)
class _Taken:
    """A row that can be reported. `id`: the fact's, and so the new lesson's."""

    line: int
    fact: str
    data: dict[str, Any]
    id: str

    @property
    def asks(self) -> bool:
        """Whether it has a question and an answer to compare with others."""
        question, answer = self.data.get("question"), self.data.get("answer")
        return isinstance(question, str) and isinstance(answer, str) and bool(question.strip())


class Import:
    """Reports the rows of one file under one correlation, so that it can be undone as a whole."""

    def __init__(self, client: Client, id: str, model: str | None, report: Report, *, dry: bool) -> None:
        self._client, self._id, self._model, self._report, self._dry = client, id, model, report, dry
        self._head = 0
        self._ids: dict[str, str | Refused] = {}
        self._seen = Seen()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._open: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None

    async def run(
        self, rows: Iterator[Row | BadRow], bar: Bar, read: Callable[[], tuple[float, float | None]], at_a_time: int
    ) -> None:
        """All of them. `read` gives how many bytes were read, of how many. Raises `Broken` when the system goes away."""
        self._head = (await self._client.query_at("modules", {}))[0]
        while batch := await asyncio.to_thread(lambda: list(islice(rows, at_a_time))):
            await self._batch(batch)
            if self._broken is not None:
                break
            bar.update(*read())
        await asyncio.gather(*self._open, return_exceptions=True)
        self._seen.close()
        if self._broken is not None:
            raise Broken(f"{self._broken} {self._report.accepted} rows are in; run it again, nothing counts twice.")

    async def _batch(self, batch: list[Row | BadRow]) -> None:
        taken: list[_Taken] = []
        for row in batch:
            try:
                taken.append(await self._taken(row))
            except Refused as refused:
                self._report.reject(row.line, refused)
        await self._mark_known([one for one in taken if one.fact == "QAAdded"])
        for one in taken:
            self._mark_personal_data(one)
            await self._room.acquire()
            task = asyncio.create_task(self._send(one))
            self._open.add(task)
            task.add_done_callback(self._done)

    async def _taken(self, row: Row | BadRow) -> "_Taken":
        if isinstance(row, BadRow):
            raise Refused("malformed", row.message, row.fields)
        data = row.data | {"model": await self._model_id(row.data.get("model", self._model))}
        return _Taken(row.line, row.fact, data, self._fact_id(row.fact, data))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        self._room.release()
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._broken = self._broken or problem

    async def _send(self, row: "_Taken") -> None:
        try:
            accepted = await self._client.report(row.fact, row.data, id=row.id, correlation=self._id, dry=self._dry)
        except Refused as refused:
            if refused.code == "nothing_changes":
                self._report.unchanged += 1
            else:
                self._report.reject(row.line, refused)
            return
        if not self._dry and accepted["position"] <= self._head:
            self._report.unchanged += 1  # its first acceptance, given again
            return
        became = accepted.get("became")
        self._report.accepted += 1
        self._report.proposed += became == "LessonProposed"
        self._report.revised += became is not None and became != "LessonProposed"

    async def _mark_known(self, rows: "list[_Taken]") -> None:
        """Questions that the model answers already, and questions that stood in the file before."""
        by_model: dict[str, dict[str, list[_Taken]]] = {}
        for row in rows:
            if row.asks:
                by_model.setdefault(row.data["model"], {}).setdefault(row.data["question"], []).append(row)
        for model, asked in by_model.items():
            known = await self._client.query("known_questions", {"model": model, "questions": list(asked)})
            for one in known["known"]:
                for row in asked.get(one["question"], ()):
                    self._mark_pair(row, one["lesson"], one["answer"])
        for row in rows:
            if row.asks:
                before = self._seen.question(row.data["model"], row.data["question"], row.data["answer"], row.line)
                if before is not None:
                    kind = "duplicates" if before.same_answer else "conflicts"
                    self._report.mark(kind, row.line, with_line=before.line)

    def _mark_pair(self, row: "_Taken", lesson: str, answer: str) -> None:
        # A row that came in before is its own lesson; a record that is synchronised revises its lesson.
        if lesson != row.id and row.data.get("external_id") is None:
            same = answer.strip() == row.data["answer"].strip()
            self._report.mark("duplicates" if same else "conflicts", row.line, lesson=lesson)

    def _mark_personal_data(self, row: "_Taken") -> None:
        from services.personal_data.finding import kinds

        texts = [row.data.get("question"), row.data.get("answer")]
        texts += [one.get("content") for one in row.data.get("messages") or () if isinstance(one, dict)]
        found = sorted({kind for text in texts if isinstance(text, str) for kind in kinds(text)})
        if found:
            self._report.mark("personal_data", row.line, found=found)

    async def _model_id(self, given: Any) -> Any:
        if given is None:
            raise Refused("malformed", "The row names no model.", {"model": "is missing"})
        if not isinstance(given, str):
            raise Refused("malformed", "The model must be an id or a name.", {"model": "must be a text"})
        if given not in self._ids:
            try:
                self._ids[given] = await model_id(self._client, given)
            except Refused as refused:
                self._ids[given] = refused
        found = self._ids[given]
        if isinstance(found, Refused):
            raise found
        return found

    def _fact_id(self, fact: str, data: dict[str, Any]) -> str:
        """The same for the same row said by the same, wherever it stands; the nth of equal rows has its own."""
        said = [self._client.module, self._client.actor, fact, data]
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()[:16]
        return str(uuid.uuid5(_NAMESPACE, f"{digest.hex()}#{self._seen.row(digest)}"))
