"""Logins of ordinary modules: made while the bus runs, without a restart."""

import asyncio
import json
import os
import re
import secrets
import signal
import time
from pathlib import Path

from contracts.identifiers import MODULE_PATTERN, RESERVED_MODULES
from services.bus.client import Bus, BusUnreachable
from services.bus.endpoint import Endpoint
from services.bus.permissions import USERS, authorization, inbox_of
from services.bus.private_file import changing, write_private
from services.settings import Login


class NotAModule(Exception):
    """The name can't be a module's; the sentence says why."""


class NotHere(Exception):
    """The bus doesn't run from this home; the sentence says where its users are kept."""


def module_login(home: Path, endpoint: Endpoint, name: str) -> tuple[Login, bool]:
    """The module's login at the embedded bus of `home`, and whether it was made just now; the server learns of it.

    Raises:
        NotAModule, NotHere.
    """
    if not re.match(MODULE_PATTERN, name) or name in RESERVED_MODULES or name in USERS:
        raise NotAModule(f"{name!r} can't be a module: use a-z, 0-9 and -, at most 32, and none of our own names.")
    folder = home / "nats"
    if endpoint.pid == 0 or not (folder / "server.pid").exists():
        raise NotHere("This system runs apart: add the user to its nats.conf, as docs/modules.md shows, and reload it.")
    file = folder / "passwords.json"
    with changing(file):
        passwords: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        fresh = name not in passwords
        if fresh:
            passwords[name] = secrets.token_urlsafe(24)
            write_private(file, json.dumps(passwords))
            _reload(folder, passwords)
    return Login(endpoint.nats, name, passwords[name], inbox_of(name)), fresh


async def is_taken(login: Login, timeout: float = 10.0) -> None:
    """Wait until the bus knows the login. Raises `BusUnreachable` when it never does."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            bus = await Bus.connect(login, name="trying the login", timeout=2.0)
        except BusUnreachable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            await bus.close()
            return


def _reload(folder: Path, passwords: dict[str, str]) -> None:
    file = folder / "server.conf"
    rest, _, _ = file.read_text(encoding="utf-8").partition("authorization {")
    write_private(file, rest + authorization(passwords))
    os.kill(int((folder / "server.pid").read_text(encoding="utf-8")), signal.SIGHUP)
