"""`apprentice run SERVICE`: one service as a process of its own, with its settings from the environment."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from services.health import Health
from services.home import quiet
from services.http_server import serve_http
from services.refusals import Refused
from services.running import Running, ServiceEnded, collect_seldom, first_to_end, run_of, sentence
from services.settings import Settings, SettingWrong, read_value

logger = logging.getLogger(__name__)

PROVISION: Final = "provision"
FIRST_START: Final = "first-start"
WAIT_SECONDS: Final = 60.0
_LOG, _KEYS, _READ_MODELS = "APPRENTICE_LOG_URL", "APPRENTICE_KEYS_URL", "APPRENTICE_READ_MODELS_URL"
_WEB = "APPRENTICE_WEB_URL"
_BUS, _MASTER_KEY = "APPRENTICE_NATS_URL", "APPRENTICE_MASTER_KEY"
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "commands": (_LOG, _KEYS, _MASTER_KEY, _BUS),
    "projections": (_LOG, _KEYS, _MASTER_KEY, _READ_MODELS, _BUS),
    "compiler": (_BUS, "APPRENTICE_HOME"),
    "chat": (_BUS,),
    "web": (_BUS, "APPRENTICE_HTTP_PORT", _WEB),
    "embedded-provider": ("APPRENTICE_HOME", "APPRENTICE_HTTP_PORT"),
    PROVISION: (_BUS,),
    FIRST_START: (_BUS,),
}
"""What each service must be told; nothing that would keep data in a place nobody chose has a default."""


def start(service: str, home: Path, environ: Mapping[str, str] = os.environ) -> int:
    """Run it until SIGTERM or Ctrl-C; 0 when it was drained, 1 with a sentence otherwise."""
    logging.basicConfig(level=logging.INFO, force=True, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    quiet()
    collect_seldom()
    try:
        settings, demo = read_settings(service, home, environ), environ.get("APPRENTICE_DEMO") == "1"
        return asyncio.run(_run(service, settings, _wait_seconds(environ), demo))
    except (SettingWrong, ServiceEnded, _Unreachable) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


def read_settings(service: str, home: Path, environ: Mapping[str, str]) -> Settings:
    """The service's settings, all that it needs.

    Raises:
        SettingWrong: there is no such service, or a setting is missing or can't be used.
    """
    if service not in REQUIRED:
        raise SettingWrong(f"There is no service called {service!r}; there are {', '.join(REQUIRED)}.")
    missing = [name for name in REQUIRED[service] if not read_value(environ, name)]
    if missing:
        raise SettingWrong(f"{service} needs {' and '.join(missing)}; set {'it' if len(missing) == 1 else 'them'}.")
    settings = Settings.read(environ, home)
    for name, url, schemes in (
        (_LOG, settings.log_url, ("sqlite", "postgresql")),
        (_KEYS, settings.keys_url, ("sqlite", "postgresql")),
        (_READ_MODELS, settings.read_models_url, ("sqlite", "postgresql")),
        (_WEB, settings.web_url, ("sqlite", "postgresql")),
        (_BUS, settings.login.url or "nats://", ("nats", "tls")),
    ):
        if urlsplit(url).scheme.partition("+")[0] not in schemes:
            raise SettingWrong(f"{name} must begin with {' or '.join(f'{each}://' for each in schemes)}.")
    if (settings.login.user is None) != (settings.login.password is None):
        raise SettingWrong("APPRENTICE_NATS_USER and APPRENTICE_NATS_PASSWORD belong together; set both or none.")
    return settings


class _Unreachable(Exception):
    """The bus or a database didn't answer in time."""


def _wait_seconds(environ: Mapping[str, str]) -> float:
    given = environ.get("APPRENTICE_WAIT_SECONDS")
    try:
        return float(given) if given else WAIT_SECONDS
    except ValueError as problem:
        raise SettingWrong(f"APPRENTICE_WAIT_SECONDS must be a number, not {given!r}.") from problem


async def _run(service: str, settings: Settings, wait_seconds: float, demo: bool) -> int:
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    await _until_reachable(service, settings, wait_seconds, stop)
    if stop.is_set():
        return 0
    if service in (PROVISION, FIRST_START):
        return await _once(service, settings, demo)
    running = Running.begin(service, run_of(service), settings)
    try:
        return await _serve(running, settings, stop)
    finally:
        if not running.task.done():
            await running.drain()


async def _serve(running: Running, settings: Settings, stop: asyncio.Event) -> int:
    async with asyncio.TaskGroup() as tasks:
        unhealthy = asyncio.Event()
        if settings.health_port is not None:
            health = Health(running.name, lambda: running.ready.is_set() and not stop.is_set())
            host, port = settings.http_host, settings.health_port
            tasks.create_task(serve_http(health, host, port, listening=lambda _: None, stop=unhealthy))
        ended = await first_to_end([running], stop)
        drained = ended is None and await running.drain()
        unhealthy.set()
    if ended is not None:
        raise ended.ended()
    logger.info("%s was drained", running.name)
    return 0 if drained else 1


async def _once(service: str, settings: Settings, demo: bool) -> int:
    from services.bus.client import BusUnreachable, NoReply
    from services.bus.provisioning import ProvisioningRefused, provision
    from services.first_start import prepare

    try:
        if service == PROVISION:
            await provision(settings.login)
        else:
            await prepare(settings, settings.login, demo=demo)
    except (BusUnreachable, NoReply, ProvisioningRefused, Refused) as problem:
        raise ServiceEnded(sentence(problem)) from problem
    logger.info("%s is done", service)
    return 0


async def _until_reachable(service: str, settings: Settings, seconds: float, stop: asyncio.Event) -> None:
    """Wait until something listens at the bus and the databases that the service uses; nothing is said to it yet."""
    used = {
        _BUS: settings.login.url,
        _LOG: settings.log_url,
        _KEYS: settings.keys_url,
        _READ_MODELS: settings.read_models_url,
        _WEB: settings.web_url,
    }
    deadline = asyncio.get_running_loop().time() + seconds
    for name in REQUIRED[service]:
        parts = urlsplit(used.get(name, ""))
        if not parts.hostname or parts.scheme == "sqlite":
            continue
        host, port = parts.hostname, parts.port or (4222 if name == _BUS else 5432)
        while not stop.is_set() and not await _listens(host, port):
            if asyncio.get_running_loop().time() > deadline:
                raise _Unreachable(f"Nothing answers at {host}:{port} ({name}); waited for {seconds:g} s.")
            await asyncio.sleep(0.2)


async def _listens(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(2.0):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
