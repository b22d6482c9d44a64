"""Where a running Apprentice is reached: `<home>/endpoint.json`, readable by its owner only."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from services.settings import Login


class NotRunning(Exception):
    """Nothing runs in that home."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Addresses of the running system, and the logins that its machine's owner may use."""

    pid: int
    nats: str
    http: str
    provider: str
    logins: dict[str, Login] = field(repr=False)

    def login(self, user: str) -> Login:
        """The login of `cli` or `owner`."""
        return self.logins[user]


def write_endpoint(home: Path, endpoint: Endpoint) -> None:
    """Write the file at once, mode 0600."""
    path = home / "endpoint.json"
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(endpoint), file, indent=2)
    new.replace(path)


def remove_endpoint(home: Path) -> None:
    """The system is going."""
    (home / "endpoint.json").unlink(missing_ok=True)


def read_endpoint(home: Path) -> Endpoint:
    """What runs in this home.

    Raises:
        NotRunning: nothing does, or its file can't be read.
    """
    try:
        raw = json.loads((home / "endpoint.json").read_text(encoding="utf-8"))
        logins = {name: Login(**login) for name, login in raw["logins"].items()}
        return Endpoint(raw["pid"], raw["nats"], raw["http"], raw["provider"], logins)
    except FileNotFoundError as problem:
        raise NotRunning(f"Apprentice isn't running in {home}; start it with: apprentice up --home {home}") from problem
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise NotRunning(f"{home / 'endpoint.json'} can't be read ({problem}); start Apprentice again.") from problem
