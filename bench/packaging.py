"""Writing training files: 100,000 lessons beside orjson writing the same lines, and how memory grows."""

import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from bench.row import Row, against, alone
from contracts.queries import TrainingLesson, TrainingPage
from services.packaging.checks import Bounds
from services.training_sets import _Target, _Writing

LESSONS = 100_000


def rows() -> list[Row]:
    """Seconds and megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        bare = statistics.median(_seconds(lambda: _orjson(Path(folder))) for _ in range(3))
        ours = statistics.median(_seconds(lambda: write(Path(folder), LESSONS)) for _ in range(3))
    few, many = _peak(1_000), _peak(LESSONS)
    return [
        against(f"training file of {LESSONS:,} lessons, hashed, checked, with sidecar", ours, "s", bare, "<= 3"),
        alone("peak memory at 1,000 lessons", few, "MB"),
        alone(f"peak memory at {LESSONS:,} lessons", many, "MB", f"<= {few + 30:.0f}"),
    ]


def write(folder: Path, lessons: int) -> None:
    """The training file and its sidecar, page by page, as the compiler does."""
    with _Target(folder / "training.jsonl") as lines, _Target(folder / "sidecar.jsonl") as origins:
        writing = _Writing(lines, origins, Bounds())
        for page in _pages(lessons):
            writing.take(page)


def _pages(lessons: int) -> Iterator[TrainingPage]:
    for start in range(0, lessons, 1_000):
        page = [_lesson(number) for number in range(start, min(lessons, start + 1_000))]
        yield TrainingPage.model_construct(
            model="m", position=1, fingerprint="f", system_message="Be brief.", lessons=page, next=None, conflicts=0,
            duplicates=0, erased=0,
        )  # fmt: skip


def _lesson(number: int) -> TrainingLesson:
    return TrainingLesson.model_construct(
        id=f"lesson-{number}", model="m", kind="qa", position=number + 1, question=f"What is rule {number}?",
        answer="We answer within a day, in the customer's language, and name the next step. " * 7, messages=None,
    )  # fmt: skip


def _orjson(folder: Path) -> None:
    answer = "We answer within a day, in the customer's language, and name the next step. " * 7
    messages = [
        {"messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": f"What is rule {number}?"},
            {"role": "assistant", "content": answer},
        ]}
        for number in range(LESSONS)
    ]  # fmt: skip
    digest = hashlib.sha256()
    with (folder / "bare.jsonl").open("wb") as file:
        for message in messages:
            line = orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
            digest.update(line)
            file.write(line)


def _seconds(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _peak(lessons: int) -> float:
    program = (
        "import tempfile, pathlib; from bench.packaging import write\n"
        f"with tempfile.TemporaryDirectory() as f: write(pathlib.Path(f), {lessons})\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(next(line.split()[1] for line in status.splitlines() if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1_024
