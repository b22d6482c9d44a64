"""Settings: read once at the edge from the environment and the home folder, then passed down."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Login:
    """How one user reaches the bus. `inbox`: the prefix of its reply subjects."""

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    inbox: str = "_INBOX"


@dataclass(frozen=True, slots=True)
class Secret:
    """A provider's key and the hosts to which it may be sent."""

    value: str = field(repr=False)
    hosts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between installations. URLs are `sqlite:///path` or `postgresql://...`."""

    home: Path
    log_url: str
    keys_url: str
    read_models_url: str
    master_key: bytes = field(repr=False)
    login: Login
    embedded_provider_url: str
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    http_host: str = "127.0.0.1"
    http_port: int = 0
    provider_timeout: float = 60.0
    """Seconds that one call to a provider may take."""
    poll_seconds: float = 0.2
    """First pause between two looks at a provider's job; it doubles up to 30 s."""


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """`APPRENTICE_HOME`, else a folder in the user's data directory."""
    if given := environ.get("APPRENTICE_HOME"):
        return Path(given).expanduser()
    import platformdirs  # imported late: the command line starts quicker

    return Path(platformdirs.user_data_dir("apprentice", appauthor=False))


def read_value(environ: Mapping[str, str], name: str, default: str | None = None) -> str | None:
    """The variable `name`, or the content of the file that `name_FILE` names (a container's secret)."""
    if path := environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return environ.get(name, default)


def read_secrets(text: str) -> dict[str, Secret]:
    """`{"openai": {"value": "sk-...", "hosts": ["api.openai.com"]}}` as secrets by name."""
    return {name: Secret(entry["value"], frozenset(entry["hosts"])) for name, entry in json.loads(text).items()}
