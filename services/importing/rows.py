"""Rows of lessons on their way in: given ids that a repeat gives again, reported many at a time in their order."""

import asyncio
import hashlib
import json
import uuid
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from services.bus.plain import Plain
from services.folding import answer_key
from services.importing.coming import COMPARED, Came, Coming
from services.importing.progress import Bar
from services.importing.report import Report
from services.importing.seen import Seen
from services.lesson_files.rows import BadRow, Row
from services.naming import by_name
from services.refusals import Refused

AT_ONCE: Final = 256
"""Places for rows that wait for their answers; one place for every 8,000 characters that a row has."""
PLACE: Final = 8_000
AT_A_TIME: Final = 200
"""Rows that are read, and whose questions are looked up, together; long ones fewer."""
LARGEST_READ: Final = 2_000_000
LARGEST_LOOK: Final = 100_000
"""Characters of questions that are looked up together: six bytes each fit into one message of the bus."""
LONGEST_QUESTION: Final = 2_000
"""A longer one is refused, so nobody can have asked it."""
_NAMESPACE: Final = uuid.UUID("6f2a4b0e-8f5c-5d0f-9a58-3a1c1f6f7f10")


@dataclass(frozen=True, slots=True)
class _Taken:
    """A row that can be reported. `id`: the fact's, and so the new lesson's. `marks`: what is to be seen in it."""

    line: int
    row: int
    fact: str
    data: dict[str, Any]
    id: str
    marks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def record(self) -> str | None:
        """The record of another system that it says it is."""
        return record_of(self.data)

    @property
    def asks(self) -> bool:
        """Whether it would train a question and an answer, to be compared with others."""
        question, answer = self.data.get("question"), self.data.get("answer")
        trains = self.data.get("purpose", "training") == "training" and self.data.get("active", True) is True
        said = isinstance(question, str) and isinstance(answer, str) and bool(question.strip())
        return trains and said and len(str(question)) <= LONGEST_QUESTION

    def mark(self, kind: str, **more: Any) -> None:
        """Somebody should look at it, once for each kind."""
        if all(mark["kind"] != kind for mark in self.marks):
            self.marks.append({"line": self.line, "row": self.row, "kind": kind, **more})


