"""The embedded nats-server."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from services.bus.client import Bus
from services.bus.process import command_line, until
from services.bus.server import EmbeddedServer, ServerFailed, binary


def _mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_what_holds_passwords_is_for_the_owner_alone(tmp_path: Path) -> None:
    server = EmbeddedServer.start(tmp_path)
    server.stop()

    assert _mode(tmp_path / "nats" / "server.conf") == 0o600
    assert _mode(tmp_path / "nats" / "passwords.json") == 0o600
    assert "password" not in repr(server.logins)


async def test_port_and_passwords_survive_a_restart(tmp_path: Path) -> None:
    first = EmbeddedServer.start(tmp_path, ["crm"])
    before = first.logins
    first.stop()

    second = EmbeddedServer.start(tmp_path)
    try:
        assert second.logins == before
        bus = await Bus.connect(before["crm"], name="crm")
        await bus.close()
    finally:
        second.stop()


def test_another_port_is_taken_when_the_old_one_is_not_free(tmp_path: Path) -> None:
    server = EmbeddedServer.start(tmp_path)
    port = int(server.url.rpartition(":")[2])
    server.stop()
    with socket.socket() as occupied:
        occupied.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        occupied.bind(("127.0.0.1", port))
        occupied.listen()

        again = EmbeddedServer.start(tmp_path)
        again.stop()

    assert not again.url.endswith(f":{port}")


def test_a_home_is_served_once(tmp_path: Path) -> None:
    server = EmbeddedServer.start(tmp_path)
    try:
        with pytest.raises(ServerFailed, match="Another process serves"):
            EmbeddedServer.start(tmp_path)
        assert server.alive
    finally:
        server.stop()
    assert not server.alive


def test_an_orphan_is_reaped(tmp_path: Path) -> None:
    EmbeddedServer.start(tmp_path).stop()
    folder = tmp_path / "nats"
    orphan = subprocess.Popen([str(binary()), "--config", str(folder / "server.conf")])
    assert until(lambda: any(folder.glob("*.ports")), 30.0)

    server = EmbeddedServer.start(tmp_path)
    try:
        assert orphan.wait(30) is not None
        assert server.pid != orphan.pid
    finally:
        server.stop()


def test_a_process_that_only_took_over_the_orphans_number_is_left_alone(tmp_path: Path) -> None:
    EmbeddedServer.start(tmp_path).stop()
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / "nats" / "server.pid").write_text(str(bystander.pid))

    EmbeddedServer.start(tmp_path).stop()

    assert bystander.poll() is None
    bystander.communicate(b"\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel ends the child on Linux only")
def test_the_server_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from services.bus.server import EmbeddedServer\n"
        "print(EmbeddedServer.start(pathlib.Path(sys.argv[1])).pid, flush=True)\n"
        "input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    pid = int(parent.stdout.readline())

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    parent.stdin.close()

    assert until(lambda: "server.conf" not in command_line(pid), 30.0)


def test_it_is_not_started_from_another_thread(tmp_path: Path) -> None:
    problems: list[str] = []

    def start() -> None:
        try:
            EmbeddedServer.start(tmp_path)
        except ServerFailed as problem:
            problems.append(str(problem))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert problems
    assert "main thread" in problems[0]


def test_a_broken_configuration_is_reported_with_the_servers_own_words(tmp_path: Path) -> None:
    EmbeddedServer.start(tmp_path).stop()
    (tmp_path / "nats" / "jetstream").rename(tmp_path / "elsewhere")
    (tmp_path / "nats" / "jetstream").write_text("a file, not a folder")

    with pytest.raises(ServerFailed, match="storage directory is not a directory"):
        EmbeddedServer.start(tmp_path)


def test_a_modules_name_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="can't be a module's name"):
        EmbeddedServer.start(tmp_path, ["C.R.M"])


def test_every_user_has_its_own_password(tmp_path: Path) -> None:
    server = EmbeddedServer.start(tmp_path, ["crm", "erp"])
    server.stop()

    passwords = json.loads((tmp_path / "nats" / "passwords.json").read_text())

    assert {"commands", "projections", "compiler", "chat", "web", "cli", "owner", "provisioning", "crm", "erp"} == set(
        passwords
    )
    assert len(set(passwords.values())) == len(passwords)
