"""An embedded system in a process of its own, in a home that may be started again."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.bus.endpoint import Endpoint, NotRunning, read_endpoint

APPRENTICE = str(Path(sys.executable).with_name("apprentice"))


@contextmanager
def embedded(home: Path, *options: str) -> Iterator[tuple[Endpoint, int]]:
    """Runs until the block ends; its endpoint and its process."""
    command = [APPRENTICE, "up", "--home", str(home), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield _until_ready(home, process), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _until_ready(home: Path, process: subprocess.Popen[bytes]) -> Endpoint:
    while True:
        try:
            return read_endpoint(home)
        except NotRunning:
            if process.poll() is not None:
                raise
            time.sleep(0.02)  # noqa: TID251 - nothing tells when the file is there
