"""Signing in and out, in a real browser on a whole system."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    yield system
    assert system.stop() == 0


def test_a_link_signs_in_once(system: System, people: People) -> None:
    link = system.ask_json("link", "theo")["url"]
    theo = people.stranger()
    theo.goto(link)
    theo.get_by_role("button", name="Sign in").click()
    theo.wait_for_url("**/groups/*")
    expect(theo.get_by_text("Theo Vale").first).to_be_visible()

    other = people.stranger()
    assert other.goto(link).status == 410
    assert "was used already" in other.get_by_role("alert").inner_text()
    people.problems.clear()  # the browser logs the 410


def test_what_one_says_the_other_sees_at_once(system: System, people: People) -> None:
    mara, theo = people.sign_in(system, "mara"), people.sign_in(system, "theo")
    for page in (mara, theo):
        page.goto(system.endpoint["http"] + "/groups/marketing-team")
        until_live(page)

    mara.get_by_label("Message to Marketing").fill("Who brings the **glaze**?")
    mara.keyboard.press("Enter")

    said = theo.locator("#messages article").last
    said.get_by_text("Who brings the glaze?").wait_for()
    assert said.locator("strong").inner_text() == "glaze"
    mara.locator("#messages").get_by_text("Who brings the glaze?").wait_for()
    assert mara.get_by_label("Message to Marketing").input_value() == ""
