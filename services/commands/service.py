"""The commands service: opens the log, takes facts at the door and from the inbox, and relays the log to EV."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from nats.errors import Error as NatsError

from contracts import subjects
from contracts.envelope import Envelope
from contracts.facts.person import PersonAdded
from services.bus.client import Bus, NoReply
from services.bus.deadletters import bury
from services.bus.nats_py import settled
from services.bus.serving import Serving
from services.commands.door import Door
from services.commands.inbox import InboxReader
from services.commands.keeping import keep_logins
from services.commands.places import sequence
from services.commands.relay import relay
from services.commands.writer import Writer
from services.eventlog import open_keys, open_log
from services.eventlog.keys import KeyStore
from services.eventlog.log import EventLog
from services.eventlog.upcasting import check_schema
from services.settings import Settings

logger = logging.getLogger(__name__)


async def run(settings: Settings, *, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; then answer what was taken, relay what was appended, and return."""
    log = await asyncio.to_thread(open_log, settings.log_url)
    keys = await asyncio.to_thread(open_keys, settings.keys_url, settings.master_key)
    await asyncio.to_thread(_prepare, log, keys)
    bus = await Bus.connect(settings.login, name="commands")
    grown = asyncio.Event()
    hints: set[asyncio.Task[None]] = set()

    def tell(head: int) -> None:
        grown.set()
        task = asyncio.create_task(bus.nc.publish(subjects.HINT, str(head).encode()))
        hints.add(task)
        task.add_done_callback(hints.discard)

    async def keep(module: str, fact: str, body: bytes, reason: str) -> None:
        try:
            await bury(bus, module=module, fact=fact, body=body, reason=reason)
        except (NoReply, NatsError) as problem:
            logger.warning("a dead letter of %s could not be kept: %s", module, problem)

    writer = Writer(log, keys, grown=tell)
    await writer.write(_owner())
    door, inbox = Door(bus.nc, writer, keep, settings.sandbox), InboxReader(bus.js, writer, keep, settings.sandbox)
    relayed = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(relay(log, bus, stop=relayed, grown=grown))
        reading = tasks.create_task(inbox.run(stop))
        placing = Serving(bus, "sequence", partial(sequence, bus, log.head))
        await placing.open("commands")
        await door.open()
        await settled(bus.nc)
        ready()
        await bus.until(stop)
        await placing.close()
        await door.close()
        await reading
        await writer.stop()
        relayed.set()
        grown.set()
    await bus.close()
    await asyncio.to_thread(log.close)


def _prepare(log: EventLog, keys: KeyStore) -> None:
    """Raises `NewerSchema` when the log holds what this program can't decide on."""
    for table, key in (rows := log.unique_rows()):
        if table == "schema":
            check_schema(key, int(rows[table, key]))
        if table == "erased":
            # A crash between commit and destruction, or restored keys, must not bring erased words back.
            keys.destroy(f"person:{key}")
    if ("kept", "logins") not in rows and log.head().position > 0:
        keep_logins(log, keys)


def _owner() -> Envelope:
    """The first start's fact; later starts get its first acceptance again."""
    return Envelope(
        id="owner",
        source="/commands",
        type="PersonAdded",
        time=datetime.now(UTC),
        subject="owner",
        actor="service:commands",
        data=PersonAdded(name="Owner", roles=("administrator", "trainer")),
    )
