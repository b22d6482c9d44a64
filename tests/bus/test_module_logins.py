"""Logins of modules that are made while the bus runs."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services.bus.client import Bus
from services.bus.endpoint import Endpoint
from services.bus.module_logins import is_taken, module_login
from services.bus.server import EmbeddedServer
from services.settings import Login

AT_ONCE = 12


async def test_modules_that_come_at_once_all_get_their_login(tmp_path: Path) -> None:
    server = EmbeddedServer.start(tmp_path)
    endpoint = Endpoint(os.getpid(), server.url, {}, "", "", "")
    together = threading.Barrier(AT_ONCE)

    def come(name: str) -> Login:
        together.wait()
        return module_login(tmp_path, endpoint, name)[0]

    try:
        # when many are made in the same moment
        with ThreadPoolExecutor(AT_ONCE) as people:
            logins = list(people.map(come, [f"module-{number}" for number in range(AT_ONCE)]))

        # then the bus knows every one, also after a restart
        for login in logins:
            await is_taken(login)
        server.restart()
        for login in logins:
            bus = await Bus.connect(server.logins[login.user or ""], name="module")
            await bus.close()
        assert [server.logins[login.user or ""].password for login in logins] == [login.password for login in logins]
    finally:
        server.stop()
