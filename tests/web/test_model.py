"""One model: its system message, what compiling it would change, its versions, in a real browser on a whole system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, answered_late, opened
from tests.fixtures.system import System

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    system.ask_json("compile", "sales", "--wait")
    yield system
    assert system.stop() == 0


def test_a_first_lesson_of_blanks_is_refused_by_a_sentence(system: System, people: People, scratch: str) -> None:
    page = people.sign_in(system, "theo")
    page.goto(f"{system.endpoint['http']}/models/{scratch}")

    page.get_by_label("When someone asks").fill(" ")
    page.get_by_label("it should answer").fill(" ")
    page.get_by_role("button", name="Teach this").click()

    expect(page.get_by_role("main")).to_contain_text("A lesson needs a question and an answer.")
    people.problems.clear()


@pytest.fixture
def compiled(system: System, scratch: str) -> str:
    """A model of the test's own with a version."""
    system.send("SystemMessageSet", "--subject", scratch, system_message="You help the sales team of Rowan & Vale.")
    system.send("QAAdded", model=scratch, question="What is new?", answer="Everything.")
    system.ask_json("compile", scratch, "--wait")
    return scratch


def test_a_long_system_message_is_warned_of_while_it_is_typed_and_saving_can_be_undone(
    system: System, people: People, scratch: str
) -> None:
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}")
    save = page.get_by_role("button", name="Save")
    expect(save).to_be_disabled()

    page.get_by_label("System message").fill("One. Two. Three. Four. Five. Six. Seven.")
    expect(page.get_by_text("7 sentences, 7 words: too long")).to_be_visible()
    save.click()

    expect(page.get_by_text("Saved; the next version uses it.")).to_be_visible()
    expect(page.get_by_text("Revision 2, saved by Mara Rowan")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("System message")).to_have_value("")


def test_a_newer_system_message_is_shown_beside_instead_of_being_overwritten(
    system: System, people: People, scratch: str
) -> None:
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}")
    page.get_by_label("System message").fill("Be brief.")

    system.send("SystemMessageSet", "--subject", scratch, system_message="Be kind.")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert")).to_contain_text("Be kind.")
    expect(page.get_by_label("System message")).to_have_value("Be brief.")
    page.get_by_role("button", name="Save over it").click()
    expect(page.get_by_text("Saved; the next version uses it.")).to_be_visible()
    people.problems.clear()  # the browser logs the 409


def test_two_revisions_of_a_system_message_are_compared_word_by_word(
    system: System, people: People, compiled: str
) -> None:
    system.send("SystemMessageSet", "--subject", compiled, system_message="You help the trade team of Rowan & Vale.")
    page = opened(system, people.sign_in(system, "theo"), f"/models/{compiled}")

    expect(page.get_by_text("changed since v1")).to_be_visible()
    page.get_by_role("link", name="Compare with v1").click()

    dialog = page.get_by_role("dialog", name="System message: what changed")
    expect(dialog.locator("ins").first).to_have_text("trade")
    expect(dialog.locator("del").first).to_have_text("sales")


def test_preflight_says_what_the_next_version_would_change_and_compile_begins_it(
    system: System, people: People, scratch: str
) -> None:
    system.send("QAAdded", model=scratch, question="Is it there?", answer="Yes.")
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}")
    system.send("QAAdded", model=scratch, question="Is it checked?", answer="Yes.")

    preflight = page.get_by_role("region", name="Preflight")
    expect(preflight.get_by_text("Ready")).to_be_visible()
    with page.expect_request(re.compile(r"/compilations/")):
        preflight.get_by_role("button", name="Compile v1").click()
    people.problems.clear()  # the page of a compilation is another part's


def test_preflight_says_how_long_it_will_take_as_far_as_the_past_tells(
    system: System, people: People, compiled: str
) -> None:
    system.send("ProviderRegistered", "--subject", "untried", name="Untried", provider_kind="embedded",
                base_model="embedded-retrieval-1", base_url=system.endpoint["provider"])  # fmt: skip
    system.send("ModelDefined", "--subject", "newcomer", name="Newcomer", provider="embedded")
    system.send("ModelDefined", "--subject", "pioneer", name="Pioneer", provider="untried")
    page = people.sign_in(system, "theo")
    for model in ("newcomer", "pioneer"):
        system.send("QAAdded", model=model, question="Is it there?", answer="Yes.")
    told = page.get_by_role("region", name="Preflight")

    opened(system, page, f"/models/{compiled}")
    expect(told).to_contain_text(re.compile(r"Time\s*(under )?\d+"))
    expect(told).not_to_contain_text("others")
    opened(system, page, "/models/newcomer")
    expect(told).to_contain_text(re.compile(r"Time\s*(under )?\d.*how long others took at this provider", re.DOTALL))
    opened(system, page, "/models/pioneer")
    expect(told).to_contain_text(re.compile(r"Time\s*no earlier compilation to judge by"))


def test_what_preflight_warns_of_comes_first_and_leads_to_where_it_is_mended(system: System, people: People) -> None:
    system.send("ModelDefined", "--subject", "warned", name="Warned", provider="embedded")
    for answer in ("In spring.", "In autumn."):
        system.send("QAAdded", model="warned", question="When is the fair?", answer=answer)
    page = opened(system, people.sign_in(system, "theo"), "/models/warned")

    first = page.get_by_role("region", name="Preflight").get_by_role("listitem").first
    expect(first).to_contain_text("1 question has several answers; only the winner is learnt.")
    first.get_by_role("link", name="Settle them, or revise the answers.").click()

    expect(page.get_by_role("heading", name="When is the fair?")).to_be_visible()


def test_a_version_is_rolled_back_to_with_one_click(system: System, people: People, compiled: str) -> None:
    system.send("QAAdded", model=compiled, question="What is new in spring?", answer="Ember.")
    system.ask_json("compile", compiled)
    page = opened(system, people.sign_in(system, "mara"), f"/models/{compiled}")
    expect(page.get_by_text("v2 answers now").first).to_be_visible()

    page.get_by_role("button", name="Roll back").click()

    expect(page.locator("#standing").get_by_text("v1 answers now")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#standing").get_by_text("v2 answers now")).to_be_visible()


def test_a_rollback_can_be_undone_also_where_the_page_shows_it_before_it_is_answered(
    system: System, people: People, compiled: str
) -> None:
    system.send("QAAdded", model=compiled, question="What is new in summer?", answer="Tide.")
    system.ask_json("compile", compiled, "--wait")
    page = opened(system, people.sign_in(system, "mara"), f"/models/{compiled}")

    with answered_late(page, "**/version"):
        page.get_by_role("button", name="Roll back").click()
        expect(page.get_by_role("region", name="Versions").get_by_role("button", name="Activate")).to_be_visible()
        expect(page.get_by_role("button", name="Roll back")).to_have_count(0)

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#standing").get_by_text("v2 answers now")).to_be_visible()


def test_a_question_is_tried_and_nothing_is_recorded(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models/sales")
    head = system.ask_json("status")["head"]

    page.get_by_role("link", name="Ask it").click()
    dialog = page.get_by_role("dialog", name="Ask AI Sales Assistant")
    dialog.get_by_label("Question").fill("How long is a quote valid?")
    dialog.get_by_label("Question").press("Enter")

    expect(dialog.locator(".say")).to_contain_text("30 days")
    assert system.ask_json("status")["head"] == head
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Ask it")).to_be_focused()
