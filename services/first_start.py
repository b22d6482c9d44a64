"""What a home gets at its first start: the embedded provider, and unless told otherwise the demo company."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contracts.facts.provider import ProviderRegistered
from contracts.identifiers import OWNER
from services.bus.client import Bus
from services.bus.reporting import new_fact
from services.settings import Login

EMBEDDED: Final = "embedded"
BASE_MODEL: Final = "embedded-retrieval-1"
_MARK: Final = "demo.loading"


async def register_embedded_provider(bus: Bus, secret: str | None = None) -> None:
    """Make the embedded provider known, once: the fact has always the same id."""
    data = ProviderRegistered(
        name="Embedded",
        names={"bg": "Вграден"},
        provider_kind="embedded",
        base_model=BASE_MODEL,
        secret=secret,
        notes="Returns the answers it was taught and generates nothing. Needs no key and no network.",
    )
    fact = new_fact(data, module="cli", actor=OWNER, subject=EMBEDDED, id="embedded-provider", time=datetime.now(UTC))
    await bus.report(fact)


async def prepare(home: Path, login: Login, *, fresh: bool, demo: bool) -> str | None:
    """Load what the first start loads; the demo company's name when it was loaded now. Interrupted, it is taken up."""
    bus = await Bus.connect(login, name="first-start")
    try:
        await register_embedded_provider(bus)
        mark = home / _MARK
        if not demo or not (fresh or mark.exists()):
            return None
        from services.demo.company import NAME, load

        await asyncio.to_thread(mark.touch)
        await load(bus)
        await asyncio.to_thread(mark.unlink)
        return NAME
    finally:
        await bus.close()
