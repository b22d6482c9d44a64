"""`<home>/endpoint.json`: how other processes of this machine reach the Apprentice that runs in a home."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from services.settings import Login

FILE: Final = "endpoint.json"


class NotRunning(Exception):
    """Nothing runs in the home; the sentence says how to start it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What runs in a home. `users`: the logins of `cli` and `owner`; `started_at`: RFC 3339."""

    pid: int
    nats: str
    users: Mapping[str, Login] = field(repr=False)
    http: str
    provider: str
    started_at: str


def write_endpoint(home: Path, endpoint: Endpoint) -> Path:
    """Write it whole or not at all, readable by the owner only; where it stands."""
    file = home / FILE
    new = file.with_name(f"{FILE}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(_as_json(endpoint), stream, indent=2)
    return new.replace(file)


def remove_endpoint(home: Path) -> None:
    """Say that nothing runs here any more."""
    (home / FILE).unlink(missing_ok=True)


def read_endpoint(home: Path) -> Endpoint:
    """What runs in `home` now.

    Raises:
        NotRunning: there is no endpoint, or the process that wrote it has ended.
    """
    start = f"start it with: apprentice up --home {home}"
    try:
        raw = json.loads((home / FILE).read_text(encoding="utf-8"))
        endpoint = _from_json(raw)
    except FileNotFoundError as problem:
        raise NotRunning(f"Apprentice isn't running in {home}; {start}") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise NotRunning(f"{home / FILE} can't be read; remove it and {start}") from problem
    if not _runs(endpoint.pid):
        raise NotRunning(f"Apprentice isn't running in {home} any more (it didn't end properly); {start}")
    return endpoint


def _as_json(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "pid": endpoint.pid,
        "nats": endpoint.nats,
        "users": {
            name: {"user": login.user, "password": login.password, "inbox": login.inbox}
            for name, login in endpoint.users.items()
        },
        "http": endpoint.http,
        "provider": endpoint.provider,
        "started_at": endpoint.started_at,
    }


def _from_json(raw: dict[str, Any]) -> Endpoint:
    users = {
        name: Login(raw["nats"], user["user"], user["password"], user["inbox"]) for name, user in raw["users"].items()
    }
    return Endpoint(int(raw["pid"]), raw["nats"], users, raw["http"], raw["provider"], raw["started_at"])


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
