"""The active versions, kept in memory as EV tells them: a change counts for the next question."""

import asyncio
import json

from contracts.facts.model import ActiveVersion
from contracts.subjects import VERSIONS
from services.bus.client import Bus
from services.bus.tail import last_per_subject


class Versions:
    """By model; a model without an entry has no active version."""

    def __init__(self) -> None:
        self._active: dict[str, ActiveVersion] = {}
        self.known = asyncio.Event()

    def get(self, model: str) -> ActiveVersion | None:
        """The model's active version."""
        return self._active.get(model)

    async def follow(self, bus: Bus) -> None:
        """Take all current ones, then every change."""
        async for message in last_per_subject(bus, VERSIONS, caught_up=self.known.set):
            event = json.loads(message.data)
            new = event["data"]["new"]
            if new is None:
                self._active.pop(event["subject"], None)
            else:
                self._active[event["subject"]] = ActiveVersion.model_validate(new)
