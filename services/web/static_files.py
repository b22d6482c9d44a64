"""Scripts, styles and icons: read once, made small once, under names that change with their content."""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import rcssmin
import rjsmin
from fastapi import APIRouter, Request, Response

FOLDER: Final = Path(__file__).parent / "static"
_KINDS: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_PAGE: Final = ("apprentice.js", "dialogs.js")
TOGETHER: Final[Mapping[str, tuple[str, ...]]] = {
    "htmx.js": ("vendor/htmx.min.js", "vendor/hx-sse.min.js", "vendor/hx-upsert.min.js"),
    "page.js": (*_PAGE, "undo.js"),
    "chat-page.js": (*_PAGE, "chat.js"),
}
"""Scripts that are sent as one: fewer requests, and alike words are compressed together."""
_SMALLER: Final[Mapping[str, Callable[[str], str]]] = {".css": rcssmin.cssmin, ".js": rjsmin.jsmin}
"""Comments and indentation stay here."""
_FOREVER: Final = "public, max-age=31536000, immutable"

router = APIRouter()


@cache
def _content(name: str) -> tuple[bytes, bytes, str]:
    """Plain, compressed, and 12 hexadecimal digits of the content."""
    # In a block each, so that their names don't meet.
    plain = b"\n".join(b"{%s}" % _plain(one) for one in TOGETHER[name]) if name in TOGETHER else _plain(name)
    return plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:12]


def _plain(name: str) -> bytes:
    file = FOLDER / name
    smaller = None if name.startswith("vendor/") else _SMALLER.get(file.suffix)
    return file.read_bytes() if smaller is None else smaller(file.read_text(encoding="utf-8")).encode()


@cache
def _names() -> frozenset[str]:
    files = (str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.suffix in _KINDS)
    return frozenset([*files, *TOGETHER])


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
