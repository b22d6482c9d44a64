"""Projects compilations: everything that is known of each, with its build log in sentences."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from contracts.envelope import Envelope
from contracts.facts.compilation import (
    TERMINAL,
    CancelRequested,
    CompilationCancelled,
    CompilationDequeued,
    CompilationFailed,
    CompilationSucceeded,
    CompilationUnchanged,
    CompiledModelDeleted,
    CompileRequested,
    DeletionFailed,
    DeletionRequested,
    EvaluationStarted,
    ExtraJobCancelled,
    FileUploaded,
    FileUploadIntended,
    JobCreated,
    JobCreationIntended,
    JobObserved,
    TrainingSetPackaged,
    VersionEvaluated,
)
from services.eventlog.log import Recorded
from services.projections.tables import compilation

Document = dict[str, Any]

_EMPTY: Document = dict.fromkeys((
    "ended_at", "packaging", "sha256", "examples", "lessons", "conflicts", "duplicates", "upload_sha256", "intent",
    "file", "job", "job_status", "compiled_model", "trained_tokens", "passed", "asked", "accepted", "version", "same_as",
    "cost", "currency", "error", "added", "removed", "changed", "deletion_problem",
))  # fmt: skip
_NAMED: Final = (
    "queued", "forced", "occasion", "position", "examples", "lessons", "bytes", "conflicts", "duplicates", "sha256", "file",
    "adopted", "job", "status", "message", "trained_tokens", "compiled_model", "version", "accepted", "passed", "asked",
)  # fmt: skip
"""Fields that a line of the build log tells."""


class Compilations:
    """Collects a batch's compilations."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    def begin(self, connection: Connection, events: Sequence[tuple[Recorded, Envelope]]) -> None:
        """Fetch what the batch will change."""
        ids = {str(e.subject) for _, e in events if e.data.kind == "compilation"}
        self._documents = {}
        if ids:
            query = select(compilation.c.id, compilation.c.document).where(compilation.c.id.in_(ids))
            self._documents = {row[0]: json.loads(row[1]) for row in connection.execute(query)}

    def document(self, id: str) -> Document:
        """A compilation of this batch, as far as it is projected."""
        return self._documents[id]

    def project(self, recorded: Recorded, event: Envelope) -> None:
        """Take one event in."""
        if event.data.kind != "compilation":
            return
        id, position = str(event.subject), recorded.position
        when = datetime.fromtimestamp(recorded.recorded_at / 1_000_000, UTC).isoformat()
        if isinstance(event.data, CompileRequested):
            self._documents[id] = _requested(id, recorded.fact_end, when, event)
        document = self._documents[id]
        document["revision"] += 1
        sentence = _fold(document, event)
        if document["status"] in TERMINAL and document["ended_at"] is None:
            document["ended_at"] = when
        line = {"position": position, "time": when, "fact": event.type, "message": sentence, "values": _values(event)}
        document["log"].append(line)

    def write(self, connection: Connection) -> None:
        """Write what was collected."""
        if not self._documents:
            return
        connection.execute(delete(compilation).where(compilation.c.id.in_(list(self._documents))))
        connection.execute(insert(compilation), [_row(id, document) for id, document in self._documents.items()])


def _row(id: str, document: Document) -> dict[str, Any]:
    return {
        "id": id,
        "model": document["model"],
        "requested_position": document["position"],
        "status": document["status"],
        "version": document["version"],
        "deleting": document["deletion_requested"],
        "document": json.dumps(document, ensure_ascii=False),
    }


def _requested(id: str, fact_end: int, when: str, event: Envelope) -> Document:
    data = event.data
    assert isinstance(data, CompileRequested)
    assert data.plan is not None
    return {
        **_EMPTY,
        "id": id,
        "model": data.model,
        "status": "queued" if data.queued else "packaging",
        "revision": 0,
        "requested_by": event.actor,
        "requested_at": when,
        "position": fact_end,
        "forced": data.forced,
        "occasion": data.occasion,
        "plan": data.plan.model_dump(mode="json"),
        "cancel_requested": False,
        "deletion_requested": False,
        "results": [],
        "log": [],
    }


