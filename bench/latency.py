"""A running system: facts over NATS beside bare request and reply, and how soon a fact counts and a version answers."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.embedded import embedded
from bench.row import Row, against, alone
from contracts.facts import FACTS
from contracts.facts.qa import QAAdded
from services.bus.client import Bus, NoReply
from services.bus.endpoint import read_endpoint
from services.bus.provisioning import provision
from services.bus.reporting import new_fact
from services.bus.server import EmbeddedServer
from services.settings import Login

SENDERS = 128


def rows() -> list[Row]:
    """Figures of an embedded system in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        started = time.perf_counter()
        with embedded(home) as (_, pid):
            first = time.perf_counter() - started
            found = asyncio.run(_measure(home))
            memory = _memory(pid)
    return [alone("make up, first start with the demo company", first, "s", "< 4"),
            alone("  its memory afterwards", memory, "MB", "< 250"), *found]  # fmt: skip


async def _measure(home: Path) -> list[Row]:
    endpoint = read_endpoint(home)
    bus = await Bus.connect(endpoint.users["owner"], name="bench")
    try:
        return [
            *await _throughput(),
            alone("fact accepted to counted in the training set, p95", await _counted(bus), "ms", "< 50"),
            alone("ask, whole way and back, p50", await _asked(bus), "ms"),
            alone(
                "active version changed to the first request to the new model, slowest of 60",
                await _switched(bus),
                "ms",
                "< 20",
            ),
        ]
    finally:
        await bus.close()


async def _throughput() -> list[Row]:
    """The commands service as a process of its own, behind a nats-server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer.start(Path(folder))
        try:
            await provision(server.logins["provisioning"])
            bare = await _bare(server)
            accepted = await _commands(server, Path(folder))
        finally:
            server.stop()
    return [
        alone("nats-py request and reply without work, 128 at once", bare, "requests/s"),
        against("facts accepted and durable over NATS, 128 at once", accepted, "facts/s", bare, ">= 0.5"),
    ]


async def _commands(server: EmbeddedServer, home: Path) -> float:
    login = server.logins["commands"]
    environ = {
        "APPRENTICE_HOME": str(home), "APPRENTICE_LOG_URL": f"sqlite:///{home}/log.db",
        "APPRENTICE_KEYS_URL": f"sqlite:///{home}/keys.db", "APPRENTICE_MASTER_KEY": "ab" * 32,
        "APPRENTICE_NATS_URL": login.url, "APPRENTICE_NATS_USER": str(login.user),
        "APPRENTICE_NATS_PASSWORD": str(login.password),
    }  # fmt: skip
    command = [str(Path(sys.executable).with_name("apprentice")), "run", "commands"]
    process = subprocess.Popen(command, env=os.environ | environ, stderr=subprocess.DEVNULL)
    bus = await Bus.connect(server.logins["owner"], name="bench")
    try:
        await _until_served(bus)
        await _rate(lambda: bus.report(_fact()))
        return await _rate(lambda: bus.report(_fact()))
    finally:
        await bus.close()
        process.terminate()
        process.wait(30)


async def _until_served(bus: Bus) -> None:
    data = FACTS["ModelDefined"].model_validate({"name": "Sales"})
    define = new_fact(data, module="cli", actor="person:owner", subject="sales")
    while True:
        try:
            await bus.report(define)
        except NoReply:
            await asyncio.sleep(0.1)
        else:
            return


async def _bare(server: EmbeddedServer) -> float:
    """An echo in a process of its own, the same body."""
    login = server.logins["commands"]
    program = (
        f"from bench.latency import echo; echo({login.url!r}, {login.user!r}, {login.password!r}, {login.inbox!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    await asyncio.to_thread(process.stdout.readline)
    bus = await Bus.connect(server.logins["owner"], name="bench")
    body = _fact().to_report()
    try:
        return await _rate(lambda: bus.nc.request("cmd.bench.Echo", body, timeout=10))
    finally:
        await bus.close()
        process.terminate()
        process.wait()


def echo(url: str, user: str, password: str, inbox: str) -> None:
    """Answer everything under `cmd.>` with itself."""

    async def serve() -> None:
        bus = await Bus.connect(Login(url, user, password, inbox), name="echo")

        async def reply(message: Any) -> None:
            await bus.nc.publish(message.reply, message.data)

        await bus.nc.subscribe("cmd.>", cb=reply)
        await bus.nc.flush()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    asyncio.run(serve())


async def _rate(send: Any) -> float:
    async def one() -> None:
        for _ in range(40):
            await send()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(SENDERS)))
    return SENDERS * 40 / (time.perf_counter() - started)


def _fact(question: str | None = None) -> Any:
    data = QAAdded(
        model="sales", question=question or f"Rule {time.time_ns()}?", answer="We answer within a day. " * 10
    )
    return new_fact(data, module="cli", actor="person:owner")


async def _counted(bus: Bus) -> float:
    times = []
    for _ in range(100):
        fact = _fact()
        started = time.perf_counter()
        accepted = await bus.report(fact)
        await bus.query("lesson", {"lesson": fact.id}, module="cli", after=accepted.position)
        times.append((time.perf_counter() - started) * 1_000)
    return statistics.quantiles(times, n=20)[-1]


async def _asked(bus: Bus) -> float:
    times = []
    for _ in range(30):
        started = time.perf_counter()
        await bus.query("ask", {"model": "marketing", "question": "Which hashtags do we use?"}, module="cli")
        times.append((time.perf_counter() - started) * 1_000)
    return statistics.median(times)


async def _switched(bus: Bus) -> float:
    """Two versions are chosen in turn; the time from the accepted choice to the event's change in chat's answers."""
    for _ in range(2):
        await _compile(bus)
    times = []
    for number in range(60):
        version = 1 + number % 2
        if number == 0:
            version = 1
        data = FACTS["VersionChosen"].model_validate({"version": version})
        await bus.report(new_fact(data, module="cli", actor="person:owner", subject="marketing"))
        started = time.perf_counter()
        while True:
            asked = time.perf_counter()
            _, found = await bus.query(
                "ask", {"model": "marketing", "question": "Which hashtags do we use?"}, module="cli"
            )
            if found.version == version:
                times.append((asked - started) * 1_000)
                break
    return max(times)


async def _compile(bus: Bus) -> None:
    data = FACTS["CompileRequested"].model_validate({"model": "marketing", "forced": True})
    accepted = await bus.report(new_fact(data, module="cli", actor="person:owner"))
    while True:
        _, row = await bus.query("compilation", {"compilation": accepted.subject}, module="cli")
        if row.status in ("succeeded", "failed", "unchanged"):
            assert row.status == "succeeded", json.dumps(row.model_dump(mode="json"))
            return
        await asyncio.sleep(0.1)


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
