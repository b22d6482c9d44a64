"""Settings: read once at the edge from the environment and the home folder, then passed down."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Self, TypeVar

KEY_BYTES = 32
T = TypeVar("T", int, None)


class SettingWrong(Exception):
    """A setting is missing or can't be used; the sentence names it and says what to give."""


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
    log_url: str = field(repr=False)
    keys_url: str = field(repr=False)
    read_models_url: str = field(repr=False)
    web_url: str = field(repr=False)
    """Sessions, passwords, drafts: what only the pages need."""
    master_key: bytes = field(repr=False)
    login: Login
    embedded_provider_url: str
    """Ends with `/v1`; what a provider of kind `embedded` has when it names no address of its own."""
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    http_host: str = "127.0.0.1"
    http_port: int = 0
    web_address: str = ""
    """Under which people reach the pages, such as `https://apprentice.example`; empty: as it listens."""
    provider_timeout: float = 60.0
    """Seconds that one call to a provider may take."""
    provider_patience: float = 60.0
    """Seconds for which a provider that is busy or away is tried again."""
    poll_seconds: float = 0.2
    """First pause between two looks at a provider's job; it doubles up to 30 s."""
    health_port: int | None = None
    """Where a service of its own answers /healthz, /readyz and /metrics; None: nowhere."""
    embedded_provider_key: str | None = field(default=None, repr=False)
    """What callers of the embedded provider must show; on loopback it may be None."""
    embedded_provider_faults: bool = False
    """For tests: let the embedded provider take faults on demand."""
    embedded_provider_step_seconds: float = 0.02
    """How long each status of its jobs lasts."""
    nightly_at: time = time(2)
    """When models that compile nightly do, in this machine's time zone."""
    demo: bool = False
    """A demo company: whoever is here may go on as any of its people."""
    sandbox: bool = False
    """For developers of modules: a fact with the header `Sandbox-Refuse` is refused with the code that it names."""

    @classmethod
    def read(cls, environ: Mapping[str, str], home: Path) -> Self:
        """What the environment says; what it doesn't say stands in the home folder. The key isn't made here.

        Raises:
            SettingWrong: a value or a file can't be used.
        """
        user = read_value(environ, "APPRENTICE_NATS_USER")
        return cls(
            home=home,
            log_url=read_value(environ, "APPRENTICE_LOG_URL") or f"sqlite:///{home / 'log.db'}",
            keys_url=read_value(environ, "APPRENTICE_KEYS_URL") or f"sqlite:///{home / 'keys.db'}",
            read_models_url=read_value(environ, "APPRENTICE_READ_MODELS_URL") or f"sqlite:///{home}",
            web_url=read_value(environ, "APPRENTICE_WEB_URL") or f"sqlite:///{home / 'web.db'}",
            master_key=_master_key(environ, home),
            login=Login(
                url=read_value(environ, "APPRENTICE_NATS_URL") or "",
                user=user,
                password=read_value(environ, "APPRENTICE_NATS_PASSWORD"),
                inbox=f"_INBOX_{user}" if user else "_INBOX",
            ),
            embedded_provider_url=read_value(environ, "APPRENTICE_EMBEDDED_PROVIDER_URL") or "",
            secrets=_secrets(environ, home),
            http_host=read_value(environ, "APPRENTICE_HTTP_HOST") or "127.0.0.1",
            http_port=_number(environ, "APPRENTICE_HTTP_PORT", 0),
            web_address=(read_value(environ, "APPRENTICE_WEB_ADDRESS") or "").rstrip("/"),
            provider_timeout=_seconds(environ, "APPRENTICE_PROVIDER_TIMEOUT", 60.0),
            provider_patience=_seconds(environ, "APPRENTICE_PROVIDER_PATIENCE", 60.0),
            poll_seconds=_seconds(environ, "APPRENTICE_POLL_SECONDS", 0.2),
            health_port=_number(environ, "APPRENTICE_HEALTH_PORT", None),
            embedded_provider_key=read_value(environ, "APPRENTICE_EMBEDDED_PROVIDER_KEY"),
            embedded_provider_faults=environ.get("APPRENTICE_EMBEDDED_PROVIDER_FAULTS") == "1",
            nightly_at=_time_of_day(environ, "APPRENTICE_NIGHTLY_AT", "02:00"),
            sandbox=environ.get("APPRENTICE_SANDBOX") == "1",
            demo=environ.get("APPRENTICE_DEMO") == "1",
            embedded_provider_step_seconds=_seconds(environ, "APPRENTICE_EMBEDDED_PROVIDER_STEP_SECONDS", 0.02),
        )


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """`APPRENTICE_HOME`, else a folder in the user's data directory."""
    if given := environ.get("APPRENTICE_HOME"):
        return Path(given).expanduser()
    import platformdirs  # imported late: the command line starts quicker

    return Path(platformdirs.user_data_dir("apprentice", appauthor=False))