def _fold(document: Document, event: Envelope) -> str:  # noqa: C901 - one case per fact, in the order of the saga
    plain = event.data.model_dump(mode="json")
    match data := event.data:
        case CompileRequested():
            return "Requested, and queued behind a running one." if data.queued else "Requested."
        case CompilationDequeued():
            document["status"] = "packaging"
            return "Its turn has come."
        case CancelRequested():
            document["cancel_requested"] = True
            return "Somebody asked to cancel it."
        case TrainingSetPackaged():
            names = (
                "packaging",
                "sha256",
                "examples",
                "lessons",
                "conflicts",
                "duplicates",
                "added",
                "removed",
                "changed",
            )
            document |= {name: plain[name] for name in names}
            document["status"] = "uploading" if document["plan"]["target"] == "fine_tune" else "evaluating"
            packaged = f"{_counted(data.examples, 'example')} of {_counted(data.lessons, 'lesson')}"
            return f"Packaged {packaged} ({data.bytes:,} bytes)."
        case FileUploadIntended():
            document |= {"status": "uploading", "upload_sha256": data.upload_sha256, "intent": _intent(event)}
            return "Uploading the training file."
        case FileUploaded():
            document |= {"status": "training", "file": data.file, "intent": None}
            return f"The provider holds the file as {data.file}."
        case JobCreationIntended():
            document |= {"status": "training", "intent": _intent(event)}
            return "Creating the fine-tuning job."
        case JobCreated():
            document |= {"job": data.job, "intent": None}
            return f"The job {data.job} {'was found' if data.adopted else 'runs'} at the provider."
        case JobObserved():
            document["job_status"] = data.status
            document["trained_tokens"] = data.trained_tokens or document["trained_tokens"]
            return f"The job's status: {data.status}." + (f" {data.message}" if data.message else "")
        case ExtraJobCancelled():
            return f"A second job, {data.job}, was found and cancelled."
        case EvaluationStarted():
            document |= {"status": "evaluating", "compiled_model": data.compiled_model}
            document["trained_tokens"] = data.trained_tokens or document["trained_tokens"]
            return f"{data.compiled_model} answers; its validation questions are asked."
        case VersionEvaluated():
            document["results"] = document["results"] + plain["results"]
            document["asked"] = len(document["results"])
            document["passed"] = sum(result["passed"] for result in document["results"])
            return f"{sum(one.passed for one in data.results)} of {len(data.results)} validation questions passed."
        case CompilationSucceeded():
            results = ("compiled_model", "version", "accepted", "passed", "asked", "cost", "currency")
            document |= {name: plain[name] for name in results} | {"status": "succeeded"}
            document["trained_tokens"] = data.trained_tokens or document["trained_tokens"]
            return f"Succeeded as version {data.version}." + ("" if data.accepted else " It was not accepted.")
        case CompilationUnchanged():
            document |= {"status": "unchanged", "same_as": data.same_as}
            return "Nothing changed since the last version; nothing was built."
        case CompilationFailed():
            document |= {"status": "failed", "error": plain["error"]}
            return f"Failed: {data.error.message}"
        case CompilationCancelled():
            document["status"] = "cancelled"
            return "Cancelled."
        case DeletionRequested():
            document |= {"deletion_requested": True, "deletion_problem": None}
            return "Somebody asked to delete its model at the provider."
        case DeletionFailed():
            document |= {"deletion_requested": False, "deletion_problem": plain["error"]}
            return f"Its model was not deleted: {data.error.message}"
        case CompiledModelDeleted():
            document |= {"status": "deleted", "deletion_requested": False, "deletion_problem": None}
            return "The compiled model was deleted at the provider."
        case _:
            return event.type


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def _values(event: Envelope) -> Document:
    """What a sentence about the event names."""
    match data := event.data:
        case VersionEvaluated():
            return {"passed": sum(one.passed for one in data.results), "asked": len(data.results)}
        case CompilationFailed() | DeletionFailed():
            return {"code": data.error.code, "message": data.error.message}
        case _:
            plain = data.model_dump(mode="json", include=set(_NAMED))
            return {name: value for name, value in plain.items() if value is not None}


def _intent(event: Envelope) -> Document:
    data: Any = event.data
    return {"fact": event.type, "runner": data.runner, "deadline": data.deadline}
