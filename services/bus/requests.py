"""Request and reply on core NATS, where a violation of permissions ends the wait instead of a bare timeout."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping

from nats.aio.client import Client
from nats.aio.msg import Msg


class NoReply(Exception):
    """Nobody answered, or too late, or the bus forbids it; the sentence says which. What was sent may have counted."""


class Requests:
    """One subscription for all replies; each request has a token of its own."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._prefix = nc.new_inbox() + "."
        self._numbers = itertools.count(1)
        self._waiting: dict[str, tuple[str, asyncio.Future[Msg]]] = {}
        self._subscribed = False

    async def send(
        self, subject: str, body: bytes, headers: Mapping[str, str] | None, timeout: float, attempts: int = 1
    ) -> Msg:
        """The first reply. With more attempts, it is sent again in equal parts of the timeout, in case one was lost.

        Raises:
            NoReply: with a sentence.
        """
        await self._subscribe()
        reply: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        tokens: list[str] = []
        try:
            for _ in range(attempts):
                # A token for each attempt: the bus lets a service answer each reply subject once.
                tokens.append(str(next(self._numbers)))
                self._waiting[tokens[-1]] = (subject, reply)
                await self._nc.publish(subject, body, self._prefix + tokens[-1], dict(headers) if headers else None)
                await asyncio.wait((reply,), timeout=timeout / attempts)
                if reply.done():
                    return reply.result()
        finally:
            for token in tokens:
                del self._waiting[token]
        raise NoReply(f"{subject} was not answered within {timeout:.3g} s; it may have counted all the same.")

    def forbid(self, violation: str) -> None:
        """Fail the requests that a permissions violation is about. `violation`: the server's words, lower-cased."""
        for subject, reply in self._waiting.values():
            if f'"{subject.lower()}"' in violation and not reply.done():
                reply.set_exception(NoReply(f"The bus doesn't allow this user to publish to {subject}."))

    async def _subscribe(self) -> None:
        if not self._subscribed:
            self._subscribed = True
            await self._nc.subscribe(self._prefix + "*", cb=self._take)

    async def _take(self, message: Msg) -> None:
        _, reply = self._waiting.get(message.subject.rpartition(".")[2], (None, None))
        if reply is not None and not reply.done():
            reply.set_result(message)
