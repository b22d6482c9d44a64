"""Notices in a browser: the bell counts by itself, its panel tells what became of what, and one chooses what reaches one."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, listening, opened
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
HOSTILE = '<img src=x onerror=alert(1)> & "Co"'


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    yield system
    assert system.stop() == 0


def test_the_bell_counts_by_itself_and_its_panel_says_what_happened(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara"), "/notices")
    told_before = mara.get_by_role("button", name="Mark all read")
    if told_before.count():
        told_before.click()
        expect(told_before).to_have_count(0)
    opened(system, mara, "/groups/marketing-team")
    mara.get_by_role("link", name="Notices, none new").wait_for()

    system.cli("compile", "sales", "--wait", "--as", "mara")

    mara.get_by_role("link", name="1 new notice").click()
    panel = mara.get_by_role("dialog", name="Notices")
    told = panel.get_by_role("link", name="AI Sales Assistant v1 passed 2 of 3 questions")
    told.wait_for()
    panel.get_by_role("button", name="Mark all read").click()
    panel.get_by_text("Earlier").wait_for()
    mara.get_by_role("link", name="Notices, none new").wait_for(state="attached")

    told.click()
    mara.wait_for_url("**/compilations/*")
    people.problems.clear()


def test_the_panel_closes_by_escape_and_gives_the_focus_back(system: System, people: People) -> None:
    theo = opened(system, people.sign_in(system, "theo"), "/notices")
    bell = theo.locator("#side a[href='/notices']")
    bell.focus()
    theo.keyboard.press("Enter")
    theo.get_by_role("dialog", name="Notices").wait_for()
    assert theo.evaluate("document.querySelector('dialog').contains(document.activeElement)")

    theo.keyboard.press("Escape")

    theo.get_by_role("dialog", name="Notices").wait_for(state="detached")
    assert bell.evaluate("one => one === document.activeElement")


def test_who_watches_a_model_is_told_of_its_versions(system: System, people: People) -> None:
    theo = opened(system, people.sign_in(system, "theo"), "/notices")
    name = "Watch AI Support Assistant"
    theo.get_by_role("button", name=name, pressed=False).click()
    theo.get_by_role("button", name=name, pressed=True).wait_for()
    listening(theo)

    system.cli("compile", "support", "--wait")

    theo.locator("#told").get_by_text("AI Support Assistant v1 passed 3 of 3 questions").wait_for()
    theo.get_by_role("button", name=name).click()
    theo.get_by_role("button", name=name, pressed=False).wait_for()


def test_a_proposer_reads_why_a_lesson_was_declined_as_it_was_written(system: System, people: People) -> None:
    qa = {"model": "sales", "question": "May we barter?", "answer": "Of course."}
    proposed = system.ask_json("send", "QAAdded", json.dumps(qa), "--as", "ines")
    system.ask_json(
        "send", "LessonDeclined", json.dumps({"reason": HOSTILE}), "--subject", proposed["subject"], "--as", "theo"
    )

    ines = opened(system, people.sign_in(system, "ines"), "/notices")

    expect(ines.locator("#told")).to_contain_text(HOSTILE)
    expect(ines.get_by_text("Your lesson for AI Sales Assistant was declined")).to_be_visible()


def test_trainers_read_who_proposes_what_and_what_became_of_it(system: System, people: People) -> None:
    qa = {"model": "sales", "question": "May we lend pieces?", "answer": "For a month."}
    proposed = system.ask_json("send", "QAAdded", json.dumps(qa), "--as", "ines")["subject"]
    theo = opened(system, people.sign_in(system, "theo"), "/notices")
    told = theo.locator("#told").get_by_role("link").filter(has_text="May we lend pieces?")
    expect(told).to_contain_text("Ines Calder proposes a lesson for AI Sales Assistant")
    expect(told).to_contain_text("It waits for a trainer.")

    system.ask_json("approve", proposed)

    expect(told).to_contain_text("It was approved.")


def test_a_base_model_that_ends_is_told_to_administrators_by_name(system: System, people: People) -> None:
    system.send("ProviderRegistered", "--subject", "evil", name=HOSTILE, provider_kind="openai_compatible",
                base_url="https://api.example/v1", base_model="open-1")  # fmt: skip
    owner = opened(system, people.sign_in(system), "/notices")

    system.send("BaseModelRetirementAnnounced", "--subject", "evil", base_model="open-1", retires_on="2099-03-01")

    owner.get_by_text(f"{HOSTILE} ends open-1 on 1 March 2099").wait_for()
