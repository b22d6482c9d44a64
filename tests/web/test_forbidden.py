"""What a page, a part of one, the stream and a form refuse, asked with a person's own cookie but without their browser."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import Any

import pytest

from tests.fixtures.system import System

pytestmark = pytest.mark.slow
STUDIO = (
    "/models", "/models/new", "/models/marketing", "/models/marketing/settings", "/models/marketing/lessons",
    "/models/marketing/import", "/compilations", "/review", "/conflicts?model=marketing", "/people", "/providers",
)  # fmt: skip
EVERYBODY = ("/groups/marketing-team", "/assistant", "/notices", "/me", "/proposals", "/search?text=glaze")
WRITES = re.compile(r'(?:hx-post|method="post" action)="([^"]*)"')
OWN = ("/watch", "/unwatch", "/ask", "/read", "/check")
"""What changes nothing of the company's: trying a model out, and what one is told oneself."""
OURS = {"sec-fetch-site": "same-origin"}


@dataclass(frozen=True)
class Got:
    """An answer, redirects not followed."""

    status: int
    headers: HTTPMessage
    text: str


class Caller:
    """Somebody who sends requests with the cookie of a person; without one for a stranger."""

    def __init__(self, system: System, person: str | None) -> None:
        self._base = system.endpoint["http"]
        self._cookie = ""
        if person is not None:
            link = system.ask_json("link", person)["url"].removeprefix(self._base)
            self._cookie = self.post(link).headers["set-cookie"].partition(";")[0]

    def get(self, path: str, **headers: str) -> Got:
        return self._send(urllib.request.Request(self._base + path, headers=headers))

    def post(self, path: str, body: str = "", headers: dict[str, str] | None = None) -> Got:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        given = kind | (OURS if headers is None else headers)
        return self._send(urllib.request.Request(self._base + path, body.encode(), given))

    def _send(self, request: urllib.request.Request) -> Got:
        request.add_header("cookie", self._cookie)
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=10) as answer:
                return Got(answer.status, answer.headers, answer.read(100_000).decode())
        except urllib.error.HTTPError as refused:
            with refused:
                return Got(refused.code, refused.headers, refused.read().decode())


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("forbidden") / "home").start()
    yield system
    assert system.stop() == 0


@pytest.fixture(scope="module")
def private(system: System) -> str:
    """Mara's conversation with her own assistant."""
    data = {"name": "Private", "use": "assistant", "members": ["person:mara", "virtual_user:master"]}
    group: str = system.ask_json("send", "GroupCreated", json.dumps(data), "--as", "mara")["subject"]
    system.send("MessagePosted", "--as", "mara", group=group, text="My salary is nobody's business.")
    return group


@pytest.mark.parametrize("path", [*STUDIO, *EVERYBODY])
def test_a_stranger_is_sent_to_the_door(system: System, path: str) -> None:
    stranger = Caller(system, None)

    assert stranger.get(path).headers["location"].startswith("/sign-in")
    assert stranger.get(path, **{"hx-request": "true"}).status == 401
    assert stranger.get("/live?group=marketing-team").status == 401


@pytest.mark.parametrize("path", STUDIO)
def test_a_member_does_not_get_into_the_studio(system: System, path: str) -> None:
    got = Caller(system, "ines").get(path)

    assert got.status == 403
    assert "Newsletter" not in got.text


@pytest.mark.parametrize("path", STUDIO)
def test_an_auditor_sees_the_studio_and_finds_nothing_to_change(system: System, path: str) -> None:
    if path in ("/models/new", "/models/marketing/import"):
        assert Caller(system, "ruth").get(path).status == 403
        return
    got = Caller(system, "ruth").get(path)

    assert got.status == 200
    assert [where for where in WRITES.findall(got.text) if not where.endswith(OWN)] == []


@pytest.mark.parametrize("path", EVERYBODY)
def test_everybody_has_their_own_places(system: System, path: str) -> None:
    assert Caller(system, "ines").get(path).status in (200, 303)


@pytest.mark.parametrize("person", ["ines", "theo", "owner", "ruth"])
def test_nobody_else_sees_a_conversation_with_ones_own_assistant(system: System, private: str, person: str) -> None:
    other = Caller(system, person)

    for path in (
        f"/groups/{private}",
        f"/assistant/{private}",
        f"/live?group={private}",
        f"/groups/{private}/messages",
    ):
        got = other.get(path)
        assert got.status == 404, path
        assert "salary" not in got.text
    assert "nobody&#39;s business" not in other.get("/search?text=salary").text
    assert other.post(f"/groups/{private}/messages", "text=Hello").status in (403, 404)


def test_its_own_person_sees_it(system: System, private: str) -> None:
    got = Caller(system, "mara").get(f"/assistant/{private}")

    assert got.status == 200
    assert "salary" in got.text
    assert "nobody&#39;s business" in Caller(system, "mara").get("/search?text=salary").text


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://elsewhere.example"}],
)
def test_a_form_that_is_not_ours_changes_nothing(system: System, headers: dict[str, str]) -> None:
    mara = Caller(system, "mara")

    got = mara.post("/groups/marketing-team/messages", "text=Forged", headers)

    assert got.status == 403
    assert "Forged" not in mara.get("/groups/marketing-team").text


def test_only_a_demo_company_lets_one_go_on_as_somebody_else(system: System) -> None:
    assert Caller(system, None).post("/switch/mara").status == 303
    assert Caller(system, None).post("/switch/nobody").status == 404


def test_what_leaves_the_server_carries_the_policy(system: System) -> None:
    for path in ("/sign-in", "/nothing", "/healthz"):
        headers = Caller(system, None).get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_link_leads_nowhere_else(system: System) -> None:
    for to in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        got = Caller(system, "mara").get(f"/sign-in?to={to}")
        assert got.headers["location"] == "/"
