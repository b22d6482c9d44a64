"""Fine-tuning jobs: created once per idempotency key or compilation, run step by step, gone on with after a restart."""

import asyncio
import json
import secrets
import sqlite3
from pathlib import Path
from typing import Any, Final

from services.embedded_provider.artifact import write_artifact
from services.embedded_provider.database import Database, Row, loads, now
from services.embedded_provider.models import BASE, Models
from services.embedded_provider.problems import ApiProblem, unknown, unsupported
from services.embedded_provider.training_data import BadFile, read_pairs

TERMINAL: Final = frozenset({"succeeded", "failed", "cancelled"})
_STEPS: Final = ("validating_files", "queued", "running")


class Jobs:
    """All jobs of one data directory."""

    def __init__(self, database: Database, models: Models, files: Path, step_seconds: float) -> None:
        self._database, self._models, self._files, self._pause = database, models, files, step_seconds
        self._running: dict[str, asyncio.Task[None]] = {}

    def resume(self) -> None:
        """Go on with what a stop interrupted."""
        for row in self._database.all("SELECT id FROM job WHERE status NOT IN ('succeeded','failed','cancelled')"):
            self._start(row["id"])

    async def stop(self) -> None:
        """Interrupt what runs; it goes on at the next start."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def create(self, wanted: dict[str, Any], idempotency_key: str | None) -> Row:
        """A new job, or the one that this key or compilation made before."""
        _check(wanted)
        metadata = wanted.get("metadata") or {}
        key = idempotency_key or (
            f"compilation:{metadata['compilation_id']}" if metadata.get("compilation_id") else None
        )
        before = self._database.one("SELECT * FROM job WHERE idempotency=?", key) if key else None
        if before is not None:
            return before
        if self._database.one("SELECT id FROM file WHERE id=?", wanted["training_file"]) is None:
            raise ApiProblem(
                400,
                f"invalid training_file: {wanted['training_file']}",
                code="invalid_training_file",
                param="training_file",
            )
        id = f"ftjob-{secrets.token_hex(12)}"
        try:
            self._database.run(
                "INSERT INTO job (id, created, status, file, validation, base, suffix, seed, metadata, idempotency) "
                "VALUES (?,?,?,?,?,?,?,?,?,?)",
                id, now(), _STEPS[0], wanted["training_file"], wanted.get("validation_file"), wanted["model"],
                wanted.get("suffix"), wanted.get("seed") or 0, json.dumps(metadata), key,
            )  # fmt: skip
        except sqlite3.IntegrityError:
            return self._database.one("SELECT * FROM job WHERE idempotency=?", key) or {}
        self._database.event(id, "Created fine-tuning job")
        self._start(id)
        return self.get(id)

    def get(self, id: str) -> Row:
        """One job. Raises `ApiProblem`: 404."""
        row = self._database.one("SELECT * FROM job WHERE id=?", id)
        if row is None:
            raise unknown("fine-tuning job", id)
        return row

    def all(self, metadata: dict[str, str], after: str | None, limit: int) -> tuple[list[Row], bool]:
        """Newest first, those with all of the metadata; whether there are more."""
        number = self.get(after)["number"] if after else 2**62
        rows = self._database.all("SELECT * FROM job WHERE number<? ORDER BY number DESC", number)
        found = [row for row in rows if metadata.items() <= loads(row["metadata"]).items()]
        return found[:limit], len(found) > limit

    def events(self, id: str, after: str | None, limit: int) -> tuple[list[Row], bool]:
        """Newest first."""
        self.get(id)
        last = self._database.one("SELECT number FROM job_event WHERE id=?", after) if after else None
        number = last["number"] if last else 2**62
        sql = "SELECT * FROM job_event WHERE job=? AND number<? ORDER BY number DESC LIMIT ?"
        rows = self._database.all(sql, id, number, limit + 1)
        return rows[:limit], len(rows) > limit

    def cancel(self, id: str) -> Row:
        """Stop it. Raises `ApiProblem`: 400 when it has ended."""
        row = self.get(id)
        if row["status"] in TERMINAL:
            raise ApiProblem(400, f"Job has already completed: {id}", code="job_completed")
        if task := self._running.pop(id, None):
            task.cancel()
        self._finish(id, "cancelled", "Fine-tuning job cancelled")
        return self.get(id)

    def _start(self, id: str) -> None:
        task = asyncio.create_task(self._work(id), name=id)
        self._running[id] = task
        task.add_done_callback(lambda _: self._running.pop(id, None))

    async def _work(self, id: str) -> None:
        status = self.get(id)["status"]
        for step in _STEPS[_STEPS.index(status) :]:
            self._database.run("UPDATE job SET status=? WHERE id=?", step, id)
            self._database.event(
                id,
                {"validating_files": "Validating training file", "queued": "Job is queued"}.get(
                    step, "Training started"
                ),
            )
            await asyncio.sleep(self._pause)
            if step == "running":
                await self._train(id)

    async def _train(self, id: str) -> None:
        row = self.get(id)
        source = self._files / row["file"]
        try:
            count, warnings = await asyncio.to_thread(_learn, source, self._models.path(id))
        except BadFile as problem:
            error = {"code": "invalid_training_file", "message": str(problem), "param": "training_file"}
            self._finish(id, "failed", f"The job failed: {problem}", error)
            return
        except FileNotFoundError:
            error = {
                "code": "invalid_training_file",
                "message": "The training file was deleted.",
                "param": "training_file",
            }
            self._finish(id, "failed", "The job failed: the training file was deleted.", error)
            return
        if self.get(id)["status"] in TERMINAL:
            return
        for warning in warnings[:100]:
            self._database.event(id, warning, "warn")
        model = f"ft-{BASE}-{row['suffix'] + '-' if row['suffix'] else ''}{id.removeprefix('ftjob-')}"
        self._database.run("INSERT OR IGNORE INTO model VALUES (?,?,?)", model, now(), id)
        self._database.run("UPDATE job SET model=?, tokens=? WHERE id=?", model, source.stat().st_size // 4, id)
        self._finish(id, "succeeded", f"The job has successfully completed: {count} pairs learnt")

    def _finish(self, id: str, status: str, message: str, error: dict[str, Any] | None = None) -> None:
        self._database.run(
            "UPDATE job SET status=?, finished=?, error=? WHERE id=?",
            status,
            now(),
            json.dumps(error) if error else None,
            id,
        )
        self._database.event(id, message, "error" if error else "info")


def shape(row: Row) -> dict[str, Any]:
    """A job as OpenAI's client reads it."""
    return {
        "id": row["id"],
        "object": "fine_tuning.job",
        "created_at": row["created"],
        "finished_at": row["finished"],
        "status": row["status"],
        "model": row["base"],
        "fine_tuned_model": row["model"] if row["status"] == "succeeded" else None,
        "trained_tokens": row["tokens"] if row["status"] == "succeeded" else None,
        "training_file": row["file"],
        "validation_file": row["validation"],
        "hyperparameters": {"n_epochs": 1, "batch_size": 1, "learning_rate_multiplier": 1},
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1}}},
        "organization_id": "org-apprentice",
        "result_files": [],
        "seed": row["seed"],
        "error": loads(row["error"]) or {"code": "", "message": "", "param": None} if row["error"] else None,
        "metadata": loads(row["metadata"]),
        "integrations": [],
        "estimated_finish": None,
    }


