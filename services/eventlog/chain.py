"""The hash chain over the log: how a link is made, how events are linked on, how a chain is verified.

Pure, standard library only, so that a small program without the server can verify an exported log.
The formula is written down in docs/reference/chain.md.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.eventlog.log import Append, Head, NewEvent, Recorded

_NUMBER = struct.Struct(">IQ")
_LENGTH = struct.Struct(">I")


def beginning(log_id: str) -> Head:
    """The head of an empty log; its chain is the log id's UTF-8 bytes, which the first link continues."""
    return Head(0, 0, log_id.encode())


def link(
    previous: bytes,
    position: int,
    recorded_at: int,
    fact_end: int,
    stream: str,
    revision: int,
    topic: str,
    state: bytes,
) -> bytes:
    """32 bytes: SHA-256 over the parts in this order, each preceded by its length (4 bytes, big-endian).

    Numbers are 8 bytes, big-endian; strings UTF-8.
    """
    name, kind = stream.encode(), topic.encode()
    parts = (
        _LENGTH.pack(len(previous)), previous,
        _NUMBER.pack(8, position), _NUMBER.pack(8, recorded_at), _NUMBER.pack(8, fact_end),
        _LENGTH.pack(len(name)), name,
        _NUMBER.pack(8, revision),
        _LENGTH.pack(len(kind)), kind,
        _LENGTH.pack(len(state)), state,
    )  # fmt: skip
    return hashlib.sha256(b"".join(parts)).digest()


def extend(head: Head, recorded_at: int, facts: Iterable[Sequence[NewEvent]]) -> list[Recorded]:
    """The events of the facts as they follow the head: gapless positions, fact ends, chain."""
    rows: list[Recorded] = []
    position, chain = head.position, head.chain
    for events in facts:
        fact_end = position + len(events)
        for event in events:
            position += 1
            chain = link(chain, position, recorded_at, fact_end, event.stream, event.revision, event.topic, event.state)
            rows.append(
                Recorded(position, recorded_at, fact_end, event.stream, event.revision, event.topic, event.state, chain)
            )
    return rows


def extend_with(head: Head, recorded_at: int, appends: Sequence[Append]) -> tuple[list[Recorded], list[int]]:
    """The events of the appends as they follow the head, and each append's fact end. Raises `ValueError`."""
    if any(not append.events for append in appends):
        raise ValueError("An accepted fact appends at least one event; one that changes nothing is refused.")
    rows = extend(head, recorded_at, [append.events for append in appends])
    ends, end = [], head.position
    for append in appends:
        end += len(append.events)
        ends.append(end)
    return rows, ends


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying found: `events` that hold, the `head` they lead to, and what is `wrong` with the next, if any."""

    events: int
    head: Head
    wrong: str | None = None

    @property
    def holds(self) -> bool:
        """Whether every event given was as it had been written."""
        return self.wrong is None


def verify(events: Iterable[Recorded], after: Head) -> Verdict:
    """Check events that follow `after` (`beginning(log_id)` for a whole log), and stop at the first that is wrong.

    Verifying in pages: pass the verdict's head to the next call. A log that was cut off at its end still verifies:
    compare the head with one that was exported earlier.
    """
    count, head, open_fact = 0, after, after.position
    for event in events:
        wrong = _wrong(event, head, open_fact)
        if wrong is not None:
            return Verdict(count, head, f"Position {event.position}: {wrong}.")
        count, head = count + 1, Head(event.position, event.recorded_at, event.chain)
        open_fact = event.fact_end
    return Verdict(count, head)


def _wrong(event: Recorded, head: Head, open_fact: int) -> str | None:
    if event.position != head.position + 1:
        return f"it should be {head.position + 1}; events are missing or doubled"
    if event.recorded_at < head.recorded_at:
        return "it was recorded before its predecessor"
    if event.fact_end < event.position or (head.position < open_fact and event.fact_end != open_fact):
        return "its fact ends at another place than its neighbours say"
    expected = link(
        head.chain, event.position, event.recorded_at, event.fact_end,
        event.stream, event.revision, event.topic, event.state,
    )  # fmt: skip
    return None if event.chain == expected else "its chain hash doesn't match what is stored"
