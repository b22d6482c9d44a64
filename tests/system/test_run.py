"""Settings and services of their own: what is missing or wrong is said before anything is touched."""

import os
import subprocess
from pathlib import Path

import pytest

from services.running import Running, ServiceEnded, sentence
from services.settings import Settings, SettingWrong, read_secrets
from tests.fixtures.system import APPRENTICE

KEY = "00" * 32
WHOLE = {
    "APPRENTICE_LOG_URL": "postgresql://127.0.0.1:1/log",
    "APPRENTICE_KEYS_URL": "postgresql://127.0.0.1:1/keys",
    "APPRENTICE_MASTER_KEY": KEY,
    "APPRENTICE_NATS_URL": "nats://127.0.0.1:1",
}


def run(service: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("APPRENTICE_")}
    command = [APPRENTICE, "run", service]
    return subprocess.run(command, env=inherited | environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("service", "environ", "said"),
    [
        ("comands", {}, "There is no service called 'comands'; there are commands, projections,"),
        ("commands", {}, "commands needs APPRENTICE_LOG_URL and APPRENTICE_KEYS_URL and"),
        ("projections", WHOLE, "projections needs APPRENTICE_READ_MODELS_URL; set it."),
        ("commands", WHOLE | {"APPRENTICE_MASTER_KEY": "short"}, "The master key isn't 64 hexadecimal digits"),
        ("commands", WHOLE | {"APPRENTICE_LOG_URL": "memory"}, "APPRENTICE_LOG_URL must begin with sqlite:// or"),
        ("commands", WHOLE | {"APPRENTICE_NATS_URL": "http://x"}, "APPRENTICE_NATS_URL must begin with nats://"),
        ("commands", WHOLE | {"APPRENTICE_NATS_USER": "commands"}, "belong together; set both or none."),
        ("commands", WHOLE | {"APPRENTICE_HEALTH_PORT": "80a"}, "APPRENTICE_HEALTH_PORT must be a port number"),
        ("commands", WHOLE | {"APPRENTICE_LOG_URL_FILE": "/nowhere"}, "names /nowhere, which can't be read: No such"),
        ("commands", WHOLE | {"APPRENTICE_WAIT_SECONDS": "0.1"}, "Nothing answers at 127.0.0.1:1 (APPRENTICE_LOG_URL)"),
        (
            "provision",
            {"APPRENTICE_NATS_URL": "nats://127.0.0.1:1", "APPRENTICE_WAIT_SECONDS": "0.1"},
            "Nothing answers",
        ),
    ],
)
def test_a_service_refuses_to_start_with_one_sentence(service: str, environ: dict[str, str], said: str) -> None:
    ended = run(service, environ)

    assert ended.returncode == 1
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n", encoding="utf-8")

    settings = Settings.read(
        {"APPRENTICE_NATS_USER": "chat", "APPRENTICE_NATS_PASSWORD_FILE": str(tmp_path / "password")}, tmp_path
    )

    assert (settings.login.password, settings.login.inbox) == ("s3cret", "_INBOX_chat")


def test_settings_show_no_secret(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(
        '{"openai": {"value": "sk-1", "hosts": ["api.openai.com"]}}', encoding="utf-8"
    )
    environ = WHOLE | {"APPRENTICE_NATS_PASSWORD": "hidden", "APPRENTICE_EMBEDDED_PROVIDER_KEY": "hidden"}

    settings = Settings.read(environ, tmp_path)

    assert settings.secrets["openai"].hosts == {"api.openai.com"}
    assert not any(secret in repr(settings) for secret in ("hidden", "sk-1", KEY, "\\x00", "postgresql"))


@pytest.mark.parametrize("text", ["", "[]", '{"openai": "sk-1"}', '{"openai": {"value": "sk-1", "hosts": "x"}}'])
def test_a_secrets_file_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(SettingWrong, match="isn't of the form"):
        read_secrets(text)


async def test_a_service_that_ends_by_itself_is_named() -> None:
    async def run(_: object, *, ready: object, stop: object) -> None:
        raise OSError("the disk is full")

    service = Running.begin("commands", run, None)  # type: ignore[arg-type]

    with pytest.raises(ServiceEnded, match=r"The commands service ended: OSError: the disk is full\."):
        await service.until_ready()


def test_a_group_of_problems_is_told_by_its_first() -> None:
    problem = ExceptionGroup("many", [ExceptionGroup("inner", [SettingWrong("The key is wrong.")]), ValueError("x")])

    assert sentence(problem) == "The key is wrong."
