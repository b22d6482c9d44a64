"""Uploaded files, streamed to disk."""

import secrets
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile

from services.embedded_provider.database import Database, Row, now
from services.embedded_provider.problems import ApiProblem, unknown

CHUNK = 1 << 20


class Files:
    """All files of one data directory."""

    def __init__(self, database: Database, folder: Path, largest: int) -> None:
        self._database, self.folder, self._largest = database, folder, largest

    async def create(self, upload: Any, purpose: Any) -> Row:
        """Keep an upload. Raises `ApiProblem`: 400 for a wrong purpose, 413 when too large."""
        if not isinstance(upload, UploadFile):
            raise ApiProblem(400, "file is missing", param="file")
        if purpose != "fine-tune":
            raise ApiProblem(400, f"purpose must be fine-tune, not {str(purpose)[:40]!r}", param="purpose")
        id = f"file-{secrets.token_hex(12)}"
        new = self.folder / f"{id}.new"
        size = 0
        with new.open("wb") as target:
            while chunk := await upload.read(CHUNK):
                size += len(chunk)
                if size > self._largest:
                    new.unlink()
                    raise ApiProblem(413, f"The file is larger than {self._largest:,} bytes", code="file_too_large")
                target.write(chunk)
        new.rename(self.folder / id)
        name = Path(upload.filename or "file.jsonl").name[:200]
        self._database.run("INSERT INTO file VALUES (?,?,?,?,?)", id, now(), name, purpose, size)
        return self.get(id)

    def get(self, id: str) -> Row:
        """One file. Raises `ApiProblem`: 404."""
        row = self._database.one("SELECT * FROM file WHERE id=?", id)
        if row is None:
            raise unknown("file", id)
        return row

    def all(self) -> list[Row]:
        """Newest first."""
        return self._database.all("SELECT * FROM file ORDER BY created DESC, id DESC")

    def delete(self, id: str) -> None:
        """Remove it. Raises `ApiProblem`: 404."""
        self.get(id)
        self._database.run("DELETE FROM file WHERE id=?", id)
        (self.folder / id).unlink(missing_ok=True)


def shape(row: Row) -> dict[str, Any]:
    """A file as OpenAI's client reads it."""
    return {
        "id": row["id"], "object": "file", "bytes": row["bytes"], "created_at": row["created"],
        "filename": row["filename"], "purpose": row["purpose"], "status": "processed",
    }  # fmt: skip
