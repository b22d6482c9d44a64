"""What tests of the chat do and look for on a group's page."""

import re

from playwright.sync_api import Locator, Page

from tests.fixtures.browser import until_live
from tests.fixtures.system import System

ASKING = "/v1/chat/completions"
BOT = "@AI Marketing Assistant"


def opened(system: System, page: Page, group: str = "marketing-team") -> Page:
    """The group's page with its stream."""
    page.goto(f"{system.endpoint['http']}/groups/{group}")
    until_live(page)
    return page


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name=re.compile("^Message to "))


def say(page: Page, text: str) -> Locator:
    """Say it; the message as it then stands in the thread."""
    composer(page).fill(text)
    composer(page).press("Enter")
    said = page.locator("#messages article[data-id]:not([data-answer])")
    said = said.filter(has_text=text.removeprefix(BOT).strip()).last
    return page.locator(f'[id="m-{said.get_attribute("data-id")}"]')


def answer_to(page: Page, said: Locator) -> Locator:
    """The assistant's answer to what was said, on this page."""
    return page.locator(f'article[data-question="{said.get_attribute("data-id")}"]')


def menu(page: Page, message: Locator) -> Locator:
    """The message's menu, opened by the right mouse button."""
    message.click(button="right")
    return page.get_by_role("menu")
