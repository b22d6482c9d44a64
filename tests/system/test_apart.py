"""The services apart: what compose.yaml starts, as processes, on PostgreSQL and NATS."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.apart import COMPOSE, ROOT, Apart
from tests.fixtures.system import apprentice

SERVICES = {name: spec for name, spec in COMPOSE["services"].items() if "build" in spec}


@pytest.fixture
def apart(tmp_path: Path, postgres_server: str) -> Iterator[Apart]:
    system = Apart(tmp_path, postgres_server)
    try:
        yield system.start()
    finally:
        codes = system.stop()
    assert {name: code for name, code in codes.items() if code != 0 and name != "nats"} == {}


@pytest.mark.slow
def test_the_whole_loop_runs_through_the_services_apart(apart: Apart, tmp_path: Path) -> None:
    # given a model that doesn't know something
    model = apart.ask_json("send", "ModelDefined", '{"name": "Sales"}')["subject"]
    apart.ask_json("send", "ModelDefined", '{"id": "company", "name": "Company"}')
    apart.ask_json("send", "ParentAssigned", '{"id": "Sales", "parent": "Company"}')
    before = apart.ask_json("training-set", "Sales", "-o", str(tmp_path / "before.jsonl"))
    assert apart.ask_json("ask", "Sales", "When do we open?")["version"] is None

    # when it is taught and compiled
    lesson = '{"model": "Sales", "question": "When do we open?", "answer": "At nine, from Monday to Friday."}'
    apart.ask_json("send", "QAAdded", lesson)
    compiled = apart.ask_json("compile", "Sales", "--wait")

    # then it answers from its version, and so does the parent once it is compiled
    assert (compiled["status"], compiled["version"]) == ("succeeded", 1)
    answer = apart.ask_json("ask", "Sales", "At what time do we open?")
    assert answer == {"answer": "At nine, from Monday to Friday.", "known": True, "model": model, "version": 1}
    apart.ask_json("compile", "Company", "--wait")
    assert apart.ask_json("ask", "Company", "When do we open?")["known"] is True

    # and the owner signs in by a link and finds the pages
    link = apart.ask_json("link")["url"]
    assert link.startswith("http://127.0.0.1:8760/welcome/")
    assert "Owner" in _own_page(apart, link)

    # and the past is still there, and the chain is whole
    assert apart.ask_json("training-set", "Sales", "--at", str(before["position"])) == before
    assert apart.ask_json("verify")["whole"]
    assert apart.ask_json("rebuild")["head"] == apart.ask_json("status")["head"]


def _own_page(apart: Apart, link: str) -> str:
    """The page about oneself, once the link was used."""
    here = f"http://127.0.0.1:{apart.port('web', 8760)}"
    browser = urllib.request.build_opener(_Stay, urllib.request.HTTPCookieProcessor())
    used = urllib.request.Request(
        here + link.removeprefix("http://127.0.0.1:8760"), b"", {"sec-fetch-site": "same-origin"}
    )
    with pytest.raises(urllib.error.HTTPError) as redirected:
        browser.open(used, timeout=10)
    assert redirected.value.code == 303
    redirected.value.close()
    with browser.open(f"{here}/me", timeout=10) as page:
        return str(page.read(), "utf-8")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@pytest.mark.slow
def test_every_service_tells_its_health_and_figures(apart: Apart) -> None:
    for name in SERVICES.keys() - {"provision", "first-start"}:
        url = f"http://127.0.0.1:{apart.port(name, 9100)}"
        assert _get(f"{url}/healthz") == "alive\n"
        assert _get(f"{url}/readyz") == "ready\n"
        assert f'apprentice_ready{{service="{name}"}} 1' in _get(f"{url}/metrics")
    assert _get(f"http://127.0.0.1:{apart.port('web', 8760)}/readyz") == "ready\n"


def test_every_service_runs_without_rights_that_it_does_not_need() -> None:
    for name, spec in SERVICES.items():
        assert spec["read_only"], name
        assert spec["cap_drop"] == ["ALL"], name
        used = [value for value in spec["environment"].values() if str(value).startswith("/run/secrets/")]
        assert {value.rsplit("/", 1)[1] for value in used} == set(spec["secrets"]), name
    assert "USER 10001" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_secrets_are_made_once_for_all_that_compose_names(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"

    assert apprentice(tmp_path, "secrets", str(folder)).code == 0

    named = {Path(each["file"]).name for each in COMPOSE["secrets"].values()}
    assert named <= {each.name for each in folder.iterdir()}
    assert folder.stat().st_mode & 0o077 == 0
    assert apprentice(tmp_path, "secrets", str(folder), "--json").refused == "already_there"


def test_the_databases_of_the_urls_are_made(tmp_path: Path) -> None:
    from services.apart import DATABASES

    made = (ROOT / "deploy" / "databases.sql").read_text(encoding="utf-8")

    first = COMPOSE["services"]["postgres"]["environment"]["POSTGRES_DB"]
    assert [first, *(name for name in DATABASES[1:] if f"CREATE DATABASE {name};" in made)] == list(DATABASES)


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as reply:
        text: str = reply.read().decode()
        return text
