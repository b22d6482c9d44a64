"""What a system that runs apart is set up with: its secrets as files, and endpoint.json for a command line outside."""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from services.bus.endpoint import Endpoint, write_endpoint
from services.bus.permissions import USERS, authorization, inbox_of
from services.settings import KEY_BYTES, Login

DATABASES: Final = ("log", "keys", "read_models", "web")
PROVIDER_HOST: Final = "embedded-provider"
"""Under this name the other containers know the embedded provider; its key is sent nowhere else."""


class AlreadyThere(Exception):
    """The folder holds secrets already; nothing was overwritten."""


def make_secrets(folder: Path, *, postgres: str = "postgres:5432") -> list[str]:
    """Write every secret that compose.yaml names, each a file of its own; their names.

    Containers read them as another user, so the files are readable and the folder is closed to others.

    Raises:
        AlreadyThere: the folder isn't empty. A lost master key can't be made again, so nothing is replaced.
        OSError: the folder can't be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if any(folder.iterdir()):
        raise AlreadyThere(f"{folder} isn't empty; secrets are never replaced. Give another folder.")
    files = _secrets(postgres)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o444)
    return sorted(files)


def _secrets(postgres: str) -> dict[str, str]:
    passwords = {user: secrets.token_urlsafe(24) for user in USERS}
    database, provider = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    provider_secrets = {"embedded": {"value": provider, "hosts": [PROVIDER_HOST]}}
    return {
        "master_key": secrets.token_hex(KEY_BYTES),
        "postgres_password": database,
        **{f"{name}_url": f"postgresql://apprentice:{database}@{postgres}/{name}" for name in DATABASES},
        "nats.conf": nats_configuration(passwords),
        **{f"nats_{user}": password for user, password in passwords.items()},
        "embedded_provider_key": provider,
        "provider_secrets.json": json.dumps(provider_secrets, indent=2) + "\n",
    }


def nats_configuration(passwords: dict[str, str]) -> str:
    """nats-server's configuration: every user with its subjects, every acknowledged message on disk."""
    return (
        'server_name: "apprentice"\nlisten: "0.0.0.0:4222"\nhttp: "127.0.0.1:8222"\n'
        'jetstream {\n  store_dir: "/data"\n  sync_interval: always\n}\n' + authorization(passwords)
    )


def write_outside_endpoint(home: Path, secrets_folder: Path, *, nats: str, web: str, provider: str) -> Path:
    """endpoint.json for a command line on a machine that reaches the bus at `nats`. Raises `OSError`."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = {}
    for user in ("cli", "owner"):
        password = (secrets_folder / f"nats_{user}").read_text(encoding="utf-8").strip()
        users[user] = Login(nats, user, password, inbox_of(user))
    # Process 0 is nobody's: whether it runs is for the bus to say.
    started = datetime.now(UTC).isoformat()
    return write_endpoint(home, Endpoint(0, nats, users, web, provider, started))
