"""Driving one compilation: what is heard of it counts whenever it is heard."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from contracts.envelope import Envelope
from contracts.queries import CompilationRow, Query
from services.compiler.running import Running
from services.settings import Login
from tests.compiler.peers import compiling
from tests.compiler.test_saga import row


async def test_what_is_heard_of_a_queued_compilation_while_it_is_asked_for_is_not_forgotten(
    bus_login: Callable[[str], Login], tmp_path: Path
) -> None:
    # given a compilation whose turn comes while projections answer that it is queued
    asked: list[str] = []

    async def compilation(_: Query) -> CompilationRow:
        asked.append("queued" if not asked else "cancelled")
        if len(asked) == 1:
            running.wake()
        return row(asked[-1])

    async with compiling(bus_login, tmp_path, {"compilation": compilation}, nothing_reported) as context:
        running = Running(context, "c", alone=False, places=asyncio.Semaphore(1))

        # when it is driven
        await asyncio.wait_for(running.run(), 10)

    # then it is looked at again
    assert asked == ["queued", "cancelled"]


def nothing_reported(fact: Envelope) -> None:
    raise AssertionError(fact)
