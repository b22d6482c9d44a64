"""How long compilations take: from the build logs of those that succeeded. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final, Literal

from contracts.queries import UsualTime

Document = Mapping[str, Any]
_BEGINS: Final = ("CompileRequested", "CompilationDequeued")
_ENDS: Final = {
    "packaging": "TrainingSetPackaged", "uploading": "FileUploaded", "training": "EvaluationStarted",
    "evaluating": "CompilationSucceeded",
}  # fmt: skip
"""What ends each step; a step that a target doesn't have leaves no time."""


def started_at(document: Document) -> str | None:
    """When it was no longer queued; null while it is."""
    if document["status"] == "queued":
        return None
    begun = [line["time"] for line in document["log"] if line["fact"] in _BEGINS]
    return str(begun[-1]) if begun else None


def usual(successes: Sequence[Document], of: Literal["model", "provider"], started: str | None) -> UsualTime | None:
    """Medians of these, and when something that began then usually ends. None without successes."""
    whole = [seconds for one in successes if (seconds := _seconds(started_at(one), one["ended_at"])) is not None]
    if not whole:
        return None
    taken = [_steps(one) for one in successes]
    steps = {name: median(found) for name in _ENDS if (found := [one[name] for one in taken if name in one])}
    seconds = median(whole)
    expected = (datetime.fromisoformat(started) + timedelta(seconds=seconds)).isoformat() if started else None
    return UsualTime(seconds=seconds, steps=steps, of=of, expected_at=expected, least=min(whole), most=max(whole))


def _steps(document: Document) -> dict[str, float]:
    at, found = started_at(document), dict[str, float]()
    times = {line["fact"]: line["time"] for line in document["log"]}
    for name, fact in _ENDS.items():
        if fact in times:
            found[name] = _seconds(at, times[fact]) or 0.0
            at = times[fact]
    return found


def _seconds(begun: str | None, ended: str | None) -> float | None:
    if begun is None or ended is None:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
