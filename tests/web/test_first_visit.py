"""The first visitor: by what is visible on the pages alone, from the link to an assistant that knows better."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
MOST_STEPS = 25
QUESTION = "@AI Marketing Assistant how often do we post on Instagram?"
ANSWER = "Four times a week: product, craft, customer, workshop."


@pytest.fixture
def system(demo_system: System) -> Iterator[System]:
    yield demo_system


class Visitor:
    """Clicks and types, and counts it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps = 0

    def click(self, what: Locator) -> None:
        self.steps += 1
        what.click()

    def type(self, text: str, enter: bool = True) -> None:
        """One run of keystrokes, into what has the focus."""
        self.steps += 1
        self.page.keyboard.insert_text(text)
        if enter:
            self.page.keyboard.press("Enter")


def test_ask_correct_train_compile_and_ask_again(system: System, people: People) -> None:
    page = people.stranger()
    visitor = Visitor(page)
    page.goto(system.ask_json("link")["url"])
    visitor.click(page.get_by_role("button", name="Sign in"))

    # ask
    visitor.click(page.get_by_role("link", name="Marketing"))
    until_live(page)
    box = page.get_by_label("Message to Marketing")
    expect(box).to_be_focused()
    visitor.type(QUESTION)
    answers = page.get_by_role("article", name="AI Marketing Assistant")
    expect(answers.last).to_contain_text("I don't know that yet.")
    expect(answers.last).to_contain_text("answered by")

    # correct
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    visitor.type(f"No. {ANSWER}")
    expect(page.get_by_role("article").last).to_contain_text(ANSWER)

    # train
    visitor.click(answers.last.get_by_role("button", name="More actions"))
    visitor.click(page.get_by_role("menuitem", name="Train AI"))
    until_live(page)
    visitor.click(page.get_by_role("button", name="Show what it will learn"))
    expect(page.get_by_role("textbox", name="Answer")).to_have_value(ANSWER)
    visitor.click(page.get_by_role("button", name="Teach this"))
    page.get_by_text("was taught 1 answer").wait_for()

    # compile
    visitor.click(page.get_by_role("link", name="Models"))
    visitor.click(page.get_by_role("link", name="AI Marketing Assistant"))
    visitor.click(page.get_by_role("button", name="Compile"))
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=30_000)

    # ask again
    visitor.click(page.get_by_role("link", name="Marketing", exact=True))
    until_live(page)
    expect(box).to_be_focused()
    visitor.type(QUESTION)
    expect(answers.last).to_contain_text(ANSWER)
    expect(answers.last).to_contain_text("answered by v1")
    assert visitor.steps <= MOST_STEPS
