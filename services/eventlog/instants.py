"""How an instant becomes a position."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from services.refusals import Refused

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """Microseconds UTC, exactly. Refuses a time without its zone."""
    if at.tzinfo is None:
        raise Refused("instant_without_zone", f"{at.isoformat()} names no time zone; add one, such as Z or +02:00.")
    return (at - EPOCH) // timedelta(microseconds=1)


def refuse_future(at: int, now: int) -> None:
    """The log's contents at a later instant aren't settled yet."""
    if at > now:
        raise Refused(
            "instant_in_future",
            f"{moment(at)} is still to come (the log's clock says {moment(now)}); ask for an earlier instant.",
        )


def moment(at: int) -> str:
    """Microseconds UTC as people read them."""
    try:
        return (EPOCH + timedelta(microseconds=at)).isoformat()
    except OverflowError:
        return f"{at} microseconds after 1970"


def last_recorded_by(at: int, head: int, recorded_at: Callable[[int], int]) -> int:
    """The last position whose recorded_at <= `at`; a binary search, since both grow together without gaps."""
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        if recorded_at(middle) <= at:
            low = middle
        else:
            high = middle - 1
    return low
