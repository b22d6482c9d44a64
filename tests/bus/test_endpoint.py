"""How other processes find the Apprentice of a home."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.bus.endpoint import Endpoint, NotRunning, read_endpoint, remove_endpoint, write_endpoint
from services.settings import Login


def _endpoint(pid: int) -> Endpoint:
    users = {
        name: Login("nats://127.0.0.1:4", name, f"secret of {name}", f"_INBOX_{name}") for name in ("cli", "owner")
    }
    return Endpoint(
        pid, "nats://127.0.0.1:4", users, "http://127.0.0.1:5", "http://127.0.0.1:6", "2026-07-01T08:00:00Z"
    )


def test_what_was_written_is_read_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    file = write_endpoint(tmp_path, _endpoint(os.getpid()))

    assert read_endpoint(tmp_path) == _endpoint(os.getpid())
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["endpoint.json"]


def test_a_home_in_which_nothing_was_started_says_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(
        NotRunning, match=f"isn't running in {tmp_path}; start it with: apprentice up --home {tmp_path}"
    ):
        read_endpoint(tmp_path)


def test_an_endpoint_that_was_taken_away_is_gone(tmp_path: Path) -> None:
    write_endpoint(tmp_path, _endpoint(os.getpid()))

    remove_endpoint(tmp_path)

    with pytest.raises(NotRunning):
        read_endpoint(tmp_path)


def test_the_endpoint_of_a_process_that_has_ended_does_not_count(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write_endpoint(tmp_path, _endpoint(ended.pid))

    with pytest.raises(NotRunning, match="any more"):
        read_endpoint(tmp_path)


def test_a_torn_endpoint_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "endpoint.json").write_text('{"pid": 1')

    with pytest.raises(NotRunning, match=r"endpoint\.json can't be read; remove it"):
        read_endpoint(tmp_path)


def test_passwords_are_not_shown() -> None:
    assert "secret" not in repr(_endpoint(1))
