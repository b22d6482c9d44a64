"""One streamed answer in a group, until everybody who looks at it has all of it: 200 pages beside one."""

import asyncio
import json
import re
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.embedded import embedded
from bench.row import Row, against, alone
from contracts.facts import FACTS
from contracts.identifiers import answer_id
from services.bus.client import Bus
from services.bus.endpoint import read_endpoint
from services.bus.reporting import new_fact

READERS = 200
TIMES = 5
PIECES, PAUSE = 60, 0.02
PIECE = "Glazes are fired **twice**, and the second firing is the slower one. "


def rows() -> list[Row]:
    """Figures of an embedded system in a process of its own; the provider types like a real one."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with embedded(home, "--no-demo"):
            one, all_of_them, typing = asyncio.run(_measure(home))
    return [
        alone(f"the provider types {PIECES * len(PIECE):,} characters", typing * 1_000, "ms"),
        alone("  asked to all of the answer on one page, p50", one * 1_000, "ms"),
        against(f"  the same on the last of {READERS} pages, p50", all_of_them * 1_000, "ms", one * 1_000, "<= 1.2"),
    ]


async def _measure(home: Path) -> tuple[float, float, float]:
    typist = await asyncio.start_server(_type, "127.0.0.1", 0)
    port = typist.sockets[0].getsockname()[1]
    endpoint = read_endpoint(home)
    bus = await Bus.connect(endpoint.users["owner"], name="bench")
    try:
        await _prepare(bus, f"http://127.0.0.1:{port}/v1")
        _, link = await bus.query("sign_in_link", {"person": "owner"}, module="cli")
        web = Web(link.url)
        await web.sign_in()
        alone_ = [await _asked(bus, web, 1) for _ in range(TIMES)]
        crowd = [await _asked(bus, web, READERS) for _ in range(TIMES)]
        return statistics.median(alone_), statistics.median(crowd), PIECES * PAUSE
    finally:
        await bus.close()
        typist.close()


async def _prepare(bus: Bus, provider: str) -> None:
    facts: list[tuple[str, str, dict[str, object]]] = [
        ("ProviderRegistered", "typist", {
            "name": "Typist", "provider_kind": "openai_compatible", "base_url": provider, "base_model": "typist",
        }),
        ("ModelDefined", "kiln", {"name": "Kiln", "provider": "typist", "virtual_user": "kiln"}),
        ("GroupCreated", "room", {"name": "Room", "answers": "every", "members": ["virtual_user:kiln"]}),
    ]  # fmt: skip
    for name, subject, data in facts:
        await bus.report(
            new_fact(FACTS[name].model_validate(data), module="cli", actor="person:owner", subject=subject)
        )


async def _asked(bus: Bus, web: "Web", readers: int) -> float:
    """Seconds from the question until the last page has the finished answer."""
    position, _ = await bus.query("group", {"group": "room"}, module="cli")
    streams = await asyncio.gather(*(web.open(f"/live?group=room&after={position}") for _ in range(readers)))
    question = new_fact(
        FACTS["MessagePosted"].model_validate({"group": "room", "text": "How are glazes fired?"}),
        module="cli", actor="person:owner",
    )  # fmt: skip
    mark = f'data-id="{answer_id(question.id, "kiln")}"'.encode()
    reading = [asyncio.create_task(_until(reader, mark)) for reader, _ in streams]
    started = time.perf_counter()
    await bus.report(question)
    await asyncio.gather(*reading)
    took = time.perf_counter() - started
    for _, writer in streams:
        writer.close()
    return took


async def _until(reader: asyncio.StreamReader, mark: bytes) -> None:
    tail = b""
    while mark not in tail:
        got = await reader.read(65_536)
        assert got, "the stream ended before the answer came"
        tail = tail[-len(mark) :] + got


class Web:
    """Just enough HTTP to be signed in and to keep many streams open."""

    def __init__(self, link: str) -> None:
        self._link = urlsplit(link)
        self._cookie = ""

    async def sign_in(self) -> None:
        """By the one-time link."""
        reader, writer = await self._send("POST", self._link.path, urlencode({}))
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        found = re.search(r"set-cookie: (\S+?=\S+?);", head, re.IGNORECASE)
        assert found is not None, head
        self._cookie = found.group(1)
        writer.close()

    async def open(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A stream, once its first bytes are there."""
        reader, writer = await self._send("GET", path)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        await reader.readuntil(b"retry: 500")
        return reader, writer

    async def _send(
        self, method: str, path: str, body: str = ""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:  # fmt: skip
        reader, writer = await asyncio.open_connection(self._link.hostname, self._link.port, limit=2**20)
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._link.netloc}", f"origin: http://{self._link.netloc}",
                 f"cookie: {self._cookie}", "content-type: application/x-www-form-urlencoded",
                 f"content-length: {len(body)}"]  # fmt: skip
        writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        await writer.drain()
        return reader, writer


async def _type(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An OpenAI-compatible provider that needs its time for every piece."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"POST /v1/chat/completions "):
        writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()
        return
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    for number in range(PIECES + 1):
        delta = {"content": PIECE} if number < PIECES else {}
        choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "typist", "choices": [choice]}
        writer.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await writer.drain()
        await asyncio.sleep(PAUSE if delta else 0)
    writer.write(b"data: [DONE]\n\n")
    await writer.drain()
    writer.close()
