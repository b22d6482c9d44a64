"""Rows of lessons on their way in: read, given ids that a repeat gives again, reported many at a time in their order."""

import asyncio
import hashlib
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from services.cli.client import Client
from services.cli.failures import Broken, as_data
from services.cli.names import model_id
from services.cli.screen import Bar
from services.refusals import Refused

AT_ONCE: Final = 256
AT_A_TIME: Final = 65_536
"""Bytes of lines that are read from a file at a time."""
_NAMESPACE: Final = uuid.UUID("6f2a4b0e-8f5c-5d0f-9a58-3a1c1f6f7f10")


@dataclass
class Report:
    """What became of the rows."""

    accepted: int = 0
    proposed: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, line: int, refused: Refused) -> None:
        """The row in this line was not accepted."""
        self.rejected.append({"line": line, **as_data(refused)})


class Import:
    """Reports the rows of one file."""

    def __init__(self, client: Client, model: str | None, report: Report) -> None:
        self._client = client
        self._model = model
        self._report = report
        self._ids: dict[str, str | Refused] = {}
        self._seen: Counter[bytes] = Counter()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._open: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None

    async def run(self, lines: BinaryIO, bar: Bar, size: int | None) -> None:
        """All of them. Raises `Broken` when the system goes away meanwhile."""
        read = 0
        async for number, line in _numbered(lines, 1 if size is None else AT_A_TIME):
            read += len(line)
            if line.strip():
                await self._row(number, line)
            if self._broken is not None:
                break
            bar.update(read, size)
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._broken is not None:
            raise Broken(f"{self._broken} {self._report.accepted} rows are in; run it again, nothing counts twice.")

    async def _row(self, number: int, line: bytes) -> None:
        try:
            fact, data = _read_row(line)
            data["model"] = await self._model_id(data.get("model", self._model))
        except Refused as refused:
            self._report.reject(number, refused)
            return
        await self._room.acquire()
        task = asyncio.create_task(self._send(number, fact, data, self._fact_id(fact, data)))
        self._open.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        self._room.release()
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._broken = self._broken or problem

    async def _send(self, number: int, fact: str, data: dict[str, Any], id: str) -> None:
        try:
            accepted = await self._client.report(fact, data, id=id)
        except Refused as refused:
            self._report.reject(number, refused)
            return
        self._report.accepted += 1
        self._report.proposed += accepted.get("became") == "LessonProposed"

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
        self._seen[digest] += 1
        return str(uuid.uuid5(_NAMESPACE, f"{digest.hex()}#{self._seen[digest]}"))


def _read_row(line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise Refused("malformed", f"The row isn't JSON: {str(problem)[:200]}.") from problem
    if not isinstance(row, dict):
        raise Refused("malformed", "The row isn't a JSON object.")
    return ("ConversationTrained" if "messages" in row else "QAAdded"), row


async def _numbered(lines: BinaryIO, at_once: int) -> AsyncIterator[tuple[int, bytes]]:
    number = 0
    while batch := await asyncio.to_thread(lines.readlines, at_once):
        for line in batch:
            number += 1
            yield number, line
