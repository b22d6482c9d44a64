"""Uploaded files, kept on disk."""

import asyncio
import os
import secrets
import shutil
from pathlib import Path
from typing import Any, BinaryIO

from starlette.datastructures import UploadFile

from services.embedded_provider.database import Database, Row, now
from services.embedded_provider.problems import ApiProblem, unknown, wrong


class Files:
    """All files of one data directory."""

    def __init__(self, database: Database, folder: Path, largest: int) -> None:
        self._database, self.folder, self._largest = database, folder, largest
        for left in folder.glob("*.new"):
            left.unlink()

    async def create(self, upload: Any, purpose: Any) -> Row:
        """Keep an upload. Raises `ApiProblem`: 400 for a wrong purpose, 413 when too large."""
        if not isinstance(upload, UploadFile):
            raise wrong("file", "is missing")
        if purpose != "fine-tune":
            raise wrong("purpose", f"must be fine-tune, not {str(purpose)[:40]!r}")
        if (upload.size or 0) > self._largest:
            raise too_large(self._largest)
        id = f"file-{secrets.token_hex(12)}"
        size = await asyncio.to_thread(_keep, upload.file, self.folder / id)
        name = Path(upload.filename or "file.jsonl").name[:200]
        self._database.run("INSERT INTO file VALUES (?,?,?,?,?)", id, now(), name, purpose, size)
        return self.get(id)

    def get(self, id: str) -> Row:
        """One file. Raises `ApiProblem`: 404."""
        row = self._database.one("SELECT * FROM file WHERE id=?", id)
        if row is None:
            raise unknown("file", id)
        return row

    def all(self, purpose: str | None, after: str | None, limit: int, order: str = "desc") -> tuple[list[Row], bool]:
        """Those of a purpose; whether there are more. Raises `ApiProblem`: 404."""
        rows = self._database.all(
            "SELECT * FROM file WHERE purpose=coalesce(?, purpose) ORDER BY created, rowid", purpose
        )
        if order != "asc":
            rows.reverse()
        if after:
            self.get(after)
            rows = rows[1 + next((at for at, row in enumerate(rows) if row["id"] == after), len(rows)) :]
        return rows[:limit], len(rows) > limit

    def delete(self, id: str) -> None:
        """Remove it. Raises `ApiProblem`: 404."""
        self.get(id)
        self._database.run("DELETE FROM file WHERE id=?", id)
        (self.folder / id).unlink(missing_ok=True)


def too_large(largest: int) -> ApiProblem:
    """413."""
    return ApiProblem(413, f"The request is larger than {largest:,} bytes", code="file_too_large", param="file")


def shape(row: Row) -> dict[str, Any]:
    """A file as OpenAI's client reads it."""
    return {
        "id": row["id"], "object": "file", "bytes": row["bytes"], "created_at": row["created"],
        "filename": row["filename"], "purpose": row["purpose"], "status": "processed",
    }  # fmt: skip


def _keep(source: BinaryIO, target: Path) -> int:
    new = target.with_name(f"{target.name}.new")
    with new.open("wb") as file:
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    new.rename(target)
    return size
