"""The models that can be asked: the base model, and what jobs made of it."""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

from services.embedded_provider.artifact import Knowledge
from services.embedded_provider.database import Database
from services.embedded_provider.problems import ApiProblem

BASE: Final = "embedded-retrieval-1"
LARGEST_CACHE: Final = 16


class Models:
    """Finds models, and keeps the latest asked ones in memory."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._kept: OrderedDict[str, Knowledge] = OrderedDict()
        self._lock = threading.Lock()

    def path(self, job: str) -> Path:
        """Where a job's artifact lies."""
        return self._folder / f"{job}.model"

    def all(self) -> list[dict[str, Any]]:
        """All of them, in OpenAI's shape."""
        rows = self._database.all("SELECT id, created FROM model ORDER BY created, id")
        return [_shape(BASE, 1_767_225_600), *(_shape(row["id"], row["created"]) for row in rows)]

    def get(self, id: str) -> dict[str, Any]:
        """One of them. Raises `ApiProblem`: 404."""
        if id == BASE:
            return _shape(BASE, 1_767_225_600)
        row = self._database.one("SELECT id, created FROM model WHERE id=?", id)
        if row is None:
            raise ApiProblem(404, f"The model {id[:100]!r} does not exist", code="model_not_found", param="model")
        return _shape(row["id"], row["created"])

    def delete(self, id: str) -> None:
        """Remove what a job made. Raises `ApiProblem`: 403 for the base model, 404."""
        if id == BASE:
            raise ApiProblem(403, "The base model can't be deleted", code="base_model")
        self.get(id)
        row = self._database.one("SELECT job FROM model WHERE id=?", id)
        self._database.run("DELETE FROM model WHERE id=?", id)
        with self._lock:
            self._kept.pop(id, None)
        if row is not None:
            self.path(row["job"]).unlink(missing_ok=True)

    def knowledge(self, id: str) -> Knowledge | None:
        """What the model knows, None for the base model. Blocking: the index is built on first use."""
        if id == BASE:
            return None
        with self._lock:
            if id in self._kept:
                self._kept.move_to_end(id)
                return self._kept[id]
        self.get(id)
        row = self._database.one("SELECT job FROM model WHERE id=?", id)
        assert row is not None
        loaded = Knowledge.load(self.path(row["job"]))
        with self._lock:
            self._kept[id] = loaded
            while len(self._kept) > LARGEST_CACHE:
                self._kept.popitem(last=False)
        return loaded


def _shape(id: str, created: int) -> dict[str, Any]:
    return {"id": id, "object": "model", "created": created, "owned_by": "apprentice", "shutdown_date": None}
