"""What an installation gets at its first start: the embedded provider, and when asked for the demo company."""

from datetime import UTC, datetime
from typing import Final

from contracts.envelope import Envelope
from contracts.facts.provider import ProviderRegistered
from contracts.identifiers import OWNER
from services.bus.client import Bus
from services.bus.reporting import new_fact
from services.settings import Login, Settings

EMBEDDED: Final = "embedded"
"""The provider's id, and the name of its secret where it needs one."""
BASE_MODEL: Final = "embedded-retrieval-1"


async def prepare(settings: Settings, login: Login, *, demo: bool) -> str | None:
    """Register the embedded provider and load the demo company; its name. Ids are fixed, so once more changes nothing.

    Raises:
        BusUnreachable, NoReply: commands doesn't answer.
        Refused: somebody has registered something else under these ids.
    """
    bus = await Bus.connect(login, name="first-start")
    try:
        await bus.report(_embedded_provider(EMBEDDED if EMBEDDED in settings.secrets else None))
        if not demo:
            return None
        from services.demo.company import NAME, load

        await load(bus)
        return NAME
    finally:
        await bus.close()


async def sign_in_link(login: Login) -> str:
    """An address that signs the owner in, once. Raises as `prepare`."""
    bus = await Bus.connect(login, name="first-start")
    try:
        return str((await bus.query("sign_in_link", {"person": "owner"}, module="cli"))[1].url)
    finally:
        await bus.close()


def _embedded_provider(secret: str | None) -> Envelope:
    data = ProviderRegistered(
        name="Embedded",
        names={"bg": "Вграден"},
        provider_kind="embedded",
        base_model=BASE_MODEL,
        secret=secret,
        notes="Returns the answers it was taught and generates nothing. Needs no key and no network.",
    )
    return new_fact(data, module="cli", actor=OWNER, subject=EMBEDDED, id="embedded-provider", time=datetime.now(UTC))
