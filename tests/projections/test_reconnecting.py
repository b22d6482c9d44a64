"""The service's connection to the bus: soon back after the nats-server was away, and the service's end when lost for good."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from nats.aio.client import Client

from services.bus.client import Bus
from services.bus.server import EmbeddedServer
from services.settings import Login
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


async def test_the_service_ends_with_a_sentence_when_its_connection_was_closed_for_good(
    tmp_path: Path, nats: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Bus] = []
    look_after = Bus.look_after

    def remember(nc: Client, login: Login) -> Bus:
        made.append(look_after(nc, login))
        return made[-1]

    monkeypatch.setattr(Bus, "look_after", remember)
    async with served(tmp_path, nats) as system:
        # when nats-py closes its connection, as it does with one that the server tells it may not be
        [bus] = made
        await bus.nc.close()

        # then the service doesn't run on, answering nobody
        await asyncio.wait((system.service.task,), timeout=60)
        assert str(system.service.ended()) == (
            f"The projections service ended: The connection to the bus at {nats.url} has ended for good; start it again."
        )
