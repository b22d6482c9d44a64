"""Files of lessons on their way in: uploaded, tried, imported and taken back, while their pages may be closed."""

import asyncio
import logging
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from services.bus.client import Bus, NoReply
from services.bus.plain import Plain
from services.importing.report import Report
from services.importing.rows import AT_A_TIME, Import
from services.importing.undoing import Undone, undo_import
from services.lesson_files.formats import HEAD, detect, read_rows
from services.lesson_files.rows import Format
from services.refusals import Refused
from services.web.asking import MODULE
from services.web.views.columns import complete, guessed, sheet

LARGEST: Final = 200_000_000
"""Bytes of a file."""
AT_ONCE: Final = 16
"""Facts that an import reports at once: fewer than at the command line, so that everybody's pages stay quick."""
KEPT: Final = 3_600.0
"""Seconds for which a file and what became of it are kept after the last look at them."""
Phase = Literal["columns", "checking", "checked", "importing", "done", "undoing", "undone", "broken"]
RUNNING: Final = frozenset({"checking", "importing", "undoing"})

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Brought:
    """A file, and how far it has come. `done` of `total` bytes are read, or changes taken back."""

    id: str
    actor: str
    model: str
    name: str
    path: Path
    size: int
    format: Format
    mapping: dict[str, str]
    phase: Phase
    report: Report = field(default_factory=Report)
    done: float = 0
    total: float | None = None
    undone: Undone | None = None
    problem: str = ""
    problem_code: str = ""
    after: Phase = "columns"
    """Of a broken one: what it was doing."""

    @property
    def running(self) -> bool:
        """Whether something is being done with it."""
        return self.phase in RUNNING

    @property
    def percent(self) -> int:
        """How far it is."""
        return min(100, int(100 * self.done / self.total)) if self.total else 0


class Imports:
    """One file per person at a time; in memory and in a folder that goes with the service."""

    def __init__(self, bus: Bus, folder: Path) -> None:
        self._bus, self._folder = bus, folder
        self._brought: dict[str, Brought] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}

    def of(self, actor: str) -> Brought | None:
        """What this person brought last."""
        return next((one for one in self._brought.values() if one.actor == actor), None)

    def find(self, id: str, actor: str) -> Brought | None:
        """The import with this id, if it is theirs and still known."""
        one = self._brought.get(id)
        if one is None or one.actor != actor:
            return None
        self._keep(one)
        return one

    def free(self, actor: str) -> None:
        """Forget what they brought before. Raises `Refused`: `import_running`."""
        before = self.of(actor)
        if before is not None and before.running:
            raise Refused("import_running", f"{before.name} is still on its way; wait until it is done.")
        if before is not None:
            self._forget(before.id)

    def place(self) -> Path:
        """Where a new file may be written."""
        return self._folder / uuid.uuid4().hex

    def bring(self, actor: str, model: str, name: str, path: Path) -> Brought:
        """The file is there: told what it is and, if that is known, tried.

        Raises `Refused`: `import_running`, when they have brought another meanwhile; this one isn't kept then.
        """
        try:
            self.free(actor)
        except Refused:
            path.unlink()
            raise
        with path.open("rb") as stream:
            format = detect(name, stream.read(HEAD))
        one = Brought(
            id=f"import-{uuid.uuid4()}", actor=actor, model=model, name=name, path=path, size=path.stat().st_size,
            format=format, mapping=guessed(sheet(path).header) if format == "csv" else {}, phase="columns",
        )  # fmt: skip
        self._brought[one.id] = one
        self._keep(one)
        if format != "csv" or complete(sheet(path).header, one.mapping):
            self.check(one)
        return one

    def check(self, one: Brought) -> None:
        """Say what would become of each row; nothing is recorded."""
        self._begin(one, "checking", self._import(one, dry=True), "checked")

    def start(self, one: Brought) -> None:
        """Bring it in."""
        self._begin(one, "importing", self._import(one, dry=False), "done")

    def undo(self, one: Brought) -> None:
        """Take it back."""
        self._begin(one, "undoing", self._undo(one), "undone")

    async def discard(self, one: Brought) -> None:
        """Stop what is being done with it, and forget it."""
        task = self._tasks.get(one.id)
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        self._forget(one.id)

    async def close(self) -> None:
        """Stop everything; what came in stays, and counts once when the file is brought again."""
        for one in list(self._brought.values()):
            await self.discard(one)

    # what is done in the background -------------------------------------------------------------------------------------

    def _begin(self, one: Brought, phase: Phase, work: Coroutine[Any, Any, None], then: Phase) -> None:
        if one.running:
            work.close()
            raise Refused("import_running", f"{one.name} is still on its way; wait until it is done.")
        one.problem_code = ""
        one.phase, one.problem, one.done, one.total = phase, "", 0, one.size if phase != "undoing" else None
        task = asyncio.create_task(work)
        self._tasks[one.id] = task
        task.add_done_callback(partial(self._ended, one, then))

    def _ended(self, one: Brought, then: Phase, task: asyncio.Task[None]) -> None:
        self._tasks.pop(one.id, None)
        if task.cancelled():
            return
        problem = task.exception()
        if isinstance(problem, NoReply | Refused):
            one.after, one.phase, one.problem = one.phase, "broken", str(problem)
            one.problem_code = problem.code if isinstance(problem, Refused) else "unavailable"
        elif problem is not None:
            logger.error("an import ended by an error of ours", exc_info=problem)
            one.after, one.phase, one.problem, one.problem_code = one.phase, "broken", "", "internal_error"
        else:
            one.phase = then
        self._keep(one)

    async def _import(self, one: Brought, *, dry: bool) -> None:
        one.report.close()
        one.report = Report()
        plain = Plain(self._bus, MODULE, one.actor)
        with one.path.open("rb") as stream:
            rows = read_rows(stream, one.format, one.mapping)
            importing = Import(plain, one.id, one.model, one.report, dry=dry, at_once=AT_ONCE)
            await importing.run(rows, _Bar(one), lambda: (_told(stream, one.size), one.size), AT_A_TIME)

    async def _undo(self, one: Brought) -> None:
        one.undone = await undo_import(Plain(self._bus, MODULE, one.actor), one.id, _Bar(one), AT_ONCE)

    def _keep(self, one: Brought) -> None:
        if one.id in self._leaving:
            self._leaving[one.id].cancel()
        self._leaving[one.id] = asyncio.get_running_loop().call_later(KEPT, self._leave, one)

    def _leave(self, one: Brought) -> None:
        if one.running:
            self._keep(one)
        else:
            self._forget(one.id)

    def _forget(self, id: str) -> None:
        one = self._brought.pop(id, None)
        if one is not None:
            self._leaving.pop(id).cancel()
            one.report.close()
            one.path.unlink(missing_ok=True)


class _Bar:
    """Notes how far an import is; its pages look again and again."""

    def __init__(self, one: Brought) -> None:
        self._one = one

    def update(self, done: float, total: float | None = None, text: str | None = None) -> None:
        """It has come so far."""
        self._one.done, self._one.total = done, total or self._one.total


def _told(stream: BinaryIO, size: int) -> float:
    try:
        return stream.tell()
    except (OSError, ValueError):  # read ahead as text, or let go of at the end
        return size
