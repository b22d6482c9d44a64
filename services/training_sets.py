"""Fetching a training set page by page into a file while hashing it; used by the compiler and the command line."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from contracts.queries import TrainingPage, TrainingPageWanted
from contracts.training_file import PACKAGING, SidecarLine, TrainingSetSummary
from services.bus.client import Bus
from services.packaging.checks import Bounds, Fault, faults
from services.packaging.examples import Example, package

PAGE = 1_000
FAULTS_KEPT = 20
ATTEMPTS = 3


class ReadModelChanged(Exception):
    """The read models were exchanged between two pages; the training set is fetched anew."""


@dataclass
class Packaged:
    """A training set on disk: what it is, and what is wrong with it."""

    summary: TrainingSetSummary
    faults: list[Fault] = field(default_factory=list)


async def package_training_set(
    bus: Bus,
    model: str,
    *,
    module: str,
    actor: str,
    at: int | datetime | None = None,
    path: Path | None = None,
    sidecar: Path | None = None,
    bounds: Bounds | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Packaged:
    """Fetch, package and hash in constant memory; written to `path` and `sidecar` (JSON lines) when given.

    Raises:
        Refused, NoReply: as the query `training_page` does.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _Target(path) as lines, _Target(sidecar) as origins:
                return await _fetch(bus, _Wanted(model, module, actor, at), lines, origins, bounds, progress)
        except ReadModelChanged:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


@dataclass(frozen=True, slots=True)
class _Wanted:
    model: str
    module: str
    actor: str
    at: int | datetime | None


class _Target:
    """A file that appears whole or not at all; None writes nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "_Target":
        if self._path is not None:
            self._new = self._path.with_name(f".{self._path.name}.{os.getpid()}.new")
            self._file = self._new.open("wb")
        return self

    def write(self, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)

    def __exit__(self, kind: Any, *_: object) -> None:
        if self._file is None or self._path is None:
            return
        self._file.close()
        if kind is None:
            self._new.replace(self._path)
        else:
            with suppress(FileNotFoundError):
                self._new.unlink()


async def _fetch(
    bus: Bus,
    wanted: _Wanted,
    lines: _Target,
    origins: _Target,
    bounds: Bounds | None,
    progress: Callable[[int], None],
) -> Packaged:
    writing = _Writing(lines, origins, bounds)
    first = page = await _page(bus, wanted, None, wanted.at)
    while True:
        await asyncio.to_thread(writing.take, page)
        progress(writing.lessons)
        if page.next is None:
            return Packaged(writing.summary(first), writing.faults)
        page = await _page(bus, wanted, page.next, first.position)
        if page.fingerprint != first.fingerprint:
            raise ReadModelChanged("The read models were exchanged while the training set was fetched; try again.")


async def _page(bus: Bus, wanted: _Wanted, after: str | None, at: int | datetime | None) -> TrainingPage:
    asked = TrainingPageWanted(model=wanted.model, after=after, limit=PAGE)
    _, page = await bus.query("training_page", asked, module=wanted.module, actor=wanted.actor, at=at, timeout=60.0)
    found: TrainingPage = page
    return found


class _Writing:
    def __init__(self, lines: _Target, origins: _Target, bounds: Bounds | None) -> None:
        self._lines, self._origins, self._bounds = lines, origins, bounds
        self._digest = hashlib.sha256()
        self.examples = self.lessons = self.bytes = 0
        self.faults: list[Fault] = []

    def take(self, page: TrainingPage) -> None:
        self.lessons += len(page.lessons)
        for example in package(page.system_message, page.lessons):
            self._write(example)

    def _write(self, example: Example) -> None:
        self.examples += 1
        self.bytes += len(example.line)
        self._digest.update(example.line)
        self._lines.write(example.line)
        origin = SidecarLine(line=self.examples, lesson=example.lesson, position=example.position, part=example.part)
        self._origins.write(origin.model_dump_json().encode() + b"\n")
        if self._bounds is not None and len(self.faults) < FAULTS_KEPT:
            self.faults += faults([example], self._bounds)

    def summary(self, first: TrainingPage) -> TrainingSetSummary:
        return TrainingSetSummary(
            model=first.model,
            position=first.position,
            packaging=PACKAGING,
            sha256=self._digest.hexdigest(),
            examples=self.examples,
            lessons=self.lessons,
            bytes=self.bytes,
            conflicts=first.conflicts,
            duplicates=first.duplicates,
            erased=first.erased,
        )


def lesson_of_line(sidecar: Path, line: int) -> str | None:
    """The lesson that a line of the training file came from."""
    with sidecar.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if number == line:
                return SidecarLine.model_validate_json(raw).lesson
    return None
