"""The models that can be asked: the base model, and what jobs made of it."""

import sqlite3
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

from services.embedded_provider.artifact import NewerArtifact
from services.embedded_provider.database import Database
from services.embedded_provider.knowledge import Knowledge, load
from services.embedded_provider.problems import ApiProblem

BASE: Final = "embedded-retrieval-1"
BORN: Final = 1_767_225_600
KEPT_MODELS: Final = 16
KEPT_PAIRS: Final = 50_000
"""Together, the models in memory hold at most so many pairs (about 1 kB each)."""


class Models:
    """Finds models, and keeps the latest asked ones in memory."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._kept: OrderedDict[str, Knowledge] = OrderedDict()
        self._loading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def path(self, job: str) -> Path:
        """Where a job's artifact lies."""
        return self._folder / f"{job}.model"

    def clean(self) -> None:
        """Remove what interrupted or cancelled jobs left."""
        rows = self._database.all("SELECT job FROM model")
        needed = {self.path(row["job"]) for row in rows}
        for path in self._folder.iterdir():
            if path not in needed:
                path.unlink()

    def all(self) -> list[dict[str, Any]]:
        """All of them, in OpenAI's shape."""
        rows = self._database.all("SELECT id, created FROM model ORDER BY created, id")
        return [_shape(BASE, BORN), *(_shape(row["id"], row["created"]) for row in rows)]

    def get(self, id: str) -> dict[str, Any]:
        """One of them. Raises `ApiProblem`: 404."""
        if id == BASE:
            return _shape(BASE, BORN)
        row = self._row(id)
        return _shape(row["id"], row["created"])

    def delete(self, id: str) -> None:
        """Remove what a job made. Raises `ApiProblem`: 403 for the base model, 404."""
        if id == BASE:
            raise ApiProblem(403, "The base model can't be deleted", code="base_model")
        row = self._row(id)
        self._database.run("DELETE FROM model WHERE id=?", id)
        with self._lock:
            self._kept.pop(id, None)
        self.path(row["job"]).unlink(missing_ok=True)

    def knowledge(self, id: str) -> Knowledge | None:
        """What the model knows, None for the base model. Blocking: the index is built on first use, once.

        Raises:
            ApiProblem: 404 when it isn't there, 500 when a newer version made it.
        """
        if id == BASE:
            return None
        with self._lock:
            loading = self._loading.setdefault(id, threading.Lock())
        with loading:
            return self._taken(id) or self._keep(id, self._load(id))

    def _row(self, id: str) -> dict[str, Any]:
        row = self._database.one("SELECT id, created, job FROM model WHERE id=?", id)
        if row is None:
            raise ApiProblem(404, f"The model {id[:100]!r} does not exist", code="model_not_found", param="model")
        return row

    def _taken(self, id: str) -> Knowledge | None:
        with self._lock:
            if id in self._kept:
                self._kept.move_to_end(id)
            return self._kept.get(id)

    def _load(self, id: str) -> Knowledge:
        try:
            return load(self.path(self._row(id)["job"]))
        except NewerArtifact as problem:
            raise ApiProblem(500, str(problem), code="newer_artifact", param="model") from problem
        except sqlite3.Error as problem:
            gone = f"What the model {id[:100]!r} learnt can't be read any more ({problem}); train it again."
            raise ApiProblem(404, gone, code="model_not_found", param="model") from problem

    def _keep(self, id: str, loaded: Knowledge) -> Knowledge:
        with self._lock:
            self._loading.pop(id, None)
            self._kept[id] = loaded
            while len(self._kept) > 1 and (
                len(self._kept) > KEPT_MODELS or sum(one.weight for one in self._kept.values()) > KEPT_PAIRS
            ):
                self._kept.popitem(last=False)
        return loaded


def _shape(id: str, created: int) -> dict[str, Any]:
    return {"id": id, "object": "model", "created": created, "owned_by": "apprentice", "shutdown_date": None}
