"""The home folder of embedded mode: made, locked, with its master key and the program's own diary."""

import fcntl
import logging
import logging.handlers
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.bus.endpoint import NotRunning, read_endpoint
from services.settings import KEY_BYTES

DIARY = "apprentice.log"


class HomeFailed(Exception):
    """The home folder can't be used; the sentence says why."""


def opened(home: Path) -> Path:
    """The folder, made when it isn't there, for its owner only. Raises `HomeFailed`."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise HomeFailed(f"{home} can't be used as a home folder: {problem.strerror}. Choose another one.") from problem
    return home.resolve()


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Held while the system runs; the lock goes with the process, however it ends. Raises `HomeFailed`."""
    with (home / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise HomeFailed(_already(home)) from problem
        yield


def master_key(home: Path, known: bytes) -> bytes:
    """The key that wraps all keys: the given one, else a new one, kept in the folder. Raises `HomeFailed`."""
    if known:
        return known
    if (home / "keys.db").exists():
        raise HomeFailed(
            f"{home / 'master.key'} is missing, and without it nothing sealed can be read. Put it back from your backup."
        )
    key = secrets.token_bytes(KEY_BYTES)
    descriptor = os.open(home / "master.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def write_log(home: Path) -> None:
    """What services have to say goes to a file there; the terminal is for sentences."""
    diary = logging.handlers.RotatingFileHandler(home / DIARY, maxBytes=5_000_000, backupCount=3, encoding="utf-8")
    (home / DIARY).chmod(0o600)
    diary.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[diary], force=True)
    quiet()


def quiet() -> None:
    """Every request to a provider isn't news."""
    for name in ("httpx2", "httpcore2", "openai", "uvicorn", "faststream"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _already(home: Path) -> str:
    try:
        endpoint = read_endpoint(home)
    except NotRunning:
        return (
            f"Apprentice is being started or stopped in {home} by another process; wait a moment, or use another home."
        )
    return f"Apprentice already runs in {home} (process {endpoint.pid}, {endpoint.http}); it needs no second start."
