"""Wakes up the threads of this process that wait for a log to grow."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Lock
from time import monotonic
from weakref import WeakValueDictionary


class Bell:
    """Rung after every commit. Whoever waits looks at `rung` first, then at the log, so no ring is lost."""

    def __init__(self) -> None:
        self.rung = 0
        self._condition = Condition()

    def ring(self) -> None:
        """Wake up everyone."""
        with self._condition:
            self.rung += 1
            self._condition.notify_all()

    def wait(self, rung: int, timeout: float) -> None:
        """Until it was rung more often than `rung` says, or the timeout in seconds is over."""
        with self._condition:
            self._condition.wait_for(lambda: self.rung != rung, timeout)

    def until(self, after: int, timeout: float, poll: float, position: Callable[[], int]) -> int:
        """The head's position, as soon as it is beyond `after`; looks at least every `poll` seconds."""
        deadline = monotonic() + timeout
        while True:
            rung = self.rung
            head = position()
            left = deadline - monotonic()
            if head > after or left <= 0:
                return head
            self.wait(rung, min(left, poll))


_bells: WeakValueDictionary[str, Bell] = WeakValueDictionary()
_lock = Lock()


def bell_of(log: str) -> Bell:
    """The one bell of this process for the log at this address: a writer wakes up readers that opened it apart."""
    with _lock:
        bell = _bells.get(log)
        if bell is None:
            bell = _bells[log] = Bell()
        return bell
