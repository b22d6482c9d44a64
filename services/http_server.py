"""Serving an ASGI application inside a running event loop, without uvicorn's own ideas about signals and logging."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

import uvicorn

BACKLOG: Final = 2_048


class PortTaken(Exception):
    """The address can't be listened at; the sentence says why."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # whoever runs the process decides when to stop


async def serve_http(app: Any, host: str, port: int, *, listening: Callable[[int], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then finish what was begun. `listening` is told the port; 0 asks for a free one.

    Raises:
        PortTaken: somebody else listens there, or this machine hasn't the address.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    server = _Server(config)
    listening(listener.getsockname()[1])
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as problem:
        raise PortTaken(f"{host} is no address of this machine: {problem.strerror}.") from problem
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as problem:
        listener.close()
        raise PortTaken(f"Port {port} of {host} can't be used: {problem.strerror}. Choose another one.") from problem
    return listener
