"""NATS subjects, JetStream streams and message headers: the map of the bus."""

from typing import Final

EV: Final = "EV"
INBOX: Final = "INBOX"
OUT: Final = "OUT"
DLQ: Final = "DLQ"

HINT: Final = "hint.log"
"""Core NATS: the log has grown; the payload is its head position in decimal."""

POSITION: Final = "Event-Position"
REVISION: Final = "Event-Revision"
LOG_STREAM: Final = "Event-Log-Stream"
RECORDED_AT: Final = "Event-Recorded-At"
FACT_END: Final = "Event-Fact-End"
LOG_ID: Final = "Event-Log-Id"
CHAIN: Final = "Event-Chain"

SHARED_VERSIONS: Final = "ev.shared.model.*.ActiveVersionChanged"
"""Last per subject: the current version of every model that modules may see."""


def cmd(module: str, fact: str) -> str:
    """Where a fact is reported with a reply."""
    return f"cmd.{module}.{fact}"


def inbox(module: str, fact: str) -> str:
    """Where a fact is left durably; its outcome goes to `out`."""
    return f"inbox.{module}.{fact}"


def out(module: str, fact: str) -> str:
    """Where the outcome of an inbox fact is kept for 7 days."""
    return f"out.{module}.{fact}"


def dlq(module: str, fact: str) -> str:
    """Where what could not be read or decided is kept."""
    return f"dlq.{module}.{fact}"


def qry(module: str, name: str) -> str:
    """Where a query is asked."""
    return f"qry.{module}.{name}"


def event(channel: str, fact: str) -> str:
    """Where an event is published: `ev.<shared|private>.<kind>.<model or group id or _>.<Fact>`."""
    return f"ev.{channel}.{fact}"


def answer_chunks(group: str, question: str) -> str:
    """Core NATS, unstored: the growing text of an answer, as `AnswerChunk`."""
    return f"chunk.{group}.{question}"


def typing(group: str) -> str:
    """Core NATS, unstored: somebody writes in this group now; the payload is the member."""
    return f"typing.{group}"
