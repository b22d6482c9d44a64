"""A model's settings, its archive and who watches it, in a real browser on a whole system."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, opened
from tests.fixtures.system import System

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    yield system
    assert system.stop() == 0


def test_settings_say_what_they_would_do_before_they_are_saved(system: System, people: People, scratch: str) -> None:
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}/settings")
    effects = page.get_by_role("region", name="What your change does")

    page.get_by_label("Parent").select_option("None")
    expect(effects).to_contain_text(f"Rowan & Vale Assistant no longer takes in lessons of {scratch.title()}")
    expect(page.get_by_role("region", name="Unsaved changes")).to_contain_text("1 change not saved")
    page.get_by_label("Sections, one per line").fill("Secrets")
    expect(effects).to_contain_text("Section Secrets is held back")
    page.get_by_label("From", exact=True).fill("85")
    expect(effects).to_contain_text("There is no validation question yet")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    model = next(one for one in system.ask_json("models") if one["id"] == scratch)
    assert (model["parent"], model["held_back_sections"], model["acceptance"]) == (None, ["Secrets"], 0.85)
    assert "descendants" in page.get_by_text("Its own descendants").inner_text()


def test_settings_that_clash_are_refused_as_a_whole(system: System, people: People, scratch: str) -> None:
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}/settings")

    page.get_by_label("Notes").fill("Written in vain.")
    page.get_by_label("Name", exact=True).fill("AI Support Assistant")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert")).to_contain_text("already")
    model = next(one for one in system.ask_json("models") if one["id"] == scratch)
    assert (model["name"], model["notes"]) == (scratch.title(), "")
    people.problems.clear()  # the browser logs the 422


def test_archiving_says_who_is_affected_and_is_restored(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "mara"), "/models/support/settings")

    page.get_by_role("link", name="Archive…").click()
    dialog = page.get_by_role("dialog", name="Archive AI Support Assistant")
    expect(dialog).to_contain_text("Rowan & Vale Assistant")
    dialog.get_by_role("button", name="Archive it").click()

    expect(page.get_by_text("It is archived: it neither learns")).to_be_visible()
    page.get_by_role("button", name="Restore it").click()
    expect(page.get_by_role("link", name="Archive…")).to_be_visible()


def test_a_model_is_watched_and_no_longer(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models/sales/settings")
    card = page.get_by_role("region", name="Watching")

    card.get_by_role("button", name="Watch: tell me").click()
    expect(card.get_by_role("button", name="Stop watching")).to_be_visible()
    page.reload()
    card.get_by_role("button", name="Stop watching").click()
    expect(card.get_by_role("button", name="Watch: tell me")).to_be_visible()
