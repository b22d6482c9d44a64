"""The HTTP server: one per data directory, inside whatever event loop runs it."""

import asyncio
import contextlib
import fcntl
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.embedded_provider.api import Api
from services.embedded_provider.database import Database
from services.embedded_provider.faults import Faults, Waiting, add_fault, breakable, forget_faults, list_faults
from services.embedded_provider.files import Files
from services.embedded_provider.guard import Guard, on_loopback
from services.embedded_provider.jobs import Jobs
from services.embedded_provider.models import Models
from services.embedded_provider.problems import ApiProblem
from services.embedded_provider.training import Training
from services.http_server import serve_http

LARGEST_FILE: Final = 512 << 20


class AlreadyServed(Exception):
    """Another server uses the data directory."""


def create_app(
    folder: Path,
    *,
    api_key: str | None = None,
    faults: bool = False,
    step_seconds: float = 0.02,
    max_file_bytes: int = LARGEST_FILE,
) -> Starlette:
    """The application; its lifespan takes the data directory, goes on with open jobs, and leaves it again.

    `step_seconds` is how long each status of a job lasts at least. Raises `AlreadyServed` when its lifespan begins.
    """
    waiting = Waiting()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with _taken(folder), contextlib.closing(Database(folder)) as database:
            jobs, models = Jobs(database), Models(database, folder / "models")
            training = Training(jobs, models, folder / "files", step_seconds)
            api = Api(Files(database, folder / "files", max_file_bytes), jobs, training, models)
            app.router.routes[:] = [*routes, *api.routes()]
            training.resume()
            try:
                yield
            finally:
                await training.stop()

    middleware = [Middleware(Guard, api_key=api_key, max_file_bytes=max_file_bytes)]
    routes = [Route("/healthz", _healthy)]
    if faults:
        middleware.append(Middleware(Faults, waiting=waiting))
        routes += [
            Route("/faults", partial(add_fault, waiting=waiting), methods=["POST"]),
            Route("/faults", partial(forget_faults, waiting=waiting), methods=["DELETE"]),
            Route("/faults", partial(list_faults, waiting=waiting), methods=["GET"]),
        ]
    handlers: dict[Any, Any] = {ApiProblem: _problem, HTTPException: _no_such_path, Exception: _broken}
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan, exception_handlers=handlers)


async def serve(
    folder: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    api_key: str | None = None,
    faults: bool = False,
    step_seconds: float = 0.02,
    max_file_bytes: int = LARGEST_FILE,
    on_ready: Callable[[int], None] = lambda _: None,
    stop: asyncio.Event,
) -> None:
    """Serve in this event loop until `stop` is set, then drain; `on_ready` gets the port.

    Raises:
        ValueError: a host beyond loopback without a key.
        AlreadyServed: another server uses the data directory.
        PortTaken: somebody else listens there.
    """
    if not on_loopback(host) and not api_key:
        raise ValueError(f"The embedded provider serves {host} only with an API key; set one, or serve 127.0.0.1.")
    app = create_app(folder, api_key=api_key, faults=faults, step_seconds=step_seconds, max_file_bytes=max_file_bytes)
    async with app.router.lifespan_context(app):
        await serve_http(breakable(app) if faults else app, host, port, listening=on_ready, stop=stop)


@contextlib.contextmanager
def _taken(folder: Path) -> Iterator[None]:
    for name in ("files", "models"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise AlreadyServed(
                f"Another embedded provider uses {folder}; stop it, or give this one a folder of its own."
            ) from problem
        yield


async def _healthy(_: Request) -> Response:
    return Response("ok", media_type="text/plain")


async def _problem(_: Request, problem: ApiProblem) -> Response:
    return JSONResponse(problem.body, problem.status)


async def _no_such_path(request: Request, problem: HTTPException) -> Response:
    said = f"{request.method} {request.url.path}: {problem.detail}"
    return JSONResponse(ApiProblem(problem.status_code, said).body, problem.status_code)


async def _broken(_: Request, __: Exception) -> Response:
    said = ApiProblem(500, "The embedded provider broke; its log says why", code="server_error")
    return JSONResponse(said.body, 500, headers={"x-request-id": f"req_{secrets.token_hex(8)}"})
