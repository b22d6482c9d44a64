"""Starting, stopping and sharing a home: what `apprentice up` does when all is well and when it isn't."""

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.system import System, apprentice

pytestmark = pytest.mark.slow

QUICKLY = 12.0  # 4 s on a machine that does nothing else; bench measures


def test_ctrl_c_drains_and_ends_well(system: System) -> None:
    bus = int((system.home / "nats" / "server.pid").read_text(encoding="utf-8"))

    assert system.stop(signal.SIGINT) == 0

    assert f"Stopped; everything is kept in {system.home}" in system.said
    assert not (system.home / "endpoint.json").exists()
    assert not _runs(bus)


def test_it_stops_although_nobody_reads_what_it_says(system: System) -> None:
    reader = system.hang_up()

    assert system.stop() == 0
    assert reader.closed


def test_the_first_start_says_where_everything_is(demo_system: System) -> None:
    endpoint = demo_system.endpoint

    assert demo_system.stop() == 0

    for shown in (str(demo_system.home), endpoint["nats"], endpoint["http"], endpoint["provider"], "Rowan & Vale"):
        assert shown in demo_system.said


def test_a_second_start_says_that_it_runs(system: System) -> None:
    second = apprentice(system.home, "up", "--port", "0")

    assert second.code == 1
    assert second.err.startswith(f"Apprentice already runs in {system.home} (process {system.pid}, http://127.0.0.1:")
    assert system.ask_json("status")["running"]


def test_what_is_secret_is_for_the_owner_only(system: System) -> None:
    for name in ("endpoint.json", "master.key", "keys.db", "log.db", "apprentice.log"):
        assert (system.home / name).stat().st_mode & 0o077 == 0, name
    assert system.home.stat().st_mode & 0o077 == 0


def test_without_its_master_key_a_home_is_not_opened(system: System) -> None:
    assert system.stop() == 0
    (system.home / "master.key").unlink()

    refused = apprentice(system.home, "up", "--port", "0")

    assert refused.code == 1
    assert "Put it back from your backup" in refused.err


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        failed = apprentice(tmp_path / "home", "up", "--no-demo", "--port", str(port))

    assert failed.code == 1
    assert f"Port {port} of 127.0.0.1 can't be used: Address already in use" in failed.err


def test_a_bus_that_dies_comes_back_and_nothing_is_lost(system: System) -> None:
    # given a model that was taught something
    system.send("ModelDefined", id="sales", name="Sales")
    system.send("QAAdded", model="sales", question="When do we open?", answer="At nine.")

    # when the bus is killed
    bus = int((system.home / "nats" / "server.pid").read_text(encoding="utf-8"))
    os.kill(bus, signal.SIGKILL)
    _until(lambda: system.cli("status").code == 0)

    # then the loop goes on
    assert system.ask_json("compile", "sales", "--wait")["status"] == "succeeded"
    assert system.ask_json("ask", "sales", "When do we open?")["answer"] == "At nine."


def test_a_bus_that_can_not_be_started_yet_is_tried_again_until_it_can(system: System) -> None:
    # given a bus that has ended and whose store can't be opened
    with _bus_that_stays_away(system):
        pass

    # then it runs again as soon as it can be
    _until(lambda: system.cli("status").code == 0)
    assert system.send("ModelDefined", id="sales", name="Sales")["subject"] == "sales"


def test_a_bus_whose_port_is_somebody_elses_ends_everything_with_a_sentence(system: System) -> None:
    port = int(system.endpoint["nats"].rpartition(":")[2])
    with contextlib.ExitStack() as held:
        # given a bus that has ended, and another program that takes its port meanwhile
        with _bus_that_stays_away(system):
            _until(lambda: _is_taken(held, port))

        # then nobody is left to look for it in vain
        _until(lambda: not system.running)

    assert system.stop() == 1
    assert f"Another program has taken port {port}, the only one" in system.said
    assert system.start().cli("status").code == 0


def test_a_first_start_that_was_killed_is_taken_up(tmp_path: Path) -> None:
    # given a demo company that was being loaded when everything was killed
    system = System(tmp_path / "home").start()
    facts = len(system.cli("history", "--json").rows)
    system.kill()
    (system.home / "first-start").write_text("demo", encoding="utf-8")

    # when it is started again
    system.start()

    # then it is whole, and there once
    assert len(system.cli("history", "--json").rows) == facts
    assert not (system.home / "first-start").exists()
    assert system.stop() == 0


def test_an_idle_system_is_small_and_starts_quickly(tmp_path: Path) -> None:
    system = System(tmp_path / "home").start()
    seconds: list[float] = []
    while len(seconds) < 3 and min(seconds, default=QUICKLY) >= QUICKLY:  # the machine may have been busy
        assert system.stop() == 0
        began = time.monotonic()
        system.start()
        seconds.append(time.monotonic() - began)

    resident = int(Path(f"/proc/{system.pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf(
        "SC_PAGE_SIZE"
    )
    worked = system.worked
    assert system.stop() == 0
    assert resident < 250_000_000
    assert worked < 6  # 2 s
    assert min(seconds) < QUICKLY


def test_the_web_says_how_it_is_and_asks_strangers_to_sign_in(system: System) -> None:
    import urllib.error
    import urllib.request

    url = system.endpoint["http"]
    assert urllib.request.urlopen(f"{url}/healthz", timeout=5).read() == b"alive\n"
    assert urllib.request.urlopen(f"{url}/readyz", timeout=5).read() == b"ready\n"
    assert b"apprentice_ready" in urllib.request.urlopen(f"{url}/metrics", timeout=5).read()
    with urllib.request.urlopen(f"{url}/", timeout=5) as door:
        assert (door.status, door.url) == (200, f"{url}/sign-in?to=/")
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{url}/nothing/here", timeout=5)
    assert missing.value.code == 404
    missing.value.close()


def test_the_cli_user_may_not_speak_for_modules(system: System) -> None:
    endpoint = json.loads((system.home / "endpoint.json").read_text(encoding="utf-8"))
    endpoint["users"]["owner"] = endpoint["users"]["cli"]
    (system.home / "endpoint.json").write_text(json.dumps(endpoint), encoding="utf-8")

    forbidden = system.cli("send", "ModelDefined", '{"name": "X"}', "--module", "crm")

    assert forbidden.code == 1
    assert "doesn't allow" in forbidden.err


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def _bus_that_stays_away(system: System) -> Iterator[None]:
    """The bus is killed and was tried to be started once more, in vain; at the end it may be."""
    store, aside = system.home / "nats" / "jetstream", system.home / "jetstream"
    store.rename(aside)
    store.write_text("no folder", encoding="utf-8")
    os.kill(int((system.home / "nats" / "server.pid").read_text(encoding="utf-8")), signal.SIGKILL)
    _until(lambda: "nats-server can't be started now" in (system.home / "apprentice.log").read_text(encoding="utf-8"))
    yield
    store.unlink()
    aside.rename(store)


def _is_taken(held: contextlib.ExitStack, port: int) -> bool:
    try:
        held.enter_context(socket.create_server(("127.0.0.1", port)))
    except OSError:
        return False
    return True


def _until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    import threading

    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.1)
