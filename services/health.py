"""/healthz, /readyz and /metrics: whether a process lives, whether it serves, and its figures for Prometheus."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_TEXT: Final = "text/plain; charset=utf-8"


class Health:
    """An ASGI application for one service. `ready` says whether it serves now, `figures` its own gauges."""

    def __init__(
        self, service: str, ready: Callable[[], bool], figures: Callable[[], Mapping[str, int]] = dict
    ) -> None:
        self._service = service
        self._ready = ready
        self._figures = figures

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, kind, body = self._answer(scope["method"], scope["path"])
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, method: str, path: str) -> tuple[int, str, bytes]:
        if method not in ("GET", "HEAD"):
            return 405, _TEXT, b"Only GET is answered here.\n"
        match path:
            case "/healthz":
                return 200, _TEXT, b"alive\n"
            case "/readyz":
                return (200, _TEXT, b"ready\n") if self._ready() else (503, _TEXT, b"not ready\n")
            case "/metrics":
                return 200, *self._metrics()
            case _:
                return 404, _TEXT, b"There is only /healthz, /readyz and /metrics here.\n"

    def _metrics(self) -> tuple[str, bytes]:
        from prometheus_client import exposition  # imported late: 10 MB that only who scrapes needs

        ready = f'apprentice_ready{{service="{self._service}"}} {int(self._ready())}\n'
        lines = ["# TYPE apprentice_ready gauge\n", ready]
        lines += [f"# TYPE {name} gauge\n{name} {value}\n" for name, value in self._figures().items()]
        return exposition.CONTENT_TYPE_LATEST, exposition.generate_latest() + "".join(lines).encode()
