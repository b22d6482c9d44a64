"""The web service: answers /healthz, /readyz and /metrics, and is ready while the bus is there."""

import asyncio
from collections.abc import Callable

from services.bus.client import Bus, BusUnreachable
from services.health import Health
from services.http_server import serve_http
from services.settings import Settings


async def run(
    settings: Settings,
    *,
    ready: Callable[[], None],
    stop: asyncio.Event,
    listening: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until `stop` is set. `listening` is told the address, such as `http://127.0.0.1:8760`."""
    bus = await Bus.connect(settings.login, name="web")
    health = Health("web", lambda: bus.nc.is_connected and not stop.is_set())

    def on_port(port: int) -> None:
        listening(f"http://{settings.http_host}:{port}")
        ready()

    ended = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(
                serve_http(health, settings.http_host, settings.http_port, listening=on_port, stop=ended)
            )
            watching = tasks.create_task(_first(stop, bus.lost))
            await asyncio.wait((serving, watching), return_when=asyncio.FIRST_COMPLETED)
            ended.set()
            watching.cancel()
    finally:
        await bus.close()
    if bus.lost.is_set():
        raise BusUnreachable("The connection to the bus has ended for good.")


async def _first(*events: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(event.wait()) for event in events]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
