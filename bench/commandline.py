"""How long the command itself takes, beside starting Python with nothing to do."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.row import Row, alone

RUNS = 7


def rows() -> list[Row]:
    """Seconds for `--help` and for `status` where nothing runs, bare interpreter apart."""
    apprentice = str(Path(sys.executable).with_name("apprentice"))
    with tempfile.TemporaryDirectory() as home:
        bare = _seconds([sys.executable, "-c", "pass"])
        shown = _seconds([apprentice, "--help"])
        status = _seconds([apprentice, "status", "--home", home])
    return [
        alone("python -c pass", bare, "s"),
        alone("apprentice --help", shown, "s", "< 0.3"),
        alone("apprentice status, nothing running", status, "s", "< 0.6"),
    ]


def _seconds(command: list[str]) -> float:
    def once() -> float:
        started = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False)
        return time.perf_counter() - started

    once()
    return statistics.median(once() for _ in range(RUNS))
