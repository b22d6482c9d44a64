"""The embedded provider as a service like the others; by itself it knows nothing of Apprentice."""

import asyncio
from collections.abc import Callable

from services.embedded_provider.server import serve
from services.settings import Settings


async def run(
    settings: Settings,
    *,
    ready: Callable[[], None],
    stop: asyncio.Event,
    listening: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until `stop` is set. `listening` is told the address, such as `http://127.0.0.1:8761/v1`."""

    def on_ready(port: int) -> None:
        listening(f"http://{settings.http_host}:{port}/v1")
        ready()

    await serve(
        settings.home / "provider",
        settings.http_host,
        settings.http_port,
        api_key=settings.embedded_provider_key,
        faults=settings.embedded_provider_faults,
        step_seconds=settings.embedded_provider_step_seconds,
        on_ready=on_ready,
        stop=stop,
    )
