"""Read models: rebuilding beside bare inserts, a small training set beside 100,000 lessons of others, one new lesson."""

import os
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.row import Row, against, alone
from contracts.envelope import Envelope
from contracts.facts import FACTS
from services.eventlog import open_keys, open_log
from services.eventlog.log import Append, EventLog, NewEvent
from services.packaging.examples import package
from services.projections.project import Projector, open_training
from services.projections.training_set import TrainingSets, conflicts_of, page

LESSONS = int(os.environ.get("APPRENTICE_BENCH_LESSONS", "100000"))
SMALL = 1_369
OTHERS = 84


def rows() -> list[Row]:
    """All of it on SQLite, with 85 models in a tree."""
    with tempfile.TemporaryDirectory() as folder:
        small = _company(Path(folder) / "small", 1_000)
        few = _one_more(*small)
        log, projector, seconds = _company(Path(folder) / "large", LESSONS)
        many = _one_more(log, projector, seconds)
        bare = _bare(Path(folder), projector)
        return [
            against("rebuild of the training read model", LESSONS / seconds, "events/s", bare, ">= 0.5"),
            alone(
                f"small training set ({SMALL} lessons) beside {LESSONS:,}: count", _count(projector, "m1"), "ms", "< 5"
            ),
            alone("  its whole file, packaged", _file(projector, "m1"), "ms", "< 30"),
            alone(f"root of {LESSONS + SMALL:,} lessons: count", _count(projector, "root"), "ms"),
            alone("  finding its conflicts", _milliseconds(lambda: _conflicts(projector)), "ms"),
            alone("  its whole file, packaged", _file(projector, "root", runs=1), "ms"),
            against(f"one new lesson at {LESSONS:,} beside one at 1,000", many, "ms", few, "<= 1.5"),
        ]


def _company(folder: Path, lessons: int) -> tuple[EventLog, Projector, float]:
    folder.mkdir()
    log = open_log(f"sqlite:///{folder}/log.db")
    keys = open_keys(f"sqlite:///{folder}/keys.db", b"k" * 32)
    _append(log, _facts(lessons))
    projector = open_training(f"sqlite:///{folder}/models", log, keys)
    started = time.perf_counter()
    projector.advance()
    return log, projector, time.perf_counter() - started


def _facts(lessons: int) -> Iterator[Envelope]:
    yield _fact("ModelDefined", "root", name="Root")
    for number in range(1, OTHERS + 1):
        parent = "root" if number <= 4 else f"m{(number - 1) // 4}"
        yield _fact(
            "ModelDefined", f"m{number}", name=f"Model {number}", parent=parent, lineage={"descendants": "none"}
        )
    for number in range(SMALL):
        yield _teach("m1", number)
    for number in range(lessons):
        yield _teach(f"m{2 + number % (OTHERS - 1)}", number)


def _teach(model: str, number: int) -> Envelope:
    question = f"What is rule {number} of {model}?"
    answer = f"Rule {number}: we answer within a day, in the customer's language, and name the next step. " * 5
    return _fact(
        "QAAdded", uuid.uuid4().hex, model=model, question=question, answer=answer, question_key=question.casefold()
    )


def _fact(type_: str, subject: str, **data: Any) -> Envelope:
    return Envelope(
        id=uuid.uuid4().hex, source="/bench", type=type_, time=datetime.now(UTC), subject=subject, actor="person:owner",
        channel="shared.qa._", data=FACTS[type_].model_validate(data),
    )  # fmt: skip


def _append(log: EventLog, facts: Iterator[Envelope]) -> None:
    batch: list[Append] = []
    for fact in facts:
        event = NewEvent(f"{fact.data.kind}:{fact.subject}", 1, fact.type, fact.to_json())
        batch.append(Append(fact.source, fact.id, b"d" * 32, [event]))
        if len(batch) == 1_000:
            with log.writing() as writing:
                writing.append(batch)
            batch = []
    if batch:
        with log.writing() as writing:
            writing.append(batch)


def _one_more(log: EventLog, projector: Projector, _: float) -> float:
    def once() -> None:
        _append(log, iter([_teach("m1", time.time_ns())]))
        projector.advance()

    return _milliseconds(once, runs=40)


def _count(projector: Projector, model: str) -> float:
    def once() -> None:
        with projector.store.engine.connect() as connection:
            TrainingSets().plan(connection, model, projector.position)

    return _milliseconds(once)


def _file(projector: Projector, model: str, runs: int = 5) -> float:
    def once() -> None:
        with projector.store.engine.connect() as connection:
            plan = TrainingSets().plan(connection, model, projector.position)
            after: str | None = None
            while True:
                lessons, after = page(connection, plan, projector.position, after, 1_000)
                for _ in package("Be brief.", lessons):
                    pass
                if after is None:
                    return

    return _milliseconds(once, runs)


def _conflicts(projector: Projector) -> None:
    with projector.store.engine.connect() as connection:
        plan = TrainingSets().plan(connection, "root", projector.position)
        conflicts_of(connection, plan, "root", projector.position)


def _milliseconds(run: Callable[[], object], runs: int = 5) -> float:
    def once() -> float:
        started = time.perf_counter()
        run()
        return (time.perf_counter() - started) * 1_000

    once()
    return statistics.median(once() for _ in range(runs))


def _bare(folder: Path, projector: Projector) -> float:
    """The very rows of the read model, inserted into the same tables in the same batches, without reading a log."""
    source = sqlite3.connect(next((folder / "large" / "models").glob("rm_training_*.db")))
    schema = [
        row[0]
        for row in source.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    ]
    tables = {
        name: source.execute(f"SELECT * FROM {name}").fetchall() for name in ("lesson", "body", "history", "model")
    }
    target = sqlite3.connect(folder / "bare.db", isolation_level=None)
    target.execute("PRAGMA journal_mode=WAL")
    target.execute("PRAGMA synchronous=NORMAL")
    for statement in schema:
        target.execute(statement)
    started = time.perf_counter()
    for start in range(0, max(len(rows_) for rows_ in tables.values()), 1_000):
        target.execute("BEGIN")
        for name, rows_ in tables.items():
            if part := rows_[start : start + 1_000]:
                target.executemany(f"INSERT INTO {name} VALUES ({','.join('?' * len(part[0]))})", part)
        target.execute("COMMIT")
    return LESSONS / (time.perf_counter() - started)
