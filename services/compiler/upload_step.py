"""Uploading the training file, once, and finding one that an earlier runner uploaded."""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import orjson

from contracts.facts.compilation import FileUploaded, FileUploadIntended
from contracts.queries import CompilationRow
from services.compiler.context import INTENT_SECONDS, Context, file_name, now_micros
from services.compiler.packaging_step import write_files
from services.providers.capabilities import Capabilities
from services.providers.port import ProviderProblem


@dataclass(frozen=True, slots=True)
class Upload:
    """The file as this provider gets it."""

    path: Path
    sha256: str
    bytes: int


async def upload_step(context: Context, row: CompilationRow) -> None:
    """Announce, upload, record. Raises `ProviderProblem`."""
    provider = context.provider(row)
    upload = await _prepare(context, row, provider.capabilities)
    deadline = time.monotonic() + INTENT_SECONDS
    intent = FileUploadIntended(
        runner=context.runner,
        deadline=now_micros() + INTENT_SECONDS * 1_000_000,
        upload_sha256=upload.sha256,
        bytes=upload.bytes,
    )
    await context.report(row, intent)
    if time.monotonic() > deadline:
        return  # too late to begin: a successor may be looking already
    try:
        file = await provider.upload(upload.path, file_name(row))
    except ProviderProblem as problem:
        found = await provider.find_file(file_name(row)) if problem.ambiguous else None
        if found is None:
            raise
        file = found
    await context.report(row, FileUploaded(file=file), revision=row.revision + 1)


async def find_file_step(context: Context, row: CompilationRow) -> None:
    """Adopt what an earlier runner uploaded; otherwise upload. A second file costs nothing but its room."""
    found = await context.provider(row).find_file(file_name(row))
    if found is None:
        await upload_step(context, row)
    else:
        await context.report(row, FileUploaded(file=found, adopted=True))


async def _prepare(context: Context, row: CompilationRow, capabilities: Capabilities) -> Upload:
    path = context.folder(row) / "training.jsonl"
    if not path.exists() or await asyncio.to_thread(_hash, path) != row.sha256:
        packaged = await write_files(context, row)
        if packaged.summary.sha256 != row.sha256:
            raise ProviderProblem(
                "training_set_changed",
                "Words of the training set were erased since it was packaged.",
                "Compile again: the new training set leaves them out.",
            )
    return await asyncio.to_thread(_as_wanted, path, capabilities)


def _as_wanted(path: Path, capabilities: Capabilities) -> Upload:
    if not capabilities.byte_order_mark and capabilities.weights:
        return Upload(path, _hash(path), path.stat().st_size)
    new = path.with_name("upload.jsonl")
    with path.open("rb") as source, new.open("wb") as target:
        if capabilities.byte_order_mark:
            target.write(b"\xef\xbb\xbf")
        for line in source:
            target.write(line if capabilities.weights else _without_weights(line))
    return Upload(new, _hash(new), new.stat().st_size)


def _without_weights(line: bytes) -> bytes:
    messages = [{"role": one["role"], "content": one["content"]} for one in orjson.loads(line)["messages"]]
    return orjson.dumps({"messages": messages}, option=orjson.OPT_APPEND_NEWLINE)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
