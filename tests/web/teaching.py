"""Lessons that tests teach, and where they find them in the table."""

from playwright.sync_api import Locator, Page

from tests.fixtures.system import System


def taught(system: System, question: str, answer: str = "Yes.", model: str = "desk", **given: str) -> str:
    """A QA's id."""
    subject: str = system.send("QAAdded", model=model, question=question, answer=answer, **given)["subject"]
    return subject


def row(page: Page, id: str) -> Locator:
    return page.locator(f"#l-{id}")
