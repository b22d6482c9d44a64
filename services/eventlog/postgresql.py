"""The log on PostgreSQL: the library's application recorder with table lock first, binary columns, positions, chain."""

from __future__ import annotations

from typing import Final, TypeVar

POLL: Final = 1.0
"""Seconds between two looks, should a notification be lost."""
CHANNEL: Final = "apprentice_log"
_COLUMNS: Final = "position, recorded_at, fact_end, stream, revision, topic, state, chain"
_T = TypeVar("_T")
