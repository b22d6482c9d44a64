"""Fine-tuning jobs as they are recorded: created once per idempotency key and per compilation, then step by step."""

import json
import secrets
from typing import Any, Final

from services.embedded_provider.database import Database, Row, loads, now
from services.embedded_provider.job_request import JobRequest
from services.embedded_provider.models import BASE
from services.embedded_provider.problems import ApiProblem, unknown

STEPS: Final = ("validating_files", "queued", "running")
TERMINAL: Final = frozenset({"succeeded", "failed", "cancelled"})
LATEST: Final = 2**62
_SAID: Final = {
    "validating_files": "Validating training file",
    "queued": "Files validated, moving job to queued state",
    "running": "Fine-tuning job started",
}


class Jobs:
    """All jobs of one data directory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, wanted: JobRequest, idempotency_key: str | None) -> tuple[Row, bool]:
        """A new job, or the one that this key or compilation made before; and whether it is new.

        Raises:
            ApiProblem: 400 for files that aren't there.
        """
        compilation = wanted.metadata.get("compilation_id")
        keys = [f"key:{idempotency_key}"] if idempotency_key else []
        keys += [f"compilation:{compilation}"] if compilation else []
        with self._database.writing():
            for key in keys:
                if before := self._database.one("SELECT job FROM job_key WHERE key=?", key):
                    return self.get(before["job"]), False
            return self._add(wanted, keys), True

    def get(self, id: str) -> Row:
        """One job. Raises `ApiProblem`: 404."""
        row = self._database.one("SELECT * FROM job WHERE id=?", id)
        if row is None:
            raise unknown("fine-tuning job", id)
        return row

    def all(self, metadata: dict[str, str], after: str | None, limit: int) -> tuple[list[Row], bool]:
        """Newest first, those with all of the metadata; whether there are more. Raises `ApiProblem`: 404."""
        number = self.get(after)["number"] if after else LATEST
        rows = self._database.all("SELECT * FROM job WHERE number<? ORDER BY number DESC", number)
        found = [row for row in rows if metadata.items() <= loads(row["metadata"]).items()]
        return found[:limit], len(found) > limit

    def open(self) -> list[str]:
        """Ids of those that haven't ended, oldest first."""
        rows = self._database.all(f"SELECT id FROM job WHERE status IN ({','.join('?' * 3)}) ORDER BY number", *STEPS)
        return [row["id"] for row in rows]

    def events(self, id: str, after: str | None, limit: int) -> tuple[list[Row], bool]:
        """Newest first; whether there are more. Raises `ApiProblem`: 404."""
        self.get(id)
        last = self._database.one("SELECT number FROM job_event WHERE id=? AND job=?", after, id) if after else None
        if after and last is None:
            raise unknown("event", after)
        sql = "SELECT * FROM job_event WHERE job=? AND number<? ORDER BY number DESC LIMIT ?"
        rows = self._database.all(sql, id, last["number"] if last else LATEST, limit + 1)
        return rows[:limit], len(rows) > limit

    def note(self, id: str, message: str, level: str = "info") -> None:
        """One more event."""
        self._database.event(id, message, level)

    def step(self, id: str, status: str) -> None:
        """It has come to this status. Coming to it again changes nothing."""
        with self._database.writing():
            if self._database.run("UPDATE job SET status=? WHERE id=? AND status<>?", status, id, status):
                self._database.event(id, _SAID[status])

    def succeed(self, id: str, tokens: int, count: int, warnings: list[str]) -> None:
        """It is learnt: the model is there from now on."""
        row = self.get(id)
        model = "-".join(part for part in (f"ft-{BASE}", row["suffix"], id) if part)
        with self._database.writing():
            for warning in warnings[:100]:
                self._database.event(id, warning, "warn")
            if len(warnings) > 100:
                self._database.event(id, f"{len(warnings) - 100} more questions had several answers.", "warn")
            self._database.run("INSERT OR IGNORE INTO model VALUES (?,?,?)", model, now(), id)
            self._database.run("UPDATE job SET model=?, tokens=? WHERE id=?", model, tokens, id)
            self._end(id, "succeeded", None)
            self._database.event(id, f"The job has successfully completed: {count} pairs learnt")

    def fail(self, id: str, message: str, code: str = "invalid_training_file", param: str | None = None) -> None:
        """It can't be done, and why."""
        with self._database.writing():
            self._end(id, "failed", {"code": code, "message": message, "param": param})
            self._database.event(id, f"The job failed: {message}", "error")

    def cancel(self, id: str) -> Row:
        """It isn't wanted any more. Raises `ApiProblem`: 404, 400 when it has ended."""
        if self.get(id)["status"] in TERMINAL:
            raise ApiProblem(400, f"Job has already completed: {id}", code="job_completed")
        with self._database.writing():
            self._end(id, "cancelled", None)
            self._database.event(id, "Fine-tuning job cancelled")
        return self.get(id)

    def _add(self, wanted: JobRequest, keys: list[str]) -> Row:
        for name in ("training_file", "validation_file"):
            file = getattr(wanted, name)
            if file is not None and self._database.one("SELECT id FROM file WHERE id=?", file) is None:
                raise ApiProblem(400, f"invalid {name}: {file[:100]}", code=f"invalid_{name}", param=name)
        id = f"ftjob-{secrets.token_hex(12)}"
        self._database.run(
            "INSERT INTO job (id, created, status, file, validation, base, suffix, seed, metadata) "
            "VALUES (?,?,?,?,?,?,?,?,?)",
            id, now(), STEPS[0], wanted.training_file, wanted.validation_file, BASE, wanted.suffix, wanted.seed,
            json.dumps(wanted.metadata),
        )  # fmt: skip
        for key in keys:
            self._database.run("INSERT INTO job_key VALUES (?,?)", key, id)
        self._database.event(id, f"Created fine-tuning job: {id}")
        self._database.event(id, _SAID[STEPS[0]])
        return self.get(id)

    def _end(self, id: str, status: str, error: dict[str, Any] | None) -> None:
        text = json.dumps(error) if error else None
        self._database.run("UPDATE job SET status=?, finished=?, error=? WHERE id=?", status, now(), text, id)
