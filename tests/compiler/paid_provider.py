"""A provider that makes another job of every request, as paid ones do; the embedded one makes one per compilation."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.http_server import serve_http


class PaidProvider:
    """Its jobs, oldest first; none ever ends by itself.

    `cancelling`: the statuses that the next cancellations give. `slow`: a job is created only when it may `go_on`.
    """

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.cancelling: deque[int] = deque()
        self.address = ""
        self.slow = False
        self.creating, self.go_on = asyncio.Event(), asyncio.Event()

    def create(self, metadata: dict[str, str]) -> dict[str, Any]:
        """A job that runs."""
        number = len(self.jobs) + 1
        job = {"id": f"job-{number}", "object": "fine_tuning.job", "created_at": number, "metadata": metadata}
        self.jobs.append(job | {"status": "running"})
        return self.jobs[-1]

    def statuses(self) -> list[str]:
        """Of its jobs."""
        return [job["status"] for job in self.jobs]

    async def _create(self, request: Request) -> Response:
        wanted = await request.json()
        self.creating.set()
        if self.slow:
            await self.go_on.wait()
        return JSONResponse(self.create(wanted["metadata"]))

    async def _list(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": self.jobs[::-1], "has_more": False})

    async def _cancel(self, request: Request) -> Response:
        if self.cancelling and (status := self.cancelling.popleft()) != 200:
            return JSONResponse({"error": {"message": "Not now"}}, status)
        job = next(one for one in self.jobs if one["id"] == request.path_params["id"])
        job["status"] = "cancelled"
        return JSONResponse(job)

    def app(self) -> Starlette:
        """What it answers."""
        jobs = "/v1/fine_tuning/jobs"
        return Starlette(
            routes=[
                Route(jobs, self._create, methods=["POST"]),
                Route(jobs, self._list, methods=["GET"]),
                Route(f"{jobs}/{{id}}/cancel", self._cancel, methods=["POST"]),
            ]
        )


@asynccontextmanager
async def paid_provider() -> AsyncIterator[PaidProvider]:
    """One that listens at its `address`."""
    provider, stop, port = PaidProvider(), asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve_http(provider.app(), "127.0.0.1", 0, listening=port.set_result, stop=stop)
    )  # fmt: skip
    provider.address = f"http://127.0.0.1:{await port}/v1"
    try:
        yield provider
    finally:
        stop.set()
        await serving