def read_value(environ: Mapping[str, str], name: str, default: str | None = None) -> str | None:
    """The variable `name`, or the content of the file that `name_FILE` names (a container's secret).

    Raises:
        SettingWrong: the file can't be read.
    """
    if path := environ.get(f"{name}_FILE"):
        return _text(Path(path), f"{name}_FILE").strip()
    return environ.get(name, default)


def read_secrets(text: str) -> dict[str, Secret]:
    """`{"openai": {"value": "sk-...", "hosts": ["api.openai.com"]}}` as secrets by name.

    Raises:
        SettingWrong: it isn't of that form.
    """
    try:
        return {name: _secret(entry) for name, entry in json.loads(text).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        form = '{"openai": {"value": "sk-...", "hosts": ["api.openai.com"]}}'
        raise SettingWrong(f"The secrets file isn't of the form {form} ({type(problem).__name__}).") from None


def read_master_key(text: str) -> bytes:
    """64 hexadecimal digits as 32 bytes.

    Raises:
        SettingWrong: it is something else.
    """
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingWrong("The master key isn't 64 hexadecimal digits; make one with: openssl rand -hex 32")
    return key


def _secret(entry: Mapping[str, object]) -> Secret:
    value, hosts = entry["value"], entry["hosts"]
    if not isinstance(value, str) or not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise TypeError("value or hosts")
    return Secret(value, frozenset(hosts))


def _secrets(environ: Mapping[str, str], home: Path) -> dict[str, Secret]:
    given = environ.get("APPRENTICE_SECRETS_FILE")
    file = Path(given) if given else home / "secrets.json"
    if not given and not file.exists():
        return {}
    return read_secrets(_text(file, "APPRENTICE_SECRETS_FILE"))


def _master_key(environ: Mapping[str, str], home: Path) -> bytes:
    given = read_value(environ, "APPRENTICE_MASTER_KEY")
    file = home / "master.key"
    if given is None and file.exists():
        given = _text(file, "the master key").strip()
    return read_master_key(given) if given is not None else b""


def _text(file: Path, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it isn't UTF-8"
        raise SettingWrong(f"{name} names {file}, which can't be read: {reason}.") from problem


def _number(environ: Mapping[str, str], name: str, default: T) -> int | T:
    given = environ.get(name)
    if not given:
        return default
    if not given.isdecimal() or int(given) > 65_535:
        raise SettingWrong(f"{name} must be a port number, not {given[:40]!r}.")
    return int(given)


def _time_of_day(environ: Mapping[str, str], name: str, default: str) -> time:
    given = environ.get(name) or default
    try:
        return time.fromisoformat(given)
    except ValueError:
        raise SettingWrong(f"{name} must be a time of day such as 02:00, not {given[:40]!r}.") from None


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    given = environ.get(name)
    try:
        seconds = float(given) if given else default
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise SettingWrong(f"{name} must be a number of seconds above 0, not {(given or '')[:40]!r}.")
    return seconds
