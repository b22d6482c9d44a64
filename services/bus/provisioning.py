"""The one step that owns JetStream's streams and durable consumers."""

from typing import Final

from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from contracts import subjects
from services.bus.client import Bus

DAY: Final = 86_400
INBOX_CONSUMER: Final = "inbox"
LARGEST_INBOX: Final = 100_000
"""Facts of one kind that one module may have waiting."""


class ProvisioningFailed(Exception):
    """JetStream holds something that must not be changed."""


_STREAMS: Final = (
    api.StreamConfig(
        name=subjects.EV, subjects=["ev.>"], retention=api.RetentionPolicy.LIMITS, storage=api.StorageType.FILE,
        deny_delete=True, deny_purge=True, allow_direct=True, allow_atomic=True, duplicate_window=0,
    ),
    api.StreamConfig(
        name=subjects.INBOX, subjects=["inbox.*.*"], retention=api.RetentionPolicy.WORK_QUEUE,
        storage=api.StorageType.FILE, discard=api.DiscardPolicy.NEW, discard_new_per_subject=True,
        max_msgs_per_subject=LARGEST_INBOX, duplicate_window=120,
    ),
    api.StreamConfig(name=subjects.OUT, subjects=["out.*.*"], storage=api.StorageType.FILE, max_age=7 * DAY),
    api.StreamConfig(name=subjects.DLQ, subjects=["dlq.*.*"], storage=api.StorageType.FILE, max_age=30 * DAY),
)  # fmt: skip
_FIXED: Final = ("retention", "storage", "deny_delete", "deny_purge")


async def provision(bus: Bus) -> None:
    """Make or bring up to date what the services need; doing it again changes nothing.

    Raises:
        ProvisioningFailed: a stream of this name has other fixed properties.
    """
    try:
        for wanted in _STREAMS:
            await _stream(bus.js, wanted)
        await bus.js.add_consumer(
            subjects.INBOX,
            api.ConsumerConfig(
                durable_name=INBOX_CONSUMER, ack_policy=api.AckPolicy.EXPLICIT, ack_wait=60, max_ack_pending=2_000,
                deliver_policy=api.DeliverPolicy.ALL,
            ),
        )  # fmt: skip
    except NatsError as problem:
        raise ProvisioningFailed(f"JetStream could not be prepared: {problem}.") from problem


async def _stream(js: JetStreamContext, wanted: api.StreamConfig) -> None:
    try:
        there = (await js.stream_info(str(wanted.name))).config
    except NotFoundError:
        await js.add_stream(wanted)
        return
    fixed = {name: getattr(wanted, name) for name in _FIXED}
    different = [name for name, value in fixed.items() if value is not None and getattr(there, name) != value]
    if different:
        raise ProvisioningFailed(
            f"The JetStream stream {wanted.name} exists with another {different[0]}; it belongs to something else. "
            "Give Apprentice a NATS account of its own."
        )
    await js.update_stream(wanted)
