"""The one step that owns JetStream: the streams EV, INBOX, OUT and DLQ, and the inbox reader's consumer."""

from __future__ import annotations

from typing import Any, Final

from nats.js.errors import APIError, NotFoundError

from contracts import subjects
from services.bus.client import Bus
from services.bus.jetstream import ask
from services.settings import Login

SECOND: Final = 1_000_000_000
DAY: Final = 24 * 60 * 60 * SECOND
INBOX_CONSUMER: Final = "inbox"
WAITING_PER_SUBJECT: Final = 10_000
"""Facts of one name that a module may leave before they are decided; only the flooding module meets the limit."""

STREAMS: Final[dict[str, dict[str, Any]]] = {
    subjects.EV: {
        "subjects": ["ev.>"],
        "retention": "limits",
        "discard": "new",
        "deny_delete": True,
        "deny_purge": True,
        "allow_atomic": True,
        "allow_direct": True,
    },
    subjects.INBOX: {
        "subjects": ["inbox.>"],
        "retention": "workqueue",
        "discard": "new",
        "discard_new_per_subject": True,
        "max_msgs_per_subject": WAITING_PER_SUBJECT,
        "duplicate_window": 120 * SECOND,
    },
    subjects.OUT: {"subjects": ["out.>"], "retention": "limits", "discard": "old", "max_age": 7 * DAY},
    subjects.DLQ: {
        "subjects": ["dlq.>"],
        "retention": "limits",
        "discard": "old",
        "max_age": 30 * DAY,
        "allow_direct": True,
    },
}
"""What each stream must be like. What isn't named here (replicas, placement, size limits) is the operator's."""

_INBOX_READER: Final[dict[str, Any]] = {
    "durable_name": INBOX_CONSUMER,
    "name": INBOX_CONSUMER,
    "deliver_policy": "all",
    "ack_policy": "explicit",
    "ack_wait": 30 * SECOND,
    "max_ack_pending": 1_000,
    "max_deliver": -1,
    "replay_policy": "instant",
}

_UNCHANGEABLE: Final = ("subjects", "retention", "storage")


class ProvisioningRefused(Exception):
    """A stream is there already and isn't ours, or can't become what it must be; the sentence says what to do."""


async def provision(login: Login) -> None:
    """Make or bring up to date every stream and consumer; to do it again changes nothing.

    Raises:
        ProvisioningRefused: a stream of that name holds something else. Nothing is ever deleted here.
        services.bus.client.BusUnreachable, services.bus.client.NoReply: no server, or no JetStream.
    """
    bus = await Bus.connect(login, name="provisioning")
    try:
        for name, wanted in STREAMS.items():
            await _stream(bus, name, {"name": name, "storage": "file", **wanted})
        await _inbox_reader(bus)
    finally:
        await bus.close()


async def _stream(bus: Bus, name: str, wanted: dict[str, Any]) -> None:
    try:
        present = (await ask(bus, f"STREAM.INFO.{name}"))["config"]
    except NotFoundError:
        await _ask(bus, f"STREAM.CREATE.{name}", wanted, name)
        return
    for key in _UNCHANGEABLE:
        if present.get(key) != wanted[key]:
            raise ProvisioningRefused(
                f"The JetStream stream {name} has {key} {present.get(key)!r} instead of {wanted[key]!r}; "
                "it isn't Apprentice's or was changed by hand. Move it away, or use another account of the server."
            )
    if any(present.get(key) != value for key, value in wanted.items()):
        await _ask(bus, f"STREAM.UPDATE.{name}", {**present, **wanted}, name)


async def _inbox_reader(bus: Bus) -> None:
    request = {"stream_name": subjects.INBOX, "config": _INBOX_READER}
    await _ask(bus, f"CONSUMER.CREATE.{subjects.INBOX}.{INBOX_CONSUMER}", request, subjects.INBOX)


async def _ask(bus: Bus, subject: str, body: dict[str, Any], stream: str) -> None:
    try:
        await ask(bus, subject, body)
    except APIError as problem:
        raise ProvisioningRefused(
            f"JetStream doesn't take the settings of {stream}: {problem.description}. "
            "Compare them with services/bus/provisioning.py; nothing was deleted."
        ) from problem
