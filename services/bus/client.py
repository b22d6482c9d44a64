"""The client of the bus: connect, report facts, ask queries. Cheap to import."""

import asyncio
import json
import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from pydantic import BaseModel

from contracts import subjects
from contracts.envelope import Envelope
from contracts.replies import Accepted, Refusal
from services.refusals import Refused
from services.settings import Login

EXPECTED_REVISION = "Expected-Revision"

logger = logging.getLogger(__name__)


class NoReply(Exception):
    """Nobody answered, or too late; sending the same fact again is safe."""


class BusUnreachable(Exception):
    """There is no bus at the address, or it doesn't let this user in."""


class Bus:
    """One connection to the bus. It reconnects for ever; `closed` is called should it be closed for good."""

    def __init__(self, nc: Client, name: str, inbox: str) -> None:
        self.nc = nc
        self.js: JetStreamContext = nc.jetstream(timeout=10)
        self.name = name
        self.inbox = inbox
        self._denied: dict[str, asyncio.Future[Msg]] = {}

    @classmethod
    async def connect(
        cls, login: Login, *, name: str, closed: Callable[[], None] | None = None, patience: int = 3
    ) -> Self:
        """Connect as this user. `patience`: seconds to wait for the server.

        Raises:
            BusUnreachable: nobody there, or wrong credentials.
        """
        nc = Client()
        bus: list[Self] = []

        async def on_error(problem: Exception) -> None:
            text = str(problem)
            logger.log(
                logging.WARNING if "permissions violation" in text.lower() else logging.INFO, "%s: %s", name, text
            )
            if bus:
                bus[0]._deny(text)

        async def on_closed() -> None:
            if closed is not None:
                closed()

        if not await _reachable(login.url, patience):
            raise BusUnreachable(f"There is no bus at {login.url}; is Apprentice running?")
        try:
            await nc.connect(
                login.url,
                user=login.user,
                password=login.password,
                name=name,
                inbox_prefix=login.inbox.encode(),
                max_reconnect_attempts=-1,
                reconnect_time_wait=1,
                connect_timeout=patience,
                allow_reconnect=True,
                error_cb=on_error,
                closed_cb=on_closed,
                pending_size=64 * 1024 * 1024,
            )
        except (NatsError, OSError, TimeoutError) as problem:
            raise BusUnreachable(f"The bus at {login.url} doesn't let {login.user} in: {problem}.") from problem
        bus.append(cls(nc, name, login.inbox))
        return bus[0]

    async def report(self, fact: Envelope, *, expected_revision: int | None = None, timeout: float = 15.0) -> Accepted:
        """Report a fact and wait for its outcome; a lost reply is asked for once more.

        Raises:
            Refused: by a rule. NoReply: nobody answered.
        """
        headers = {EXPECTED_REVISION: str(expected_revision)} if expected_revision is not None else None
        body = fact.to_report()
        try:
            reply = await self.request(subjects.cmd(fact.module, fact.type), body, timeout, headers)
        except NoReply:
            reply = await self.request(subjects.cmd(fact.module, fact.type), body, timeout, headers)
        raw = json.loads(reply)
        _raise_refusal(raw)
        return Accepted.model_validate(raw)

    async def query(
        self,
        name: str,
        data: BaseModel | dict[str, Any] | None = None,
        *,
        module: str,
        actor: str,
        at: int | datetime | None = None,
        after: int | None = None,
        timeout: float = 30.0,
    ) -> tuple[int, Any]:
        """Ask a query: the position it was answered at, and the reply in the shape that `QUERIES` names.

        Raises:
            Refused: with the reason. NoReply: nobody answered.
        """
        from contracts.queries import QUERIES, Answer, Query

        given = data.model_dump(mode="json") if isinstance(data, BaseModel) else data or {}
        question = Query(actor=actor, at=at, after=after, data=given)
        body = question.model_dump_json(exclude_none=True).encode()
        raw = json.loads(await self.request(subjects.qry(module, name), body, timeout))
        _raise_refusal(raw)
        answer = Answer.model_validate(raw)
        return answer.position, QUERIES[name][1].model_validate(answer.data)

    async def request(self, subject: str, body: bytes, timeout: float, headers: dict[str, str] | None = None) -> bytes:
        """A raw request. A refused publication fails at once instead of timing out.

        Raises:
            NoReply: nobody serves the subject, it took too long, or the bus forbids it.
        """
        denied: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        key = uuid.uuid4().hex
        self._denied[key] = denied
        asked = asyncio.ensure_future(self.nc.request(subject, body, timeout=timeout, headers=headers))
        try:
            await asyncio.wait([asked, denied], return_when=asyncio.FIRST_COMPLETED)
            if denied.done() and f'"{subject}"' in str(denied.exception()):
                raise NoReply(f"The bus doesn't let {self.name} publish {subject}.")
            return (await asked).data
        except NoRespondersError as problem:
            raise NoReply(f"Nobody serves {subject} now; is that service running?") from problem
        except (NatsError, TimeoutError) as problem:
            raise NoReply(f"{subject} wasn't answered within {timeout:g} seconds.") from problem
        finally:
            del self._denied[key]
            asked.cancel()
            denied.cancel()

    def _deny(self, text: str) -> None:
        for waiting in self._denied.values():
            if not waiting.done() and "permissions violation" in text.lower():
                waiting.set_exception(NoReply(text))

    async def close(self) -> None:
        """Send what is buffered and end the connection."""
        try:
            if self.nc.is_connected:
                await asyncio.wait_for(self.nc.drain(), 10)
        except (NatsError, TimeoutError):
            pass
        finally:
            await self.nc.close()


def _raise_refusal(raw: Any) -> None:
    if isinstance(raw, dict) and "refused" in raw:
        raise Refused.from_refusal(Refusal.model_validate(raw["refused"]))


async def _reachable(url: str, patience: float) -> bool:
    address = url.split("://", 1)[-1].split("@")[-1]
    host, _, port = address.partition(":")
    until = asyncio.get_running_loop().time() + patience
    while True:
        try:
            _, writer = await asyncio.open_connection(host, int(port or 4222))
        except OSError:
            if asyncio.get_running_loop().time() > until:
                return False
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return True
