"""Request and reply on core NATS, where a violation of permissions ends the wait instead of a bare timeout."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from nats.aio.client import Client
from nats.aio.msg import Msg


class NoReply(Exception):
    """Nobody answered, or too late, or the bus forbids it; the sentence says which. What was sent may have counted."""


class Forbidden(NoReply):
    """The bus doesn't let this user publish there."""


@dataclass(slots=True)
class _Request:
    subject: str
    body: bytes
    headers: dict[str, str] | None
    attempts: int
    reply: asyncio.Future[Msg]
    tokens: list[str] = field(default_factory=list)


class Requests:
    """One subscription for all replies; each attempt has a token of its own."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._prefix = nc.new_inbox() + "."
        self._numbers = itertools.count(1)
        self._waiting: dict[str, _Request] = {}
        self._subscribed = False

    async def send(
        self,
        subject: str,
        body: bytes,
        headers: Mapping[str, str] | None,
        timeout: float,
        attempts: int = 1,
        spent: float = 0.0,
    ) -> Msg:
        """The first reply. What may be attempted more often is sent again after an equal part of the timeout, and
        besides whenever the connection has come back: what went with it took nothing from the attempts.
        `spent`: seconds for which somebody to answer was looked for before.

        Raises:
            NoReply: with a sentence.
        """
        await self._subscribe()
        loop = asyncio.get_running_loop()
        request = _Request(subject, body, dict(headers) if headers else None, attempts, loop.create_future())
        try:
            for _ in range(attempts):
                await self._attempt(request)
                await asyncio.wait((request.reply,), timeout=timeout / attempts)
                if request.reply.done():
                    return request.reply.result()
        finally:
            request.reply.cancel()  # nobody waits any more: it isn't sent again either
            for token in request.tokens:
                del self._waiting[token]
        raise NoReply(
            f"{subject} was not answered within {round(timeout + spent, 1):g} s; it may have counted all the same."
        )

    async def resume(self) -> None:
        """The connection was lost and has come back: send again what may be sent again."""
        for request in {id(each): each for each in self._waiting.values()}.values():
            if request.attempts > 1 and not request.reply.done():
                await self._attempt(request)

    def forbid(self, violation: str) -> None:
        """Fail the requests that a permissions violation is about. `violation`: the server's words, lower-cased."""
        for request in self._waiting.values():
            if f'"{request.subject.lower()}"' in violation and not request.reply.done():
                request.reply.set_exception(
                    Forbidden(f"The bus doesn't allow this user to publish to {request.subject}.")
                )

    async def _attempt(self, request: _Request) -> None:
        # A token for each attempt: the bus lets a service answer each reply subject once.
        token = str(next(self._numbers))
        request.tokens.append(token)
        self._waiting[token] = request
        await self._nc.publish(request.subject, request.body, self._prefix + token, request.headers)

    async def _subscribe(self) -> None:
        if not self._subscribed:
            self._subscribed = True
            await self._nc.subscribe(self._prefix + "*", cb=self._take)

    async def _take(self, message: Msg) -> None:
        request = self._waiting.get(message.subject.rpartition(".")[2])
        if request is not None and not request.reply.done():
            request.reply.set_result(message)


def is_nobody(message: Msg) -> bool:
    """Whether it is the server's word that nobody listens."""
    return not message.data and message.headers is not None and message.headers.get("Status") == "503"
