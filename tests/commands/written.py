"""Facts that tests let the writer write."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.envelope import Envelope
from contracts.facts import FACTS

MASTER_KEY = b"m" * 32


def fact(
    type_: str, subject: str | None, data: dict[str, Any], *, id: str | None = None, module: str = "cli",
    actor: str = "person:owner",
) -> Envelope:  # fmt: skip
    fact_id = id or str(uuid.uuid4())
    return Envelope(
        id=fact_id,
        source=f"/{module}",
        type=type_,
        time=datetime(2026, 11, 24, 10, tzinfo=UTC),
        subject=subject or fact_id,
        actor=actor if module == "cli" else f"service:{module}",
        data=FACTS[type_].model_validate(data),
    )


OWNER = fact("PersonAdded", "owner", {"name": "Owner", "roles": ["administrator", "trainer"]}, module="commands")


def taught(question: str, **more: Any) -> Envelope:
    return fact("QAAdded", None, {"model": "sales", "question": question, "answer": "So it is."}, **more)


@contextmanager
def failing_disk(folder: Path, id: str) -> Iterator[None]:
    """Until the block ends, the disk under the log fails whenever the fact with this id is written."""
    with closing(sqlite3.connect(folder / "log.db", isolation_level=None)) as log:
        # Of what a trigger can raise, an overflow is taken for a disk's fault, not for a row that is there already.
        log.execute(
            f"CREATE TRIGGER disk BEFORE INSERT ON facts WHEN NEW.id='{id}' BEGIN SELECT abs(-9223372036854775808); END"
        )
        try:
            yield
        finally:
            log.execute("DROP TRIGGER disk")