def shape_event(row: Row) -> dict[str, Any]:
    """A job's event as OpenAI's client reads it."""
    return {
        "id": row["id"], "object": "fine_tuning.job.event", "created_at": row["created"], "level": row["level"],
        "message": row["message"], "type": "message", "data": {},
    }  # fmt: skip


def _learn(source: Path, target: Path) -> tuple[int, list[str]]:
    return write_artifact(target, read_pairs(source))


def _check(wanted: dict[str, Any]) -> None:
    if wanted.get("model") != BASE:
        raise ApiProblem(
            400,
            f"The model {str(wanted.get('model'))[:100]!r} can't be fine-tuned here; use {BASE}.",
            code="model_not_available",
            param="model",
        )
    if not isinstance(wanted.get("training_file"), str):
        raise ApiProblem(400, "training_file is missing", param="training_file")
    method = (wanted.get("method") or {}).get("type", "supervised")
    if method != "supervised":
        raise unsupported("method", f"it has no {method} training")
    suffix = wanted.get("suffix")
    if suffix is not None and (
        not isinstance(suffix, str) or not suffix.replace("-", "").replace("_", "").isalnum() or len(suffix) > 64
    ):
        raise ApiProblem(400, "suffix may have letters, digits, - and _, at most 64", param="suffix")
    metadata = wanted.get("metadata") or {}
    if (
        not isinstance(metadata, dict)
        or len(metadata) > 16
        or not all(isinstance(one, str) for one in metadata.values())
    ):
        raise ApiProblem(400, "metadata takes at most 16 pairs of strings", param="metadata")
