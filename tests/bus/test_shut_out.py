"""A service that the bus shuts out for good ends and says so, so that whoever watches it starts it again."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from services.bus.permissions import authorization
from services.bus.server import EmbeddedServer
from services.running import Running, run_of
from services.settings import Settings


def shut_out(nats: EmbeddedServer, folder: Path, user: str) -> None:
    """As an operator does who changes a password and reloads the server."""
    passwords = json.loads((folder / "passwords.json").read_text(encoding="utf-8"))
    configuration, _, _ = (folder / "server.conf").read_text(encoding="utf-8").partition("authorization {")
    changed = configuration + authorization(passwords | {user: "another"})
    (folder / "server.conf").write_text(changed, encoding="utf-8")
    assert nats.pid is not None
    os.kill(nats.pid, signal.SIGHUP)


@pytest.mark.parametrize("name", ["commands", "compiler", "chat"])
async def test_a_service_whose_password_was_changed_ends_and_says_so(
    nats: EmbeddedServer, tmp_path: Path, name: str
) -> None:
    # given a service that serves
    settings = Settings(
        home=tmp_path, log_url=f"sqlite:///{tmp_path}/log.db", keys_url=f"sqlite:///{tmp_path}/keys.db",
        read_models_url=f"sqlite:///{tmp_path}", web_url=f"sqlite:///{tmp_path}/web.db", master_key=b"m" * 32,
        login=nats.logins[name], embedded_provider_url="",
    )  # fmt: skip
    service = Running.begin(name, run_of(name), settings)
    await service.until_ready()

    # when the bus knows its password no more
    shut_out(nats, tmp_path / "bus" / "nats", name)
    await asyncio.wait((service.task,), timeout=60)

    # then it ends
    assert service.task.done()
    assert "The connection to the bus" in str(service.ended())
