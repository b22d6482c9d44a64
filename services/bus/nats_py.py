"""What nats-py 2.16 leaves undone: after an attempt to connect that failed, when one is closed, and when one begins."""

import asyncio

from nats.aio.client import Client


def clear_away(nc: Client) -> None:
    """For `error_cb`: end the socket and the tasks of a failed attempt; any other error changes nothing.

    An attempt fails late when the server takes the connection and then says nothing. nats-py leaves its reading task,
    which gets hold of the next attempt's socket: that attempt ends with an exception that nobody sees, and none follows.
    """
    own, now = (nc._reading_task, nc._flusher_task, nc._ping_interval_task), asyncio.current_task()
    if now is not nc._reconnection_task and (now in own or not nc.is_connecting):
        return
    for task in own:
        if task is not None:
            task.cancel()
    if nc._transport is not None:
        nc._transport.close()  # type: ignore[no-untyped-call]  # nats-py gives it no types


async def stop_coming_back(nc: Client) -> None:
    """End an attempt to reconnect. nats-py cancels it once; one that succeeds at that moment misses it, and stays."""
    attempt = nc._reconnection_task
    while attempt is not None and not attempt.done():
        attempt.cancel()
        await asyncio.wait((attempt,), timeout=0.1)


async def settled(nc: Client) -> None:
    """Wait until the server has taken what was sent before: a subscription then misses nothing."""
    await nc.flush()  # its ping overtakes what its buffer still holds; the next one comes behind that
    await nc.flush()
