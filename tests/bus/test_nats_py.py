"""Connections in the moments that nats-py leaves to its users: failed attempts, closing, beginning to listen."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import pytest
from nats.aio.client import Client

from services.bus.client import Bus
from services.bus.jetstream import ask
from services.bus.nats_py import settled
from services.bus.server import EmbeddedServer
from services.settings import Login

BusLogin = Callable[[str], Login]


class Proxy:
    """Between a client and nats-server. The connections in `silent`, counted from 1, hear nothing after their first
    PONG."""

    def __init__(self, nats: EmbeddedServer, silent: set[int]) -> None:
        self._nats, self._silent = nats, silent
        self.taken = 0
        self._clients: list[asyncio.StreamWriter] = []
        self._passing: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        """The port on which it listens."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Every connection ends."""
        for client in self._clients:
            client.close()

    async def close(self) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _take(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.taken += 1
        self._clients.append(to_client)
        address = urlsplit(self._nats.url)
        from_server, to_server = await asyncio.open_connection(address.hostname, address.port)
        last = b"PONG\r\n" if self.taken in self._silent else None
        for passing in (_pass(from_client, to_server), _pass(from_server, to_client, last)):
            self._passing.add(asyncio.create_task(passing))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, last: bytes | None = None) -> None:
    """Everything; with `last`, only what comes until that has come."""
    silent = False
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65_536):
            if not silent:
                writer.write(piece)
                await writer.drain()
            silent = silent or (last is not None and last in piece)
    writer.close()


@pytest.fixture
async def proxy(nats: EmbeddedServer) -> AsyncIterator[Proxy]:
    proxy = Proxy(nats, silent={2, 3})
    yield proxy
    await proxy.close()


async def test_a_server_that_falls_silent_while_one_reconnects_is_tried_again(
    proxy: Proxy, bus_login: BusLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a connection
    monkeypatch.setattr(Client.flush, "__defaults__", (0.2,))  # seconds after which an attempt has failed
    login = dataclasses.replace(bus_login("commands"), url=f"nats://127.0.0.1:{await proxy.open()}")
    bus = await Bus.connect(login, name="commands")
    try:
        await ask(bus, "STREAM.INFO.EV")

        # when it is lost, and the next two are taken and hear nothing
        proxy.cut()

        # then the one after that serves
        assert (await ask(bus, "STREAM.INFO.EV", timeout=20.0))["config"]["name"] == "EV"
        assert proxy.taken == 4
    finally:
        await bus.close()


@pytest.mark.parametrize("moment", ["is_reconnecting", "is_connecting"])
async def test_a_connection_that_is_just_coming_back_can_be_closed(
    nats: EmbeddedServer, bus_login: BusLogin, moment: str
) -> None:
    before = asyncio.all_tasks()
    for turns in range(6):
        # given a connection that was lost, so many turns of the loop after it began to come back
        bus = await Bus.connect(bus_login("cli"), name="cli")
        nats.restart()
        while not getattr(bus.nc, moment):  # noqa: ASYNC110 - nats-py tells nobody
            await asyncio.sleep(0)
        for _ in range(turns):
            await asyncio.sleep(0)

        # when
        await bus.close()

        # then nothing of it goes on
        assert bus.nc.is_closed
        assert asyncio.all_tasks() <= before


async def test_a_subscription_is_before_the_ping_whose_answer_settles_it(
    bus_login: BusLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli, sent = await Bus.connect(bus_login("cli"), name="cli"), list[bytes]()
    socket = cli.nc._transport
    assert socket is not None
    write, writelines = socket.write, socket.writelines
    monkeypatch.setattr(socket, "write", lambda one: (sent.append(one), write(one)))  # type: ignore[no-untyped-call]
    monkeypatch.setattr(socket, "writelines", lambda all: (sent.extend(all), writelines(all)))

    await cli.nc.subscribe("_INBOX_cli.one")
    await settled(cli.nc)

    assert [one.split()[0] for one in sent][-2:] == [b"SUB", b"PING"]
    await cli.close()
