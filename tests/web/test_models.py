"""The list of models, and who may see and change them, in a real browser on a whole system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.browser import People, opened
from tests.fixtures.system import System

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    system.ask_json("compile", "sales", "--wait")
    yield system
    assert system.stop() == 0


def row(page: Page, name: str) -> str:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True)).inner_text()


def test_the_tree_tells_what_each_model_takes_and_what_waits(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models")

    assert re.search(r"14\s+0\s+v1.*Up to date", row(page, "AI Sales Assistant"), re.S)
    assert re.search(r"Base model.*\d+ waiting", row(page, "AI Support Assistant"), re.S)
    page.get_by_role("link", name="Lessons waiting").click()
    expect(page).to_have_url(re.compile(r"show=waiting"))
    expect(page.get_by_role("link", name="AI Sales Assistant", exact=True)).to_have_count(0)


def test_a_folded_model_hides_what_stands_below_it(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models")

    page.get_by_role("button", name="Fold Rowan & Vale Assistant").click()

    expect(page.get_by_role("link", name="AI Sales Assistant", exact=True)).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Unfold Rowan & Vale Assistant").click()
    expect(page.get_by_role("link", name="AI Sales Assistant", exact=True)).to_have_count(1)


def test_every_level_of_the_tree_stands_further_in(system: System, people: People) -> None:
    above = "sales"
    for name in ("Retail", "Shops", "Ghent"):
        system.send("ModelDefined", "--subject", name.lower(), name=name, parent=above)
        above = name.lower()
    page = opened(system, people.sign_in(system, "theo"), "/models")

    boxes = [page.get_by_role("link", name=name, exact=True).bounding_box() for name in ("Retail", "Shops", "Ghent")]
    lefts = [box["x"] for box in boxes if box is not None]
    assert lefts == sorted(set(lefts))
    assert len(lefts) == 3


def test_the_tree_shows_at_once_what_others_teach(system: System, people: People, scratch: str) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models")

    system.send("QAAdded", model=scratch, question="What is new?", answer="Everything.")

    expect(page.locator(f"#b-{scratch}")).to_contain_text("1 waiting")


def test_an_administrator_makes_a_model_in_a_dialog(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "mara"), "/models")

    page.get_by_role("link", name="New model").click()
    dialog = page.get_by_role("dialog", name="New model")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    dialog.get_by_label("Name", exact=True).fill("AI Sales Assistant")
    dialog.get_by_role("button", name="Make it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("already")
    dialog.get_by_label("Name", exact=True).fill("AI Logistics Assistant")
    dialog.get_by_role("button", name="Make it").click()

    expect(page.get_by_role("heading", name="Teach it the first thing it should know")).to_be_visible()
    people.problems.clear()  # the browser logs the 422


def test_a_base_model_that_ends_is_told_with_the_way_out(system: System, people: People) -> None:
    system.send(
        "ProviderRegistered", "--subject", "old", name="Old", provider_kind="embedded", base_model="embedded-retrieval-1",
        base_url=system.endpoint["provider"], retires_on="2020-01-31",
    )  # fmt: skip
    system.send("ModelDefined", "--subject", "ending", name="Ending", provider="old")
    page = opened(system, people.sign_in(system, "mara"), "/models?show=attention")

    assert "Base model is gone" in row(page, "Ending")
    opened(system, page, "/models/ending")
    expect(page.get_by_text("Base model is gone")).to_be_visible()


@pytest.mark.parametrize("path", ["/models", "/models/sales", "/models/sales/settings", "/models/sales/lessons"])
def test_members_are_told_that_it_is_not_for_them(system: System, people: People, path: str) -> None:
    page = people.sign_in(system, "ines")

    answer = page.goto(system.endpoint["http"] + path)

    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", name="Not for you")).to_be_visible()
    people.problems.clear()  # the browser logs the 403


@pytest.mark.parametrize("path", ["/models", "/models/sales", "/models/sales/settings", "/models/sales/lessons"])
def test_auditors_see_everything_and_no_way_to_change_it(system: System, people: People, path: str) -> None:
    page = opened(system, people.sign_in(system, "ruth"), path)

    main = page.get_by_role("main")
    for word in ("Save", "Deactivate", "Roll back", "Activate", "Compile", "Archive", "Make it", "Teach this"):
        assert main.get_by_role("button", name=re.compile(word)).count() == 0
    for word in ("New model", "Add lesson", "Import", "Archive"):
        assert main.get_by_role("link", name=re.compile(word)).count() == 0
    assert main.locator("textarea:not([readonly]):enabled").count() == 0


@pytest.mark.parametrize("who", ["theo", "ruth"])
def test_what_a_page_hides_is_refused_to_its_forms_too(system: System, people: People, who: str) -> None:
    page = people.sign_in(system, who)
    base = system.endpoint["http"]

    for path, form in [
        ("/models", {"id": "x1", "name": "Mine"}), ("/models/sales/compile", {"id": "x2"}),
        ("/models/sales/version", {"id": "x3", "version": "1"}), ("/models/sales/archive", {"id": "x4"}),
        ("/models/sales/system-message", {"id": "x5", "revision": "1", "system_message": "Mine."}),
    ]:  # fmt: skip
        answer = page.request.post(base + path, form=form, headers={"origin": base})
        assert (path, answer.status) == (path, 403)
