"""A module in a process of its own that reports facts without ever waiting for an answer: `python -m tests.commands.flooding`.

Standard input: how it reaches the bus, and how many facts, as JSON. Standard output: how many were accepted and how many
were told to wait.
"""

import asyncio
import json
import sys
from typing import Any

from contracts import subjects
from contracts.facts.qa import QAAdded
from services.bus.client import Bus
from services.bus.reporting import new_fact
from services.settings import Login

PATIENCE = 90.0


def body(number: int) -> bytes:
    question = QAAdded(model="sales", question=f"Flooded {number}?", answer="Yes.")
    return new_fact(question, module="crm", actor="module:crm", subject=None, id=f"flood-{number}").to_report()


async def flood(login: Login, facts: int) -> dict[str, int]:
    bodies = [body(number) for number in range(facts)]
    bus = await Bus.connect(login, name="crm")
    counts = {"accepted": 0, "busy": 0, "other": 0}
    everything = asyncio.Event()

    async def answered(message: Any) -> None:
        reply = json.loads(message.data)
        counts["accepted" if "position" in reply else "busy" if reply["refused"]["code"] == "busy" else "other"] += 1
        if sum(counts.values()) == facts:
            everything.set()

    inbox = bus.nc.new_inbox()
    await bus.nc.subscribe(f"{inbox}.*", cb=answered)
    for number, one in enumerate(bodies):
        await bus.nc.publish(subjects.cmd("crm", "QAAdded"), one, reply=f"{inbox}.{number}")
    async with asyncio.timeout(PATIENCE):
        await everything.wait()
    await bus.close()
    return counts


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    sys.stdout.write(json.dumps(asyncio.run(flood(Login(**asked["login"]), asked["facts"]))))
