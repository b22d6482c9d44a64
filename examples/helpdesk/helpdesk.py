"""A helpdesk that proposes a QA whenever a ticket is closed. Plain nats-py; nothing of Apprentice is imported.

It reads closed tickets as JSON lines, `{"id", "question", "resolution"}`, from standard input, as a helpdesk's webhook
would hand them on. Every ticket is left in the inbox, which is durable: Apprentice may be down meanwhile. The same
ticket again replaces its proposal, or proposes a change of the lesson that it has become. What became of each ticket
is printed as soon as it is known.

Settings, as `apprentice module helpdesk` shows them: NATS_URL, NATS_USER, NATS_PASSWORD, NATS_INBOX_PREFIX; MODEL is
the name of the model that is to learn.
"""

import asyncio
import hashlib
import json
import os
import secrets
import sys
from datetime import UTC, datetime

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

ME = "helpdesk"


async def main() -> None:
    """Propose every ticket, then wait until the fate of each is known."""
    nc = await nats.connect(
        os.environ["NATS_URL"], user=os.environ["NATS_USER"], password=os.environ["NATS_PASSWORD"],
        inbox_prefix=os.environ["NATS_INBOX_PREFIX"].encode(), max_reconnect_attempts=-1,
    )  # fmt: skip
    outcomes = await follow_outcomes(nc)
    model = await model_id(nc, os.environ["MODEL"])
    waiting = set()
    for line in sys.stdin:
        ticket = json.loads(line)
        waiting.add(await propose(nc, model, ticket))
    while waiting:
        for message in await outcomes.fetch(100, timeout=60):
            outcome = json.loads(message.data)
            if outcome["id"] in waiting:
                waiting.remove(outcome["id"])
                tell(outcome)
    await nc.drain()


async def propose(nc: nats.NATS, model: str, ticket: dict[str, str]) -> str:
    """Leave the ticket in the inbox and wait until the bus has stored it; gives the fact's id."""
    record = {"external_system": ME, "external_id": ticket["id"]}
    lesson = {"model": model, "question": ticket["question"], "answer": ticket["resolution"], "section": "Tickets"}
    # The same ticket in the same words is the same fact, however often it is handed on.
    id = hashlib.sha256(json.dumps([ticket, model], sort_keys=True).encode()).hexdigest()[:32]
    fact = {
        "specversion": "1.0", "id": id, "source": f"/{ME}", "type": "LessonProposed",
        "time": datetime.now(UTC).isoformat(), "actor": f"module:{ME}", "data": {"qa": lesson | record},
    }  # fmt: skip
    subject, body = f"inbox.{ME}.LessonProposed", json.dumps(fact).encode()
    for _ in range(60):
        stored = json.loads((await nc.request(subject, body, timeout=10, headers={"Nats-Msg-Id": f"{ME}/{id}"})).data)
        if "error" not in stored:
            return id
        await asyncio.sleep(1)  # the inbox is full: our own limit, so we slow down
    raise SystemExit(f"The inbox doesn't take ticket {ticket['id']}: {stored['error']['description']}")


async def model_id(nc: nats.NATS, name: str) -> str:
    """The model's id, by its name. Queries are answered by the running system; everything else here is durable."""
    asked = {"actor": f"module:{ME}", "data": {"model": name}}
    reply = json.loads((await nc.request(f"qry.{ME}.model", json.dumps(asked).encode(), timeout=10)).data)
    if "refused" in reply:
        raise SystemExit(reply["refused"]["message"])
    return reply["data"]["id"]


async def follow_outcomes(nc: nats.NATS) -> "nats.js.JetStreamContext.PullSubscription":
    """What became of our facts from now on. A consumer of our own, whose name nobody can guess."""
    config = ConsumerConfig(
        name=secrets.token_hex(12), ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.NEW, inactive_threshold=300
    )
    return await nc.jetstream().pull_subscribe(f"out.{ME}.>", stream="OUT", config=config)


def tell(outcome: dict) -> None:
    """One line for people."""
    if accepted := outcome.get("accepted"):
        text = f"proposed at position {accepted['position']} as {accepted['subject']}"
    else:
        text = f"refused ({outcome['refused']['code']}): {outcome['refused']['message']}"
    sys.stdout.write(f"{outcome['id']}: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
