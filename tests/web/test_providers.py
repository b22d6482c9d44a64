"""Providers in a browser: registered as their kind wants it, tried, revised, retired, and everything compiled there again."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, before_htmx, opened
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
HOSTILE = "<svg onload=alert(1)> & {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("web")
    secrets = {"AURORA_KEY": {"value": "sk-aurora-0123456789", "hosts": ["api.aurora.example"]}}
    system = System(folder / "home", environ={"APPRENTICE_SECRETS_FILE": str(_written(folder, secrets))}).start()
    yield system
    assert system.stop() == 0


def _written(folder: Path, secrets: object) -> Path:
    file = folder / "secrets.json"
    file.write_text(json.dumps(secrets), encoding="utf-8")
    return file


def test_a_provider_is_registered_and_its_secret_is_known_by_name_only(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    opened(system, mara, "/providers/new")
    mara.get_by_label("Name", exact=True).fill(HOSTILE)
    mara.get_by_label("Address").fill("https://api.aurora.example/v1")
    mara.get_by_label("Base model", exact=True).fill("open-8b-2026")
    mara.get_by_label("Name of the secret").fill("AURORA_KEY")
    mara.get_by_text("Prices per million tokens").click()
    mara.get_by_label("Training", exact=True).fill("18.5")
    mara.get_by_role("button", name="Register it").click()
    mara.wait_for_url(lambda url: url.rstrip("/").rpartition("/")[2] not in ("new", "providers"))

    expect(mara.get_by_role("heading", name=HOSTILE, level=1)).to_be_visible()
    expect(mara.get_by_text("Set", exact=True)).to_be_visible()
    assert "sk-aurora" not in mara.content()
    (made,) = [one for one in _registered(system) if one["name"] == HOSTILE]
    assert made["prices"] == {"currency": "EUR", "training": 18.5, "input": None, "output": None}


def test_the_list_says_of_each_secret_how_it_stands(system: System, people: People) -> None:
    wanted = {
        "Has no key": ({"secret": "NOWHERE"}, "Missing"),
        "Elsewhere": ({"secret": "AURORA_KEY", "base_url": "https://other.example/v1"}, "Host not allowed"),
        "Open to all": ({"base_url": "https://open.example/v1"}, "None needed"),
    }
    for name, (data, _) in wanted.items():
        given = {"provider_kind": "openai_compatible", "base_url": "https://a.example/v1", "base_model": "m"} | data
        system.send("ProviderRegistered", name=name, **given)
    mara = people.sign_in(system, "mara")
    opened(system, mara, "/providers")
    for name, (_, word) in wanted.items():
        expect(mara.get_by_role("row").filter(has_text=name).get_by_text(word)).to_be_visible()
    expect(mara.get_by_text("AURORA_KEY may be sent to other hosts only")).to_be_visible()


def test_a_key_in_place_of_its_name_is_neither_saved_nor_shown_again(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    opened(system, mara, "/providers/new?kind=openai")
    assert mara.get_by_label("Name of the secret").input_value() == "OPENAI_KEY"
    mara.get_by_label("Base model", exact=True).fill("gpt-4.1-mini")
    mara.get_by_label("Name of the secret").fill("sk-proj-abcdefgh")
    mara.get_by_role("button", name="Register it").click()

    assert "looks like the key itself" in mara.get_by_role("alert").inner_text()
    assert "sk-proj-abcdefgh" not in mara.content()
    assert mara.get_by_label("Base model", exact=True).input_value() == "gpt-4.1-mini"
    assert not [one for one in _registered(system) if one["name"] == "OpenAI"]
    people.problems.clear()


def test_what_is_wrong_in_a_form_is_said_and_what_was_typed_stays(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    opened(system, mara, "/providers/new")
    mara.get_by_label("Name", exact=True).fill("Embedded")
    mara.get_by_label("Address").fill("https://b.example/v1")
    mara.get_by_label("Base model", exact=True).fill("m-1")
    mara.get_by_role("button", name="Register it").click()
    assert "Embedded" in mara.get_by_role("alert").inner_text()
    assert mara.get_by_label("Base model", exact=True).input_value() == "m-1"
    people.problems.clear()


def test_trying_a_provider_says_what_a_compilation_would_find(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    opened(system, theo, "/providers")
    theo.get_by_role("button", name="Check Embedded now").click()
    theo.get_by_text("Embedded works.").wait_for()
    expect(theo.get_by_text("Embedded answers and knows embedded-retrieval-1.")).to_be_visible()


def test_trying_a_provider_before_the_scripts_are_there_says_it_in_its_page(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    before_htmx(theo, f"{system.endpoint['http']}/providers/embedded")

    theo.get_by_role("button", name="Check now").click()

    theo.get_by_text("Embedded works.").wait_for()
    expect(theo.get_by_text("Embedded answers and knows embedded-retrieval-1.")).to_be_visible()
    expect(theo.get_by_role("heading", name="Models built here")).to_be_visible()


def test_an_end_is_announced_and_shown_with_the_days_that_are_left(system: System, people: People) -> None:
    ending = system.send("ProviderRegistered", name="Old times", provider_kind="openai_compatible",
                         base_url="https://old.example/v1", base_model="old-1")["subject"]  # fmt: skip
    system.send("ModelRevised", "--subject", "support", provider=ending)
    theo = people.sign_in(system, "theo")
    opened(system, theo, "/providers")
    mara = people.sign_in(system, "mara")
    opened(system, mara, f"/providers/{ending}")
    mara.get_by_text("When the base model ends").click()
    end = _today() + timedelta(days=40)
    mara.get_by_label("Shut down on").fill(end.isoformat())
    mara.get_by_role("button", name="Save").click()
    told = mara.get_by_role("heading", name=re.compile(r"in \d+ days")).inner_text()
    assert _days(told) in range((end - _today()).days, 41)  # 40, unless a day has just ended

    row = theo.get_by_role("row").filter(has_text="Old times")
    told = row.locator("td").get_by_text(re.compile(r"Ends in \d+ days")).inner_text()
    assert _days(told) in range((end - _today()).days, 41)
    assert theo.get_by_role("link", name="Recompile elsewhere").count() == 0, "an administrator does that"
    system.send("ModelRevised", "--subject", "support", provider="embedded")


def test_everything_is_compiled_at_a_provider_with_what_moves_there(system: System, people: People) -> None:
    grounded = system.send("ProviderRegistered", name="Grounded here", provider_kind="embedded",
                           base_model="embedded-retrieval-1", target="grounded")["subject"]  # fmt: skip
    mara = people.sign_in(system, "mara")
    opened(system, mara, f"/providers/{grounded}")
    mara.get_by_role("checkbox", name="Embedded").check()
    mara.get_by_role("button", name="Recompile everything").click()
    mara.wait_for_url("**/compilations")

    rows = mara.locator("#list tbody tr")
    rows.filter(has_text="Rowan & Vale Assistant v1").get_by_text("answers").wait_for(timeout=30_000)
    mara.goto(system.endpoint["http"] + f"/providers/{grounded}")
    built = mara.get_by_role("region", name="Models built here")
    assert built.get_by_role("link").count() == 4


def test_a_retired_provider_can_only_be_looked_at(system: System, people: People) -> None:
    id = system.send("ProviderRegistered", name="Trial", provider_kind="openai_compatible",
                     base_url="https://trial.example/v1", base_model="t-1")["subject"]  # fmt: skip
    mara = people.sign_in(system, "mara")
    opened(system, mara, f"/providers/{id}")
    mara.get_by_role("checkbox", name="Yes, retire it for good").check()
    mara.get_by_role("button", name="Retire Trial").click()
    mara.get_by_text("retired", exact=True).wait_for()
    assert mara.get_by_role("button", name="Save").count() == 0


def test_members_see_no_providers_and_trainers_change_none(system: System, people: People) -> None:
    ines, theo = people.sign_in(system, "ines"), people.sign_in(system, "theo")
    at, headers = system.endpoint["http"], {"sec-fetch-site": "same-origin"}
    for path in ("/providers", "/providers/embedded"):
        assert ines.request.get(at + path).status == 403
        assert theo.request.get(at + path).status == 200
    form = {"id": "x1", "kind": "embedded", "name": "X", "base_model": "m", "target": "grounded"}
    for path in ("/providers", "/providers/embedded", "/providers/embedded/retire", "/providers/embedded/recompile"):
        assert theo.request.post(at + path, form=form, headers=headers).status == 403
    assert ines.request.post(at + "/providers/embedded/check", headers=headers).status == 403


def _today() -> date:
    return datetime.now(UTC).date()


def _days(told: str) -> int:
    (days,) = re.findall(r"in (\d+) days", told)
    return int(days)


def _registered(system: System) -> list[dict[str, object]]:
    rows = system.cli("history", "--json", "--limit", "1000").rows
    return [one["data"] for one in rows if one["fact"] == "ProviderRegistered"]
