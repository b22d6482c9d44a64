"""The service's connection to the bus: the service ends when it is lost for good."""

import asyncio
import json
import os
import signal
from pathlib import Path

from services.bus.permissions import authorization
from services.bus.server import EmbeddedServer
from tests.projections.served import served


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
