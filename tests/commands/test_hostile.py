"""What a module leaves in its inbox can't stop the reader, which everybody shares: each is refused and the next decided."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Self

import pytest
from pydantic import model_validator

from contracts import subjects
from contracts.facts import FACTS
from contracts.facts.qa import QAAdded
from contracts.replies import Outcome
from services.bus.client import Bus
from services.bus.server import EmbeddedServer
from services.bus.tail import tail
from tests.commands.test_service import commands, connected, fact

LARGEST_PAYLOAD: Final = 1024 * 1024
WHOLE: Final = fact("ModelDefined", module="crm", actor="module:crm", name="Whole").to_report()
NESTED: Final = WHOLE.replace(b'"Whole"', b"[" * 600 + b"]" * 600)
HOSTILE: Final[dict[str, tuple[str, bytes, dict[str, str]]]] = {
    "a revision of thousands of digits": ("ModelDefined", WHOLE, {"Expected-Revision": "9" * 5_000}),
    "an id that is half a character": ("QAAdded", b'{"id": "\\ud800", "data": {}}', {}),
    "a field whose name is half a character": ("QAAdded", b'{"\\ud800": 1}', {}),
    "a header that isn't UTF-8 in any reading": ("QAAdded", b"{}", {"Nats-Msg-Id": "\u0442\u0435\u0441\u0442"}),
    "as many unknown fields as fit": (
        "QAAdded", json.dumps({"id": "many", "data": {f"f{number:06}": 1 for number in range(70_000)}}).encode(), {},
    ),
    "a body as large as the bus carries": ("QAAdded", b" " * LARGEST_PAYLOAD, {}),
    "a body nearly so large": ("QAAdded", b" " * (LARGEST_PAYLOAD - 200), {}),
    "a number of thousands of digits": ("QAAdded", b'{"id": ' + b"9" * 5_000 + b"}", {}),
    "brackets without end": ("QAAdded", b"[" * 500_000, {}),
    "a text that is lists in lists": ("ModelDefined", NESTED, {}),
    "a wildcard for a fact": ("*", b"{}", {}),
    "a greater-than for a fact": (">", b"{}", {}),
    "another script for a fact": ("\u0424\u0430\u043a\u0442", b"{}", {}),
    "a very long name": ("F" * 2_000, b"{}", {}),
}  # fmt: skip


async def test_whatever_modules_leave_it_is_refused_and_the_next_fact_decided(
    nats: EmbeddedServer, tmp_path: Path
) -> None:
    good = fact("ModelDefined", module="crm", actor="module:crm", id="good", subject="sales", name="Sales")
    async with connected(nats, "crm") as crm, commands(nats, tmp_path):
        for name, body, headers in HOSTILE.values():
            await crm.nc.publish(f"inbox.crm.{name}", body, headers=headers or None)
        await crm.leave(good)
        outcomes = [outcome async for outcome in _outcomes(crm, len(HOSTILE) + 1)]

    assert outcomes.pop().accepted is not None
    for why, outcome in zip(HOSTILE, outcomes, strict=True):
        assert outcome.refused is not None, why
        assert outcome.refused.message.endswith("."), why


async def test_what_is_nested_too_deep_is_answered_at_the_door_as_well(nats: EmbeddedServer, tmp_path: Path) -> None:
    async with connected(nats, "crm") as crm, commands(nats, tmp_path):
        reply = json.loads((await crm.request("cmd.crm.ModelDefined", NESTED)).data)

    assert reply["refused"]["code"] == "malformed"


class QAPainted(QAAdded):
    """A fact whose declaration has an error."""

    @model_validator(mode="after")
    def _paint(self) -> Self:
        raise ZeroDivisionError


async def test_an_error_of_ours_about_one_message_is_told_and_kept_and_the_next_fact_decided(
    nats: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FACTS, "QAPainted", QAPainted)
    painted = json.dumps({"id": "painted", "data": {"model": "sales", "question": "?", "answer": "!"}}).encode()
    good = fact("ModelDefined", module="crm", actor="module:crm", id="good", subject="sales", name="Sales")
    async with connected(nats, "crm") as crm, commands(nats, tmp_path):
        await crm.nc.publish("inbox.crm.QAPainted", painted)
        await crm.leave(good)
        broken, decided = [outcome async for outcome in _outcomes(crm, 2)]
        letters = tail(crm, stream=subjects.DLQ, subjects=["dlq.crm.>"], after_sequence=0)
        letter = await asyncio.wait_for(anext(letters), 30)
        answered = json.loads((await crm.request("cmd.crm.QAPainted", painted)).data)

    assert broken.id == "painted"
    assert broken.refused is not None
    assert broken.refused.code == answered["refused"]["code"] == "internal_error"
    assert letter.data == painted
    assert decided.accepted is not None


async def _outcomes(crm: Bus, count: int) -> AsyncIterator[Outcome]:
    async with asyncio.timeout(30):
        async for message in tail(crm, stream=subjects.OUT, subjects=["out.crm.>"], after_sequence=0):
            yield Outcome.model_validate_json(message.data)
            count -= 1
            if count == 0:
                return
