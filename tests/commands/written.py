"""Facts that tests let the writer write."""

import uuid
from datetime import UTC, datetime
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
