"""Ending tasks, also those that miss their first cancellation."""

import asyncio

import pytest

from services.cancelling import end, unbroken


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


async def test_a_call_that_must_not_be_broken_off_ends_before_who_made_it_is_cancelled() -> None:
    may_end, done = asyncio.Event(), False

    async def call() -> None:
        nonlocal done
        await may_end.wait()
        done = True

    making = asyncio.create_task(unbroken(call(), within=60))
    await asyncio.sleep(0)
    ending = asyncio.create_task(end([making]))
    await asyncio.wait((ending,), timeout=0.5)
    assert not ending.done()
    may_end.set()

    await asyncio.wait_for(ending, 5)

    assert done
    assert making.cancelled()


async def test_a_call_that_takes_too_long_is_broken_off_all_the_same() -> None:
    making = asyncio.create_task(unbroken(asyncio.sleep(60), within=0.01))
    await asyncio.sleep(0)

    await asyncio.wait_for(end([making]), 5)

    assert making.cancelled()


async def test_what_such_a_call_raises_reaches_who_made_it() -> None:
    async def call() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        await unbroken(call(), within=60)
