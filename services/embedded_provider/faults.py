"""Faults on demand, for tests only: a status, a raw body, a delay, a lost reply."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response


@dataclass
class Fault:
    """What happens to the next `times` requests; `after` carries the request out and then spoils the reply."""

    path: str
    method: str = "POST"
    times: int = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    delay: float = 0.0
    when: Literal["before", "after"] = "before"


class Faults:
    """The faults that wait."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, wanted: dict[str, Any]) -> None:
        """One more."""
        self._waiting.append(Fault(**wanted))

    def clear(self) -> None:
        """None any more."""
        self._waiting.clear()

    def take(self, request: Request) -> Fault | None:
        """The first that is meant for this request."""
        for fault in self._waiting:
            if fault.path == request.url.path and fault.method == request.method and fault.times > 0:
                fault.times -= 1
                return fault
        return None


async def spoil(fault: Fault) -> Response:
    """The reply that the fault wants; status 0 keeps silent for the delay and then breaks off."""
    await asyncio.sleep(fault.delay)
    if fault.status == 0:
        raise ConnectionAbortedError("a fault on demand")
    return Response(fault.body, fault.status, headers=fault.headers)