class Import:
    """Reports the rows of one file under one correlation, so that it can be undone as a whole."""

    def __init__(
        self, client: Plain, id: str, model: str | None, report: Report, *, dry: bool, at_once: int = AT_ONCE
    ) -> None:
        self._client, self._id, self._model, self._report, self._dry = client, id, model, report, dry
        self._head = self._rows = 0
        self._ids: dict[str, str | Refused] = {}
        self._seen, self._coming = Seen(), Coming(client, id, report, dry=dry)
        self._room, self._at_once = asyncio.Semaphore(at_once), at_once
        self._open: set[asyncio.Task[None]] = set()
        self._known: list[_Taken] = []
        self._broken: BaseException | None = None

    async def run(
        self, rows: Iterator[Row | BadRow], bar: Bar, read: Callable[[], tuple[float, float | None]], at_a_time: int
    ) -> None:
        """All of them. `read` gives how many bytes were read, of how many. Raises `NoReply` when the system goes away."""
        self._head = (await self._client.query_at("modules", {}))[0]
        while self._broken is None and (batch := await asyncio.to_thread(_some, rows, at_a_time)):
            await self._batch(batch)
            await self._look_again()
            await self._start(self._coming.compare(COMPARED))
            bar.update(*read())
        await self._settle()
        await self._look_again()
        await self._settle()
        self._seen.close()
        if self._broken is not None:
            raise self._broken
        await self._coming.compare()

    async def _batch(self, batch: list[Row | BadRow]) -> None:
        taken: list[_Taken] = []
        for row in batch:
            self._rows += 1
            try:
                taken.append(await self._taken(row))
            except Refused as refused:
                self._report.reject(row.line, self._rows, refused)
        await self._mark_known([one for one in taken if one.fact == "QAAdded" and one.asks])
        for one in taken:
            _mark_personal_data(one)
            await self._start(self._send(one), 1 + _size(one.data) // PLACE)

    async def _taken(self, row: Row | BadRow) -> "_Taken":
        if isinstance(row, BadRow):
            raise Refused("malformed", row.message, row.fields)
        data = row.data | {"model": await self._model_id(row.data.get("model", self._model))}
        return _Taken(row.line, self._rows, row.fact, data, self._fact_id(row, data))

    async def _start(self, work: Coroutine[Any, Any, None], places: int = 1) -> None:
        places = min(places, self._at_once)
        for _ in range(places):  # nobody else takes any, so nobody waits for what another half has
            await self._room.acquire()
        task = asyncio.create_task(work)
        self._open.add(task)
        task.add_done_callback(partial(self._done, places))

    def _done(self, places: int, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        for _ in range(places):
            self._room.release()
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._broken = self._broken or problem

    async def _settle(self) -> None:
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _send(self, row: "_Taken") -> None:
        try:
            accepted = await self._report_fact(row.fact, row.data, row.id)
        except Refused as refused:
            if refused.code == "nothing_changes":
                self._known.append(row)
            else:
                self._report.reject(row.line, row.row, refused)
            return
        if accepted["position"] <= self._head:  # its first acceptance, given again
            self._known.append(row)
            return
        self._coming.take(Came(accepted["position"], accepted.get("became"), row.marks))

    async def _report_fact(
        self, fact: str, data: dict[str, Any], id: str, subject: str | None = None
    ) -> dict[str, Any]:
        return await self._client.report(fact, data, subject=subject, id=id, correlation=self._id, dry=self._dry)

    # rows that came before ---------------------------------------------------------------------------------------------

    async def _look_again(self) -> None:
        """Rows that are known already: those that were taken back come in again."""
        known, self._known = self._known, []
        for start in range(0, len(known), AT_A_TIME):
            rows = {row.record or row.id: row for row in known[start : start + AT_A_TIME]}
            found = (await self._client.query("undone", {"ids": list(rows)}))["lessons"]
            again = {one["id"]: one for one in found if rows[one["id"]].data.get("active") is not False}
            self._report.unchanged += len(known[start : start + AT_A_TIME]) - len(again)
            for id, undone in again.items():
                await self._start(self._restore(rows[id], undone))

    async def _restore(self, row: "_Taken", undone: dict[str, Any]) -> None:
        id = str(uuid.uuid5(_NAMESPACE, f"{row.id} {undone['position']}"))
        try:
            if undone["kind"] == "proposal":
                accepted = await self._report_fact(row.fact, row.data, id)
            else:
                again = "QAReactivated" if undone["kind"] == "qa" else "ConversationReactivated"
                accepted = await self._report_fact(again, {}, id, undone["lesson"]) | {"became": again}
        except Refused as refused:
            if refused.code == "nothing_changes":
                self._report.unchanged += 1
            else:
                self._report.reject(row.line, row.row, refused)
            return
        self._coming.take(Came(accepted["position"], accepted.get("became"), row.marks))

    # what somebody should look at ---------------------------------------------------------------------------------------

    async def _mark_known(self, rows: "list[_Taken]") -> None:
        """Questions that stood in the file before, and questions that the model answered before the import."""
        by_model: dict[str, dict[str, list[_Taken]]] = {}
        for row in rows:
            model, question = row.data["model"], row.data["question"]
            before = self._seen.question(model, question, row.data["answer"], row.line)
            if before is not None:
                row.mark("duplicates" if before.same_answer else "conflicts", with_line=before.line)
            by_model.setdefault(model, {}).setdefault(question, []).append(row)
        for model, asked in by_model.items():
            for questions in _parts(list(asked)):
                wanted = {"model": model, "questions": questions, "answers": False}
                known = await self._client.query("known_questions", wanted, at=self._head)
                for one in known["known"]:
                    for row in asked.get(one["question"], ()):
                        _mark_pair(row, one)

    async def _models(self) -> list[dict[str, Any]]:
        rows = (await self._client.query("assistants", {"archived": True}))["assistants"]
        return [{**row, "id": row["model"]} for row in rows]

    async def _model_id(self, given: Any) -> Any:
        if given is None:
            raise Refused("malformed", "The row names no model.", {"model": "is missing"})
        if not isinstance(given, str):
            raise Refused("malformed", "The model must be an id or a name.", {"model": "must be a text"})
        if given not in self._ids:
            try:
                self._ids[given] = by_name(given, await self._models(), "model")
            except Refused as refused:
                self._ids[given] = refused
        found = self._ids[given]
        if isinstance(found, Refused):
            raise found
        return found

    def _fact_id(self, row: Row, data: dict[str, Any]) -> str:
        """The same for the same row said by the same, wherever it stands; the nth of equal rows has its own.

        A record of another system is known by its id, and may be as it was long ago: each import reports it anew.
        """
        if record_of(data) is not None:
            return str(uuid.uuid5(_NAMESPACE, f"{self._id} {self._rows}"))
        said = [self._client.module, self._client.actor, row.fact, data]
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()[:16]
        return str(uuid.uuid5(_NAMESPACE, f"{digest.hex()}#{self._seen.row(digest)}"))


def record_of(data: dict[str, Any]) -> str | None:
    """The record of another system that the row says it is, as `system/id`."""
    system, id = data.get("external_system"), data.get("external_id")
    return f"{system}/{id}" if isinstance(system, str) and isinstance(id, str) else None


def _some(rows: Iterator[Row | BadRow], at_a_time: int) -> list[Row | BadRow]:
    found: list[Row | BadRow] = []
    size = 0
    for row in rows:
        found.append(row)
        size += _size(row.data) if isinstance(row, Row) else 0
        if len(found) >= at_a_time or size >= LARGEST_READ:
            break
    return found


def _size(value: Any) -> int:
    """Characters of all texts in it."""
    if isinstance(value, str):
        return len(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_size, inner))


def _parts(questions: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for one in questions:
        if part and sum(map(len, part)) + len(one) > LARGEST_LOOK:
            yield part
            part = []
        part.append(one)
    yield part


def _mark_pair(row: _Taken, known: dict[str, str]) -> None:
    # A row that came in before is its own lesson; a record that is synchronised revises its lesson.
    if known["lesson"] != row.id and row.record is None:
        same = known["answer_key"] == answer_key(row.data["answer"])
        row.mark("duplicates" if same else "conflicts", lesson=known["lesson"])


def _mark_personal_data(row: _Taken) -> None:
    from services.personal_data.finding import kinds

    texts = [row.data.get("question"), row.data.get("answer")]
    turns = row.data.get("messages")
    texts += [one.get("content") for one in turns if isinstance(one, dict)] if isinstance(turns, list) else []
    found = sorted({kind for text in texts if isinstance(text, str) for kind in kinds(text)})
    if found:
        row.mark("personal_data", found=found)
