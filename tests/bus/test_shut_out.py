"""A service whose connection to the bus is closed for good ends and says so, so that whoever watches it starts it again."""

import asyncio
from pathlib import Path

import pytest

from services.bus.client import Bus
from services.bus.server import EmbeddedServer
from services.running import Running, run_of
from services.settings import Login, Settings


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Bus]:
    """Every connection that is made."""
    made: list[Bus] = []
    connect = Bus.connect

    async def remember(login: Login, *, name: str, timeout: float = 5.0) -> Bus:
        made.append(await connect(login, name=name, timeout=timeout))
        return made[-1]

    monkeypatch.setattr(Bus, "connect", remember)
    return made


@pytest.mark.parametrize("name", ["commands", "compiler", "chat"])
async def test_a_service_whose_connection_was_closed_for_good_ends_and_says_so(
    nats: EmbeddedServer, tmp_path: Path, connections: list[Bus], name: str
) -> None:
    # given a service that serves
    connections.clear()
    settings = Settings(
        home=tmp_path, log_url=f"sqlite:///{tmp_path}/log.db", keys_url=f"sqlite:///{tmp_path}/keys.db",
        read_models_url=f"sqlite:///{tmp_path}", web_url=f"sqlite:///{tmp_path}/web.db", master_key=b"m" * 32,
        login=nats.logins[name], embedded_provider_url="",
    )  # fmt: skip
    service = Running.begin(name, run_of(name), settings)
    await service.until_ready()

    # when nats-py closes its connection, as it does with one that the server tells it may not be
    [bus] = connections
    await bus.nc.close()
    await asyncio.wait((service.task,), timeout=60)

    # then it ends
    assert service.task.done()
    assert "The connection to the bus" in str(service.ended())
