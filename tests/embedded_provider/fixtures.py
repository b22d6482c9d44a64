"""The embedded provider for tests of other parts: `embedded_provider` is its address, and it takes faults on demand."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest


@pytest.fixture
def embedded_provider(tmp_path: Path) -> Iterator[str]:
    """Its address, which ends with `/v1`; it runs in a thread with an event loop of its own and needs no key."""
    from services.embedded_provider.server import serve  # imported late: not every run of tests needs it

    serving: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        await serve(
            tmp_path / "provider", faults=True, stop=stop, on_ready=lambda port: serving.set_result((port, loop, stop))
        )

    thread = threading.Thread(target=asyncio.run, args=(run(),), name="embedded provider")
    thread.start()
    port, loop, stop = serving.result(timeout=30)
    yield f"http://127.0.0.1:{port}/v1"
    loop.call_soon_threadsafe(stop.set)
    thread.join(timeout=30)
