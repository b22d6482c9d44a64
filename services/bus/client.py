"""One connection to the bus: report facts, ask queries, request and publish. Cheap to import."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import BaseModel

from contracts import subjects
from contracts.identifiers import OWNER
from contracts.replies import Accepted
from contracts.replies import Refused as RefusedReply
from services.bus.nats_py import clear_away, stop_coming_back
from services.bus.requests import Forbidden, NoReply, Requests, is_nobody
from services.refusals import Refused
from services.waiting import first_set

if TYPE_CHECKING:
    from nats.js import JetStreamContext

    from contracts.envelope import Envelope
    from services.settings import Login

__all__ = ["Bus", "BusUnreachable", "Forbidden", "NoReply"]

JSON: Final = {"content-type": "application/json"}
EXPECTED_REVISION: Final = "Expected-Revision"
DRY_RUN: Final = "Dry-Run"
ONCE: Final = frozenset({"ask", "preflight", "rebuild"})
"""Queries that cost something, or begin something: they aren't sent again."""
LOOKS: Final = 20
"""How often a request looks again when nobody listens, every 50 ms: a service or the server may just be restarting."""

logger = logging.getLogger(__name__)


class BusUnreachable(Exception):
    """There is no connection to the bus; the sentence says why."""


class Bus:
    """A connection that comes back by itself. `lost` is set when it ended for good without `close()`."""

    def __init__(self, nc: Client, url: str, refused_until: float = math.inf) -> None:
        self.nc = nc
        self.lost = asyncio.Event()
        self.interrupted: list[Callable[[], None]] = []
        """Called when the connection was lost and has come back, and when it was closed."""
        self._url = url
        self._js: JetStreamContext | None = None
        self._requests: Requests | None = None
        self._closing = False
        self._connecting = True
        self._refused_until = refused_until
        self._problem = ""

    @classmethod
    async def connect(cls, login: Login, *, name: str, timeout: float = 5.0, refused: float = math.inf) -> Bus:
        """Connect as the login's user. `name` is shown in the server's lists; `timeout` in seconds.

        `refused`: seconds after which a machine that refuses the connection is believed, when that is sooner.

        Raises:
            BusUnreachable: nothing listens at the URL within the timeout, or the login isn't accepted.
        """
        bus = cls(Client(), login.url, asyncio.get_running_loop().time() + refused)
        try:
            async with asyncio.timeout(timeout):
                await bus._connect(login, name)
        except (TimeoutError, BusUnreachable) as problem:
            bus._connecting = False
            await bus.close()
            reason = str(problem) or bus._problem or f"no answer within {timeout:g} s"
            raise BusUnreachable(f"The bus at {login.url} can't be reached: {reason}.") from problem
        bus._connecting = False
        bus._requests = Requests(bus.nc)
        return bus

    @classmethod
    def look_after(cls, nc: Client, login: Login) -> Bus:
        """A connection that FastStream has made, kept, told of and closed from now on as our own are."""
        bus = cls(nc, login.url)
        bus._connecting = False
        bus._requests = Requests(nc)
        nc._error_cb, nc._reconnected_cb, nc._closed_cb = bus._on_error, bus._on_reconnected, bus._on_closed
        return bus

    async def _connect(self, login: Login, name: str) -> None:
        await self.nc.connect(
            servers=[login.url],
            user=login.user,
            password=login.password,
            name=name,
            inbox_prefix=login.inbox.encode(),
            max_reconnect_attempts=-1,  # a client that gives up would spin or stand still
            reconnect_time_wait=0.1,  # type: ignore[arg-type]  # seconds; fractions work
            ping_interval=20,
            error_cb=self._on_error,
            reconnected_cb=self._on_reconnected,
            closed_cb=self._on_closed,
            drain_timeout=5,
        )

    @property
    def js(self) -> JetStreamContext:
        """JetStream over this connection."""
        if self._js is None:
            self._js = self.nc.jetstream()
        return self._js

    async def until(self, stop: asyncio.Event) -> None:
        """Wait until `stop` is set: what a service does while it serves.

        Raises:
            BusUnreachable: the connection has ended for good before that, and only a new start brings another.
        """
        await first_set(stop, self.lost)
        if self.lost.is_set() and not stop.is_set():
            reason = f": {self._problem}" if self._problem else ""
            raise BusUnreachable(
                f"The connection to the bus at {self._url} has ended for good{reason}; start it again."
            )

    async def close(self) -> None:
        """Deliver what was published, answer what was received, then disconnect."""
        self._closing = True
        try:
            if self.nc.is_connected:
                await self._until_ended(self.nc.drain())
        except (nats.errors.Error, OSError, TimeoutError) as problem:
            logger.warning("the connection to the bus ended without draining: %s", problem)
        await stop_coming_back(self.nc)
        if not self.nc.is_closed:
            with contextlib.suppress(OSError):  # the server may have gone first
                await self._until_ended(self.nc.close())

    async def _until_ended(self, ending: Awaitable[None]) -> None:
        try:
            await ending
        except asyncio.CancelledError:
            if (ours := asyncio.current_task()) is None or ours.cancelling():
                raise
            # An attempt to come back waited for the old socket's end, and what it waited for was cancelled with it.
            await self._on_closed()

    async def report(
        self, envelope: Envelope, *, expected_revision: int | None = None, dry: bool = False, timeout: float = 10.0
    ) -> Accepted:
        """Report a fact and wait until it is decided. Safe to repeat with the same envelope: its id counts once.

        `dry`: it is decided and nothing is recorded.

        Raises:
            services.refusals.Refused: the rules don't accept it.
            NoReply: nobody answered within `timeout` seconds, or this user may not report it.
        """
        headers = JSON if expected_revision is None else JSON | {EXPECTED_REVISION: str(expected_revision)}
        headers = headers | {DRY_RUN: "1"} if dry else headers
        subject = subjects.cmd(envelope.module, envelope.type)
        message = await self._tell(subject, envelope, headers, timeout)
        return Accepted.model_validate(_unless_refused(message))

    async def leave(self, envelope: Envelope, *, expected_revision: int | None = None, timeout: float = 10.0) -> None:
        """Leave a fact in the inbox, durably; its outcome comes to `out.<module>.<Fact>`.

        Raises:
            services.refusals.Refused: `inbox_full`, when too many facts of this name are waiting.
            NoReply: as for `report`.
        """
        headers = JSON | {"Nats-Msg-Id": f"{envelope.module}/{envelope.id}"}
        if expected_revision is not None:
            headers[EXPECTED_REVISION] = str(expected_revision)
        subject = subjects.inbox(envelope.module, envelope.type)
        reply = json.loads((await self._tell(subject, envelope, headers, timeout)).data)
        if "error" in reply:
            why = reply["error"].get("description", "it is not said why")
            raise Refused("inbox_full", f"{subject} takes no more facts now ({why}); send this one again later.")

    async def _tell(self, subject: str, envelope: Envelope, headers: Mapping[str, str], timeout: float) -> Msg:
        try:
            return await self.request(subject, envelope.to_report(), headers=headers, timeout=timeout, attempts=2)
        except nats.errors.MaxPayloadError as problem:
            raise Refused("too_large", f"This {envelope.type} is too large for the bus; make it shorter.") from problem

    async def query(
        self,
        name: str,
        data: BaseModel | Mapping[str, Any],
        *,
        module: str,
        actor: str = OWNER,
        at: int | datetime | None = None,
        after: int | None = None,
        timeout: float = 10.0,
    ) -> tuple[int, Any]:
        """The position that the answer stands for, and the answer in the shape that `QUERIES[name]` names.

        Raises:
            services.refusals.Refused: the query is not allowed, or what it asks for isn't there.
            NoReply: nobody answered within `timeout` seconds, or this user may not ask.
        """
        from contracts.queries import QUERIES, Answer, Query

        given = data.model_dump(mode="json", exclude_unset=True) if isinstance(data, BaseModel) else dict(data)
        body = Query(actor=actor, at=at, after=after, data=given).model_dump_json(exclude_none=True).encode()
        # The server, when it takes in a new login, may forget whom a reply was for: a query is sent a second time.
        attempts = 1 if name in ONCE else 2
        message = await self.request(subjects.qry(module, name), body, headers=JSON, timeout=timeout, attempts=attempts)
        answer = Answer.model_validate(_unless_refused(message))
        return answer.position, QUERIES[name][1].model_validate(answer.data)

    async def request(
        self,
        subject: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        attempts: int = 1,
    ) -> Msg:
        """The raw reply. `attempts`: how often it may be sent within the timeout, for what counts only once.

        Raises:
            NoReply: nobody listens, nobody answered within `timeout` seconds, or the bus forbids it.
            nats.errors.MaxPayloadError: the body is larger than the server takes.
        """
        if self._requests is None or self.nc.is_closed:
            raise NoReply(f"The connection to the bus at {self._url} is closed; {subject} was not sent.")
        loop = asyncio.get_running_loop()
        started = loop.time()
        for _ in range(LOOKS + 1):
            spent = loop.time() - started
            message = await self._send(subject, body, headers, max(timeout - spent, 0.05), attempts, spent)
            if not is_nobody(message):
                return message
            if loop.time() - started > timeout:
                break
            await asyncio.sleep(0.05)
        raise NoReply(f"Nobody answers {subject} now; is every service running?")

    async def _send(
        self, subject: str, body: bytes, headers: Mapping[str, str] | None, timeout: float, attempts: int, spent: float
    ) -> Msg:
        assert self._requests is not None
        try:
            return await self._requests.send(subject, body, headers, timeout, attempts, spent)
        except nats.errors.MaxPayloadError:
            raise
        except nats.errors.Error as problem:
            raise NoReply(f"{subject} could not be sent: {problem}.") from problem

    async def _on_error(self, problem: Exception) -> None:
        text = str(problem).removeprefix("nats: ") or type(problem).__name__
        clear_away(self.nc)
        forbidden, again = "permissions violation" in text.lower(), text == self._problem
        self._problem = text
        if self._connecting:
            if "authorization" in text.lower():
                raise BusUnreachable("user or password is wrong")
            if isinstance(problem, ConnectionRefusedError) and asyncio.get_running_loop().time() > self._refused_until:
                raise BusUnreachable(text)
            return
        if forbidden and self._requests is not None:
            self._requests.forbid(text.lower())
        if not self._closing and (forbidden or not again):
            logger.warning("bus: %s", text)

    async def _on_reconnected(self) -> None:
        self._problem = ""
        logger.info("the connection to the bus at %s is back", self._url)
        if self._requests is not None:
            await self._requests.resume()
        self._tell_followers()

    def _tell_followers(self) -> None:
        for call in list(self.interrupted):
            call()

    async def _on_closed(self) -> None:
        self._tell_followers()
        if not self._closing:
            logger.error("the connection to the bus at %s has ended for good", self._url)
            self.lost.set()


def _unless_refused(message: Msg) -> Any:
    reply = json.loads(message.data)
    if isinstance(reply, dict) and "refused" in reply:
        raise Refused.from_refusal(RefusedReply.model_validate(reply).refused)
    return reply
