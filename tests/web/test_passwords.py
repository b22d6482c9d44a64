"""How often a name may be tried with a password, over HTTP."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from contracts.queries import Query, SignIn
from services.settings import Login
from services.web.passwords import FREE_ATTEMPTS
from tests.web.served import served

PASSWORD = "correct horse battery"


async def test_of_many_passwords_at_once_no_more_are_tried_than_one_after_the_other(
    tmp_path: Path, bus_login: Callable[[str], Login]
) -> None:
    # given sixteen who try Ada's name, each so far that it is known whose name it is
    waiting, all_there = asyncio.Semaphore(15), asyncio.Event()

    async def whose(module: str, query: Query) -> tuple[int, SignIn]:
        if waiting.locked():
            all_there.set()
        else:
            await waiting.acquire()
        await all_there.wait()
        return 1, SignIn(person="ada")

    async with served(tmp_path, bus_login, sign_in=whose) as web, asyncio.timeout(60.0):
        web.house.passwords.set("ada", PASSWORD)
        tries = [{"login": "ada", "password": f"wrong {number}"} for number in range(16)]

        # when all go on at once
        answers = await asyncio.gather(*(web.browser.post("/sign-in", data=one) for one in tries))

    # then no more were looked at than one after the other would have been
    assert Counter(one.status_code for one in answers) == {422: FREE_ATTEMPTS, 429: 16 - FREE_ATTEMPTS}


async def test_a_right_password_is_counted_among_the_wrong_ones_no_more(
    tmp_path: Path, bus_login: Callable[[str], Login]
) -> None:
    async def whose(module: str, query: Query) -> tuple[int, SignIn]:
        return 1, SignIn(person="ada")

    async with served(tmp_path, bus_login, sign_in=whose) as web, asyncio.timeout(60.0):
        web.house.passwords.set("ada", PASSWORD)

        async def tried(*passwords: str) -> list[int]:
            given = [{"login": "ada", "password": one} for one in passwords]
            return [(await web.browser.post("/sign-in", data=one)).status_code for one in given]

        assert await tried(*["wrong"] * 4, PASSWORD) == [422, 422, 422, 422, 303]
        assert await tried(*["wrong"] * 5, PASSWORD) == [422, 422, 422, 422, 422, 429]
