"""OpenAI's paths: what each of them calls, and how it answers."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.embedded_provider import completions, files, shapes
from services.embedded_provider.chat_request import ChatRequest
from services.embedded_provider.job_request import JobRequest
from services.embedded_provider.jobs import Jobs
from services.embedded_provider.models import Models
from services.embedded_provider.problems import ApiProblem, wrong
from services.embedded_provider.training import Training

Endpoint = Callable[[Request], Awaitable[Response]]
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
_METADATA: Final = re.compile(r"metadata\[(.+)\]")
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")


class Api:
    """The endpoints."""

    def __init__(self, files: files.Files, jobs: Jobs, training: Training, models: Models) -> None:
        self._files, self._jobs, self._training, self._models = files, jobs, training, models

    def routes(self) -> list[Route]:
        """All paths."""
        jobs = "/v1/fine_tuning/jobs"
        paths: list[tuple[str, str, Endpoint]] = [
            ("POST", "/v1/files", self.create_file), ("GET", "/v1/files", self.list_files),
            ("GET", "/v1/files/{id}", self.get_file), ("DELETE", "/v1/files/{id}", self.delete_file),
            ("GET", "/v1/files/{id}/content", self.file_content),
            ("POST", jobs, self.create_job), ("GET", jobs, self.list_jobs),
            ("GET", f"{jobs}/{{id}}", self.get_job), ("POST", f"{jobs}/{{id}}/cancel", self.cancel_job),
            ("GET", f"{jobs}/{{id}}/events", self.job_events),
            ("GET", f"{jobs}/{{id}}/checkpoints", self.job_checkpoints),
            ("GET", "/v1/models", self.list_models), ("GET", "/v1/models/{id:path}", self.get_model),
            ("DELETE", "/v1/models/{id:path}", self.delete_model),
            ("POST", "/v1/chat/completions", self.chat),
        ]  # fmt: skip
        return [Route(path, endpoint, methods=[method]) for method, path, endpoint in paths]

    async def create_file(self, request: Request) -> Response:
        async with request.form() as form:
            return JSONResponse(files.shape(await self._files.create(form.get("file"), form.get("purpose"))))

    async def list_files(self, request: Request) -> Response:
        given = request.query_params
        most = _limit(request, 10_000, 10_000)
        rows, more = self._files.all(given.get("purpose"), given.get("after"), most, given.get("order", "desc"))
        return JSONResponse(shapes.listed([files.shape(row) for row in rows], more=more))

    async def get_file(self, request: Request) -> Response:
        return JSONResponse(files.shape(self._files.get(_id(request))))

    async def file_content(self, request: Request) -> Response:
        row = self._files.get(_id(request))
        return FileResponse(self._files.folder / row["id"], media_type="application/octet-stream")

    async def delete_file(self, request: Request) -> Response:
        self._files.delete(_id(request))
        return JSONResponse({"id": _id(request), "object": "file", "deleted": True})

    async def create_job(self, request: Request) -> Response:
        wanted = JobRequest.read(await _json(request))
        row, new = self._jobs.create(wanted, request.headers.get("idempotency-key"))
        if new:
            self._training.start(row["id"])
        return JSONResponse(shapes.job(row))

    async def list_jobs(self, request: Request) -> Response:
        given = request.query_params
        metadata = {found[1]: value for key, value in given.items() if (found := _METADATA.fullmatch(key))}
        rows, more = self._jobs.all(metadata, given.get("after"), _limit(request))
        return JSONResponse(shapes.listed([shapes.job(row) for row in rows], more=more))

    async def get_job(self, request: Request) -> Response:
        return JSONResponse(shapes.job(self._jobs.get(_id(request))))

    async def cancel_job(self, request: Request) -> Response:
        return JSONResponse(shapes.job(self._training.cancel(_id(request))))

    async def job_events(self, request: Request) -> Response:
        rows, more = self._jobs.events(_id(request), request.query_params.get("after"), _limit(request))
        return JSONResponse(shapes.listed([shapes.event(row) for row in rows], more=more))

    async def job_checkpoints(self, request: Request) -> Response:
        found = shapes.checkpoints(self._jobs.get(_id(request)))
        return JSONResponse(shapes.listed(found if request.query_params.get("after") is None else [], more=False))

    async def list_models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": self._models.all()})

    async def get_model(self, request: Request) -> Response:
        return JSONResponse(self._models.get(_id(request)))

    async def delete_model(self, request: Request) -> Response:
        self._models.delete(_id(request))
        return JSONResponse({"id": _id(request), "object": "model", "deleted": True})

    async def chat(self, request: Request) -> Response:
        wanted = ChatRequest.read(await _json(request))
        said = await completions.answer(self._models, wanted)
        if not wanted.streamed:
            return JSONResponse(completions.completion(wanted, said))
        chunks: AsyncIterator[bytes] = completions.chunks(wanted, said)
        return StreamingResponse(chunks, media_type="text/event-stream")


def _id(request: Request) -> str:
    id = str(request.path_params["id"])
    if not _ID.fullmatch(id):
        raise wrong("id", "may have letters, digits, and . _ : -")
    return id


def _limit(request: Request, usual: int = 20, most: int = 100) -> int:
    given = request.query_params.get("limit", str(usual))
    return min(most, max(1, int(given))) if given.isascii() and given.isdecimal() else usual


async def _json(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        found = json.loads(body)
        if _HALF.search(body.decode("latin-1")):
            json.dumps(found, ensure_ascii=False).encode()  # half a character fails here
    except (ValueError, RecursionError) as problem:
        raise ApiProblem(400, f"The body isn't JSON in UTF-8: {problem}", code="invalid_json") from problem
    if not isinstance(found, dict):
        raise ApiProblem(400, "The body isn't a JSON object", code="invalid_json")
    return found
