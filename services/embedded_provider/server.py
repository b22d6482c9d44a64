"""The HTTP server: OpenAI's paths for files, fine-tuning jobs, models and chat completions."""

import asyncio
import fcntl
import hmac
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from services.embedded_provider import completions, files, jobs
from services.embedded_provider.database import Database
from services.embedded_provider.faults import Faults, spoil
from services.embedded_provider.models import Models
from services.embedded_provider.problems import ApiProblem

LARGEST_FILE = 512 * 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Endpoint = Callable[[Request], Awaitable[Response]]


class AlreadyServed(Exception):
    """Another server uses the data directory."""


class Provider:
    """Everything behind the paths."""

    def __init__(self, folder: Path, api_key: str | None, faults: bool, step_seconds: float, largest: int) -> None:
        for name in ("files", "models"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._lock = _take(folder)
        self._api_key = api_key
        self.faults = Faults() if faults else None
        self.database = Database(folder)
        self.files = files.Files(self.database, folder / "files", largest)
        self.models = Models(self.database, folder / "models")
        self.jobs = jobs.Jobs(self.database, self.models, folder / "files", step_seconds)

    async def close(self) -> None:
        """Leave the data directory."""
        await self.jobs.stop()
        self.database.close()
        self._lock.close()

    async def serve(self, request: Request, endpoint: Endpoint) -> Response:
        """Check the key, take a fault if one waits, answer problems in OpenAI's shape."""
        self._check_key(request)
        fault = self.faults.take(request) if self.faults else None
        if fault is not None and fault.when == "before":
            return await spoil(fault)
        reply = await endpoint(request)
        return await spoil(fault) if fault is not None else reply

    def _check_key(self, request: Request) -> None:
        if self._api_key is None:
            return
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._api_key.encode()):
            raise ApiProblem(401, "Incorrect API key provided", code="invalid_api_key")

    # files
    async def create_file(self, request: Request) -> Response:
        async with request.form() as form:
            return JSONResponse(files.shape(await self.files.create(form.get("file"), form.get("purpose"))))

    async def list_files(self, _: Request) -> Response:
        return JSONResponse(_list([files.shape(row) for row in self.files.all()], more=False))

    async def get_file(self, request: Request) -> Response:
        return JSONResponse(files.shape(self.files.get(request.path_params["id"])))

    async def file_content(self, request: Request) -> Response:
        row = self.files.get(request.path_params["id"])
        return FileResponse(self.files.folder / row["id"], media_type="application/octet-stream")

    async def delete_file(self, request: Request) -> Response:
        self.files.delete(request.path_params["id"])
        return JSONResponse({"id": request.path_params["id"], "object": "file", "deleted": True})

    # jobs
    async def create_job(self, request: Request) -> Response:
        wanted = await _json(request)
        return JSONResponse(jobs.shape(self.jobs.create(wanted, request.headers.get("idempotency-key"))))

    async def list_jobs(self, request: Request) -> Response:
        given = request.query_params
        metadata = {key[9:-1]: value for key, value in given.items() if key.startswith("metadata[")}
        rows, more = self.jobs.all(metadata, given.get("after"), _limit(request))
        return JSONResponse(_list([jobs.shape(row) for row in rows], more=more))

    async def get_job(self, request: Request) -> Response:
        return JSONResponse(jobs.shape(self.jobs.get(request.path_params["id"])))

    async def cancel_job(self, request: Request) -> Response:
        return JSONResponse(jobs.shape(self.jobs.cancel(request.path_params["id"])))

    async def job_events(self, request: Request) -> Response:
        rows, more = self.jobs.events(request.path_params["id"], request.query_params.get("after"), _limit(request))
        return JSONResponse(_list([jobs.shape_event(row) for row in rows], more=more))

    async def job_checkpoints(self, request: Request) -> Response:
        self.jobs.get(request.path_params["id"])
        return JSONResponse(_list([], more=False))

    # models
    async def list_models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": self.models.all()})

    async def get_model(self, request: Request) -> Response:
        return JSONResponse(self.models.get(request.path_params["id"]))

    async def delete_model(self, request: Request) -> Response:
        self.models.delete(request.path_params["id"])
        return JSONResponse({"id": request.path_params["id"], "object": "model", "deleted": True})

    # chat
    async def chat(self, request: Request) -> Response:
        wanted = await _json(request)
        if not wanted.get("stream"):
            _, whole = await completions.complete(self.models, wanted)
            return JSONResponse(whole)
        chunks = completions.stream(self.models, wanted)
        first = await anext(chunks)  # problems are answered before the stream begins
        return StreamingResponse(_joined(first, chunks), media_type="text/event-stream")

    # faults
    async def add_fault(self, request: Request) -> Response:
        assert self.faults is not None
        self.faults.add(await _json(request))
        return Response(status_code=204)

    async def clear_faults(self, _: Request) -> Response:
        assert self.faults is not None
        self.faults.clear()
        return Response(status_code=204)


