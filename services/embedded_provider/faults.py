"""Faults on demand, for tests only: a status, a raw body, a delay, a broken connection.

`POST /faults` with the fields of `Fault` adds one, `DELETE /faults` forgets all and ends their delays, `GET /faults`
lists those that still wait.
"""

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.embedded_provider.guard import drain
from services.embedded_provider.problems import ApiProblem

CONNECTION: Final = "apprentice.connection"


@dataclass
class Fault:
    """What happens to the next `times` requests; `after` carries the request out and then spoils the reply.

    `status` None gives the true reply, late; 0 breaks the connection without a reply. `delay` is in seconds.
    """

    path: str
    method: str = "POST"
    times: int = 1
    status: int | None = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    delay: float = 0.0
    when: Literal["before", "after"] = "before"


class Waiting:
    """Faults that wait for requests, and requests that a fault delays."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._forgotten = asyncio.Event()

    def forget(self) -> None:
        """There are no faults any more; what one delays goes on at once."""
        self.faults.clear()
        self._forgotten.set()
        self._forgotten = asyncio.Event()

    async def delay(self, seconds: float) -> None:
        """Return when the seconds are over, or all is forgotten."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._forgotten.wait()


class Faults:
    """ASGI middleware for the faults that wait."""

    def __init__(self, app: ASGIApp, waiting: Waiting) -> None:
        self._app, self._waiting = app, waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as always, but for the requests that a fault waits for."""
        fault = _taken(self._waiting.faults, scope) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        kept: list[Message] = []
        if fault.when == "after":
            await self._app(scope, receive, _into(kept))
        await self._waiting.delay(fault.delay)
        if fault.status is not None:
            await _spoil(fault, scope, receive, send)
        elif fault.when == "before":
            await self._app(scope, receive, send)
        for message in kept if fault.status is None else ():
            await send(message)


def breakable(app: ASGIApp) -> ASGIApp:
    """Let faults break the connection below: uvicorn has no public way to it."""

    async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
        scope[CONNECTION] = getattr(getattr(send, "__self__", None), "transport", None)
        await app(scope, receive, send)

    return with_connection


async def add_fault(request: Request, waiting: Waiting) -> Response:
    """`POST /faults`. Raises `ApiProblem`: 400."""
    try:
        waiting.faults.append(Fault(**await request.json()))
    except (TypeError, ValueError) as problem:
        raise ApiProblem(400, f"This is no fault: {problem}") from problem
    return Response(status_code=204)


async def forget_faults(_: Request, waiting: Waiting) -> Response:
    """`DELETE /faults`."""
    waiting.forget()
    return Response(status_code=204)


async def list_faults(_: Request, waiting: Waiting) -> Response:
    """`GET /faults`."""
    return JSONResponse([asdict(fault) for fault in waiting.faults])


def _taken(waiting: list[Fault], scope: Scope) -> Fault | None:
    for fault in waiting:
        if (fault.path, fault.method) == (scope["path"], scope["method"]):
            fault.times -= 1
            if fault.times <= 0:
                waiting.remove(fault)
            return fault
    return None


def _into(kept: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        kept.append(message)

    return keep


async def _spoil(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.when == "before":
        await drain(receive)
    if fault.status:
        await Response(fault.body, fault.status, headers=fault.headers)(scope, receive, send)
        return
    connection: Any = scope.get(CONNECTION)
    if connection is None:
        raise ConnectionAbortedError("This server's connections can't be broken on demand.")
    connection.abort()
    await receive()  # the server notices
