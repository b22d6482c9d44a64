"""Scripts, styles and icons: read once, compressed once, under names that change with their content."""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

FOLDER: Final = Path(__file__).parent / "static"
_KINDS: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOREVER: Final = "public, max-age=31536000, immutable"

router = APIRouter()


@cache
def _content(name: str) -> tuple[bytes, bytes, str]:
    """Plain, compressed, and 12 hexadecimal digits of the content."""
    plain = (FOLDER / name).read_bytes()
    return plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:12]


@cache
def _names() -> frozenset[str]:
    return frozenset(str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.suffix in _KINDS)


def url(name: str) -> str:
    """Where the file is found, as `/static/<hash>/<name>`."""
    return f"/static/{_content(name)[2]}/{name}"


@router.get("/static/{digest}/{name:path}")
def static(request: Request, digest: str, name: str) -> Response:
    """One file. An old page may ask for an older content under its digest: it gets the present one, uncached."""
    if name not in _names():
        return Response(status_code=404)
    plain, compressed, present = _content(name)
    headers = {"cache-control": _FOREVER if digest == present else "no-store", "vary": "accept-encoding"}
    kind = _KINDS[Path(name).suffix]
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(compressed, media_type=kind, headers=headers | {"content-encoding": "gzip"})
    return Response(plain, media_type=kind, headers=headers)
