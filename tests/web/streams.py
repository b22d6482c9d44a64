"""Live streams without a browser, and the web's own figures."""

import asyncio
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.fixtures.system import System

GROUP = "marketing-team"


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.1)


def figure(system: System, name: str) -> int:
    with urllib.request.urlopen(f"{system.endpoint['http']}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def signed_in(link: str) -> str:
    """The cookie that a one-time link gives."""
    used = urllib.request.Request(link, b"", {"sec-fetch-site": "same-origin"})
    try:
        urllib.request.build_opener(_Stay).open(used, timeout=10)
    except urllib.error.HTTPError as redirected:
        with redirected:
            return str(redirected.headers["set-cookie"]).partition(";")[0]
    raise AssertionError("the link signed nobody in")


async def stream(
    base: str, cookie: str, group: str = GROUP, buffer: int = 0
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A live stream that has begun."""
    where = urlsplit(base)
    plain = socket.create_connection((where.hostname, where.port), timeout=30)
    if buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    plain.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=plain, limit=buffer or 2**20)
    head = f"GET /live?group={group} HTTP/1.1\r\nhost: {where.netloc}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(30):
        assert b" 200 " in await reader.readline()
        while b"retry:" not in await reader.readline():
            pass
    return reader, writer


async def until_told(reader: asyncio.StreamReader, words: str) -> None:
    """Read until the words come."""
    tail = b""
    while words.encode() not in tail:
        got = await reader.read(2**16)
        assert got, "the stream has ended"
        tail = tail[-len(words) :] + got


async def post(base: str, cookie: str, text: str, group: str = GROUP) -> None:
    await send(base, cookie, f"/groups/{group}/messages", "text=" + text.replace(" ", "+"), expected=303)


async def send(base: str, cookie: str, path: str, form: str, *, expected: int) -> None:
    where = urlsplit(base)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    lines = [f"POST {path} HTTP/1.1", f"host: {where.netloc}", f"cookie: {cookie}", "sec-fetch-site: same-origin",
             "content-type: application/x-www-form-urlencoded", f"content-length: {len(form)}", "connection: close"]  # fmt: skip
    writer.write(("\r\n".join(lines) + "\r\n\r\n" + form).encode())
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    assert f" {expected} ".encode() in answer.partition(b"\r\n")[0], answer[:500]
