"""Ending tasks, also those that miss their first cancellation."""

import asyncio

from services.cancelling import end


async def test_a_task_that_misses_its_first_cancellation_is_ended_all_the_same() -> None:
    missed = 0

    async def stubborn() -> None:
        nonlocal missed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                missed += 1
                if missed > 1:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)

    await asyncio.wait_for(end([task]), 5)

    assert task.cancelled()
    assert missed == 2


async def test_nothing_to_end_is_fine() -> None:
    await end([])
