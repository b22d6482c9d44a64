"""A signed-in person without a browser: pages, forms and the live stream over plain HTTP."""

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.embedded import APPRENTICE

OURS = {"sec-fetch-site": "same-origin", "hx-request": "true", "content-type": "application/x-www-form-urlencoded"}


class Visit:
    """One browser's session of one person; `connect` gives a connection of its own."""

    def __init__(self, home: Path, person: str) -> None:
        command = [APPRENTICE, "link", person, "--home", str(home), "--json"]
        link = urlsplit(json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["url"])
        self.host = link.netloc
        with closing(self.connect()) as connection:
            connection.request("POST", link.path, headers={"sec-fetch-site": "same-origin"})
            answer = connection.getresponse()
        self.cookie = {"cookie": str(answer.headers["set-cookie"]).partition(";")[0]}

    def connect(self) -> http.client.HTTPConnection:
        """A connection whose requests leave at once."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def first_byte(self, path: str) -> float:
        """Milliseconds until the answer begins; all of it is read, and it must be a page."""
        with closing(self.connect()) as connection:
            started = time.perf_counter()
            connection.request("GET", path, headers=self.cookie)
            answer = connection.getresponse()
            milliseconds = (time.perf_counter() - started) * 1_000
            answer.read()
        assert answer.status == 200, (path, answer.status)
        return milliseconds

    def send(self, path: str, **form: str) -> None:
        """Send a form, which must be taken."""
        with closing(self.connect()) as connection:
            connection.request("POST", path, urlencode(form), self.cookie | OURS)
            answer = connection.getresponse()
            body = answer.read()
        assert answer.status == 204, (path, answer.status, body)

    def stream(self, path: str) -> Iterator[bytes]:
        """The lines of a live stream, the first of which has been read: it has begun."""
        connection = self.connect()
        connection.request("GET", path, headers=self.cookie)
        answer = connection.getresponse()
        assert answer.status == 200, (path, answer.status)
        answer.readline()
        return iter(answer.readline, b"")
