"""The projections service of a company, answering on a real nats-server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.bus.client import Bus
from services.bus.server import EmbeddedServer
from services.projections.service import run
from services.running import Running
from services.settings import Settings
from tests.projections.company import Company


@dataclass(frozen=True, slots=True)
class Served:
    """`company` reports facts; `bus` is the command's connection; `service` is what answers."""

    company: Company
    service: Running
    bus: Bus


@asynccontextmanager
async def served(folder: Path, nats: EmbeddedServer) -> AsyncIterator[Served]:
    """From when it answers until it has ended."""
    company = await Company(folder).begin()
    service = Running.begin("projections", run, settings_of(folder, nats))
    await service.until_ready()
    bus = await Bus.connect(nats.logins["cli"], name="cli")
    try:
        yield Served(company, service, bus)
    finally:
        await bus.close()
        await service.drain()
        await company.close()


def settings_of(folder: Path, nats: EmbeddedServer) -> Settings:
    """Those of a service beside the company, with read models of its own."""
    return Settings(
        home=folder, log_url=f"sqlite:///{folder}/log.db", keys_url=f"sqlite:///{folder}/keys.db",
        read_models_url=f"sqlite:///{folder}/served", web_url="", master_key=b"m" * 32,
        login=nats.logins["projections"], embedded_provider_url="",
    )  # fmt: skip
