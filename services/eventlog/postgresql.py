"""The log on PostgreSQL: the library's application recorder with table lock first, binary columns, positions, chain."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Event, Thread
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg
from eventsourcing.persistence import IntegrityError, OperationalError, PersistenceError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from services.eventlog.bell import bell_of
from services.eventlog.chain import beginning, extend, extend_with
from services.eventlog.instants import last_recorded_by, micros, refuse_future
from services.eventlog.log import (
    Append,
    FactKey,
    FactTaken,
    Head,
    LogUnavailable,
    NewEvent,
    Recorded,
    RevisionTaken,
    Seen,
    UniqueKey,
)
from services.eventlog.urls import libpq_url

POLL: Final = 1.0
"""Seconds between two looks, should a notification be lost."""
CHANNEL: Final = "apprentice_log"
_COLUMNS: Final = "position, recorded_at, fact_end, stream, revision, topic, state, chain"
_T = TypeVar("_T")
