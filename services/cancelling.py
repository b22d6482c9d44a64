"""Ending tasks that run until they are cancelled."""

import asyncio
from collections.abc import Iterable
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
