"""Answering a query on the bus, each in a task of its own, so that one slow answer holds nobody up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from pydantic import BaseModel

from contracts.queries import Query
from contracts.replies import Refused as RefusedReply
from services.asking import fitting, query_of
from services.bus.client import Bus, NoReply
from services.refusals import Refused

Answer = Callable[[str, Query], Awaitable[tuple[int, BaseModel]]]
"""Given the asking module and its query: the position that the answer stands for, and the answer. Raises `Refused`."""

logger = logging.getLogger(__name__)


class Serving:
    """Answers `qry.*.<name>` from `open` to `close`; services of the same queue share the questions."""

    def __init__(self, bus: Bus, name: str, answer: Answer) -> None:
        self._bus, self._name, self._answer = bus, name, answer
        self._open: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None

    async def open(self, queue: str) -> None:
        """Begin to take queries."""
        self._subscription = await self._bus.nc.subscribe(f"qry.*.{self._name}", queue=queue, cb=self._take)

    async def close(self) -> None:
        """Take no more; answer those that were taken."""
        if self._subscription is not None:
            await self._subscription.unsubscribe()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _take(self, message: Msg) -> None:
        task = asyncio.create_task(self._reply(message))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _reply(self, message: Msg) -> None:
        try:
            position, answer = await self._answer(message.subject.split(".")[1], query_of(self._name, message.data))
            body = b'{"position":%d,"data":%s}' % (position, answer.model_dump_json().encode())
            body = fitting(self._name, body, self._bus.nc.max_payload)
        except Refused as refused:
            body = _refusal(refused)
        except NoReply as problem:
            body = _refusal(Refused("unavailable", f"This can't be answered now: {problem}"))
        except Exception:
            logger.exception("the query %s failed", self._name)
            text = f"The query {self._name} failed because of an error in Apprentice; tell whoever runs the server."
            body = _refusal(Refused("internal_error", text))
        await self._bus.nc.publish(message.reply, body)


def _refusal(refused: Refused) -> bytes:
    return RefusedReply(refused=refused.refusal).model_dump_json().encode()
