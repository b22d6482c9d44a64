"""My assistant: private conversations with one's own instructions."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("assistant") / "home").start()
    system.send("QAAdded", model="master", question="How many days of leave do I have?", answer="Twenty-five.")
    system.ask_json("compile", "master", "--wait")
    yield system
    assert system.stop() == 0


def begin(page: Page, system: System, text: str) -> str:
    """Say something in a new conversation; its address."""
    page.goto(f"{system.endpoint['http']}/assistant/new")
    page.get_by_label("Message to your assistant").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/new"))
    until_live(page)
    return page.url


def test_the_first_message_begins_a_conversation_and_is_answered(system: System, people: People) -> None:
    ines = people.sign_in(system, "ines")

    begin(ines, system, "How many days of leave do I have?")

    expect(ines.get_by_role("article").last).to_contain_text("Twenty-five.")
    expect(ines.get_by_role("article").last).to_contain_text("answered by v1")
    expect(ines.get_by_role("heading", level=1)).to_have_text("How many days of leave do I have?")
    expect(ines.get_by_text("Only you can see this")).to_be_visible()


def test_it_goes_on_without_a_mention(system: System, people: People) -> None:
    ines = people.sign_in(system, "ines")
    begin(ines, system, "Hello")
    expect(ines.get_by_role("article")).to_have_count(2)
    expect(ines.get_by_role("article").last).to_contain_text("answered by")

    ines.get_by_label("Message to your assistant").fill("How many days of leave do I have?")
    ines.keyboard.press("Enter")

    expect(ines.get_by_role("article").last).to_contain_text("Twenty-five.")


def test_instructions_go_over_to_the_next_conversation(system: System, people: People) -> None:
    jonas = people.sign_in(system, "jonas")
    begin(jonas, system, "First")
    jonas.get_by_label("My instructions").fill("Be brief.")
    jonas.get_by_role("button", name="Save").click()
    expect(jonas.get_by_text("Saved. It counts from your next message on.")).to_be_visible()
    expect(jonas.get_by_label("My instructions")).to_have_value("Be brief.")

    begin(jonas, system, "Second")

    expect(jonas.get_by_label("My instructions")).to_have_value("Be brief.")
    names = jonas.get_by_role("region", name="Conversations").get_by_role("link")
    expect(names).to_have_text(["Second", "First"])


def test_a_conversation_is_renamed_and_put_away(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    begin(theo, system, "Something")
    theo.get_by_text("This conversation", exact=True).click()
    theo.get_by_label("Name").fill("Travel")
    theo.get_by_role("button", name="Rename").click()
    expect(theo.get_by_role("heading", level=1)).to_have_text("Travel")

    theo.get_by_text("This conversation", exact=True).click()
    theo.get_by_role("button", name="Archive").click()

    theo.wait_for_url("**/assistant/new")
    expect(theo.get_by_text("None yet.")).to_be_visible()


def test_a_long_first_message_names_it_by_its_words_and_stays_in_the_panel(system: System, people: People) -> None:
    ines = people.sign_in(system, "ines")
    begin(ines, system, "Please tell me **how many days** of leave there are in all the years that I shall be here")

    name = "Please tell me how many days of leave there are in all the y"
    expect(ines.get_by_role("heading", level=1)).to_have_text(name)
    link = ines.get_by_role("region", name="Conversations").get_by_role("link", name=name)
    assert link.evaluate("one => one.getBoundingClientRect().right <= innerWidth")
    expect(ines.locator("#messages")).not_to_contain_text("created this group")
