"""Ending tasks that run until they are cancelled, and calls that a cancellation mustn't break off."""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from typing import Any

REPEAT_SECONDS = 0.2


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel them until all have ended; what they raise is theirs to tell.

    Once isn't enough: a cancellation that arrives together with a result is swallowed by `asyncio.wait_for` before
    Python 3.12, and the task would go on for ever.
    """
    going = {task for task in tasks if not task.done()}
    while going:
        for task in going:
            task.cancel()
        _, going = await asyncio.wait(going, timeout=REPEAT_SECONDS)


async def unbroken(call: Coroutine[Any, Any, None], *, within: float) -> None:
    """Make the call; whoever cancels this waits until the call has ended, for `within` seconds at most."""
    task = asyncio.create_task(call)
    latest: float | None = None
    while not task.done() and (latest is None or time.monotonic() < latest):
        try:
            await asyncio.wait((task,), timeout=None if latest is None else latest - time.monotonic())
        except asyncio.CancelledError:
            latest = time.monotonic() + within if latest is None else latest
    if latest is None:
        await task
        return
    await end((task,))
    raise asyncio.CancelledError from None if task.cancelled() else task.exception()
