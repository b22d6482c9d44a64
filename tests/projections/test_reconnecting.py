"""The service's connection to the bus: soon back after the nats-server was away, and the service's end when lost for good."""

import asyncio
import json
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

from services.bus.permissions import authorization
from services.bus.server import EmbeddedServer
from tests.projections.served import served

ATTEMPTS = 10


async def test_the_service_looks_often_whether_the_bus_is_back(tmp_path: Path, nats: EmbeddedServer) -> None:
    async with served(tmp_path, nats) as system:
        # given a nats-server that ends, in whose place somebody else listens who hangs up at once
        await system.bus.close()
        nats.stop()
        tried = asyncio.Semaphore(0)

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()
            tried.release()

        place = await asyncio.start_server(hang_up, "127.0.0.1", urlsplit(nats.url).port)

        # then the service comes ten times in less than what five of nats-py's own pauses take
        try:
            async with asyncio.timeout(10):
                for _ in range(ATTEMPTS):
                    await tried.acquire()
        finally:
            place.close()


async def test_the_service_ends_with_a_sentence_when_the_bus_shuts_it_out(tmp_path: Path, nats: EmbeddedServer) -> None:
    async with served(tmp_path, nats) as system:
        # when an operator gives the user another password
        folder = tmp_path / "bus" / "nats"
        passwords = json.loads((folder / "passwords.json").read_text()) | {"projections": "another"}
        configuration = folder / "server.conf"
        rest, _, _ = configuration.read_text().partition("authorization {")
        configuration.write_text(rest + authorization(passwords))
        assert nats.pid
        os.kill(nats.pid, signal.SIGHUP)

        # then the service doesn't run on, answering nobody
        await asyncio.wait((system.service.task,), timeout=60)
        assert str(system.service.ended()) == (
            "The projections service ended: The connection to the bus has ended for good."
        )
