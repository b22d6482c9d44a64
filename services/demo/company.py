"""Rowan & Vale, a fictitious maker of stoneware: its models, lessons, people and groups, as facts."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Final

from contracts.envelope import Envelope
from contracts.facts import FACTS
from contracts.identifiers import OWNER
from services.bus.client import Bus
from services.bus.reporting import new_fact

NAME: Final = "Rowan & Vale"
_IDS: Final = uuid.UUID("9b1f0c52-64b0-5a3c-9f0f-7d7a52b1a5d1")


def facts() -> Iterator[Envelope]:
    """Every fact in the order in which it is reported; ids come from the content, so loading twice changes nothing."""
    now = datetime.now(UTC)
    for number, line in enumerate(_lines()):
        entry: dict[str, Any] = json.loads(line)
        data = FACTS[entry["fact"]].model_validate(entry["data"], extra="forbid")
        id = str(uuid.uuid5(_IDS, f"{number}:{entry['fact']}:{entry.get('subject')}"))
        yield new_fact(
            data, module="cli", actor=entry.get("actor", OWNER), subject=entry.get("subject", id), id=id, time=now
        )


async def load(bus: Bus) -> int:
    """Report everything; gives the number of facts. Interrupted, it can be done again."""
    count = 0
    for fact in facts():
        await bus.report(fact)
        count += 1
    return count


def _lines() -> list[str]:
    text = resources.files("services.demo").joinpath("rowan-and-vale.jsonl").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip()]