def create_app(
    folder: Path,
    *,
    api_key: str | None = None,
    faults: bool = False,
    step_seconds: float = 0.02,
    max_file_bytes: int = LARGEST_FILE,
) -> Starlette:
    """The application. `step_seconds`: how long each status of a job lasts. Raises `AlreadyServed`."""
    provider = Provider(folder, api_key, faults, step_seconds, max_file_bytes)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        provider.jobs.resume()
        yield
        await provider.close()

    routes = [Route(path, _guard(provider, endpoint), methods=[method]) for method, path, endpoint in _paths(provider)]
    if faults:
        routes += [
            Route("/faults", provider.add_fault, methods=["POST"]),
            Route("/faults", provider.clear_faults, methods=["DELETE"]),
        ]
    routes.append(Route("/healthz", _healthy))
    handlers: dict[Any, Any] = {ApiProblem: _problem, HTTPException: _not_found}
    app: ASGIApp = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    assert isinstance(app, Starlette)
    return app


async def serve(
    folder: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    api_key: str | None = None,
    faults: bool = False,
    step_seconds: float = 0.02,
    on_ready: Callable[[int], None] = lambda _: None,
    stop: asyncio.Event,
) -> None:
    """Serve in this event loop until `stop` is set; `on_ready` gets the port. A key is needed beyond loopback."""
    if host not in LOOPBACK and api_key is None:
        raise ValueError(f"The embedded provider serves {host} only with an API key; set one, or serve 127.0.0.1.")
    app = await asyncio.to_thread(lambda: create_app(folder, api_key=api_key, faults=faults, step_seconds=step_seconds))
    listener = _listen(host, port)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5, lifespan="on")
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.wait([serving, asyncio.create_task(server.up.wait())], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    on_ready(listener.getsockname()[1])
    await stop.wait()
    server.should_exit = True
    await serving


def _listen(host: str, port: int) -> socket.socket:
    # The protocol must be named: asyncio switches Nagle's algorithm off only then, and every answer would wait 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(256)
    return listener


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell when requests are taken."""
        await super().startup(sockets)
        self.up.set()

    def install_signal_handlers(self) -> None:
        """The process that hosts all services handles signals itself."""

    def capture_signals(self) -> Any:
        """The same, by its newer name."""
        return nullcontext()


def _paths(p: Provider) -> list[tuple[str, str, Endpoint]]:
    jobs_path, model = "/v1/fine_tuning/jobs", "/v1/models/{id:path}"
    return [
        ("POST", "/v1/files", p.create_file), ("GET", "/v1/files", p.list_files),
        ("GET", "/v1/files/{id}", p.get_file), ("DELETE", "/v1/files/{id}", p.delete_file),
        ("GET", "/v1/files/{id}/content", p.file_content),
        ("POST", jobs_path, p.create_job), ("GET", jobs_path, p.list_jobs),
        ("GET", f"{jobs_path}/{{id}}", p.get_job), ("POST", f"{jobs_path}/{{id}}/cancel", p.cancel_job),
        ("GET", f"{jobs_path}/{{id}}/events", p.job_events),
        ("GET", f"{jobs_path}/{{id}}/checkpoints", p.job_checkpoints),
        ("GET", "/v1/models", p.list_models), ("GET", model, p.get_model), ("DELETE", model, p.delete_model),
        ("POST", "/v1/chat/completions", p.chat),
    ]  # fmt: skip


def _guard(provider: Provider, endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        reply = await provider.serve(request, endpoint)
        reply.headers["x-request-id"] = f"req_{secrets.token_hex(8)}"
        return reply

    return guarded


async def _healthy(_: Request) -> Response:
    return Response("ok", media_type="text/plain")


async def _problem(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, ApiProblem)
    return JSONResponse(problem.body, problem.status, headers={"x-request-id": f"req_{secrets.token_hex(8)}"})


async def _not_found(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return await _problem(
        request, ApiProblem(problem.status_code, f"{request.method} {request.url.path}: {problem.detail}")
    )


async def _json(request: Request) -> dict[str, Any]:
    try:
        found = await request.json()
    except ValueError as problem:
        raise ApiProblem(400, f"The body isn't JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise ApiProblem(400, "The body isn't a JSON object")
    return found


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for one in rest:
        yield one


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", "20")
    return min(100, max(1, int(given))) if given.isdecimal() else 20


def _list(data: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    return {
        "object": "list", "data": data, "has_more": more,
        "first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None,
    }  # fmt: skip


def _take(folder: Path) -> TextIO:
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        lock.close()
        raise AlreadyServed(
            f"Another embedded provider uses {folder}; stop it, or give this one a folder of its own."
        ) from problem
    return lock
