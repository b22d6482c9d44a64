"""Child processes that must not outlive us: they end with their parent, and orphans are found and ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

STOP_SECONDS: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1


def end_orphan(pid_file: Path, config: Path) -> None:
    """End a process that outlived its parent. `config`: a path that only its command line names.

    Call it only where a lock shows that nobody needs the process; another one with its number is left alone.
    """
    try:
        pid = int(pid_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return
    for ending in (signal.SIGTERM, signal.SIGKILL):
        if str(config) not in command_line(pid):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, ending)
        until(lambda: str(config) not in command_line(pid), STOP_SECONDS)


def command_line(pid: int) -> str:
    """What the process was started with; empty when there is none."""
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return proc.read_text(encoding="utf-8").replace("\0", " ")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return shown.stdout


def dying_with_parent() -> Callable[[], None] | None:
    """What the child runs first on Linux, so that it ends even when we are killed."""
    if not sys.platform.startswith("linux"):
        return None  # the next start reaps the orphan
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def first() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return first


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Wait until it is true; False when it still isn't after so many seconds."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not true():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.002)
    return True
