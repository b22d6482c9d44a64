"""In front of every path: who may ask, how much may be sent, and a request id on every reply."""

import hmac
import ipaddress
import secrets
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.embedded_provider.files import too_large
from services.embedded_provider.problems import ApiProblem

LARGEST_BODY: Final = 16 << 20
"""Bytes of a request that isn't an upload."""
OVERHEAD: Final = 1 << 16
"""Bytes that multipart adds to an upload, at most."""
DRAINED: Final = 1 << 30
"""A caller reads a refusal only after sending its body; so many bytes of it are waited for."""
OPEN: Final = frozenset({"/healthz"})


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, api_key: str | None, max_file_bytes: int) -> None:
        self._app, self._api_key, self._max_file_bytes = app, api_key, max_file_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, id = Headers(scope=scope), f"req_{secrets.token_hex(8)}"

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = id
            await send(message)

        largest = self._max_file_bytes + OVERHEAD if scope["path"] == "/v1/files" else LARGEST_BODY
        problem = self._refusal(scope["path"], headers) or _size_refusal(headers, largest)
        if problem is not None:
            await drain(receive)
            await JSONResponse(problem.body, problem.status)(scope, receive, named)
            return
        await self._app(scope, _bounded(receive, largest), named)

    def _refusal(self, path: str, headers: Headers) -> ApiProblem | None:
        if path in OPEN:
            return None
        if self._api_key is None:
            # Without a key a page in a browser might reach us by a name of its own that points to this machine.
            if on_loopback(urlsplit(f"//{headers.get('host', '')}").hostname or ""):
                return None
            return ApiProblem(403, "Without an API key only this machine is served, by its own name", code="host")
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if hmac.compare_digest(given.encode(), self._api_key.encode()):
            return None
        return ApiProblem(401, "Incorrect API key provided", code="invalid_api_key")


def on_loopback(host: str) -> bool:
    """Whether this host is this machine, and nobody else can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def drain(receive: Receive) -> None:
    """Take in what is still sent, within bounds."""
    taken = 0
    while taken < DRAINED:
        message = await receive()
        taken += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


def _size_refusal(headers: Headers, largest: int) -> ApiProblem | None:
    length = headers.get("content-length", "0")
    return too_large(largest) if length.isdecimal() and int(length) > largest else None


def _bounded(receive: Receive, largest: int) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > largest:
            await drain(receive)
            raise too_large(largest)
        return message

    return bounded
