"""Review in a real browser: what waits, deciding on it by mouse and keys, and what its proposer sees of it."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.browser import People, answered_late, before_htmx, late_htmx, until_live
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("review") / "home").start()
    yield system
    assert system.stop() == 0


@pytest.fixture
def empty(system: System) -> System:
    """The company with nothing that waits."""
    for one in system.ask_json("proposals"):
        system.ask_json("decline", one["id"])
    return system


def proposed(system: System, question: str, answer: str, by: str = "ines", **more: Any) -> str:
    """Somebody who may not teach reports a lesson; its id."""
    data = {"model": "support", "question": question, "answer": answer} | more
    found: str = system.ask_json("send", "QAAdded", json.dumps(data), "--as", by)["subject"]
    return found


def lesson(system: System, id: str) -> dict[str, Any]:
    rows = [row for row in system.cli("export", "support", "--format", "jsonl").rows if row.get("question")]
    return next((row for row in rows if row["question"] == id), {})


def review(page: Page, system: System, proposal: str = "") -> None:
    page.goto(f"{system.endpoint['http']}/review" + (f"?p={proposal}" if proposal else ""))
    until_live(page)


def test_what_is_approved_with_edits_is_taught_so_and_the_next_one_is_shown(empty: System, people: People) -> None:
    proposed(empty, "Can Ember go in the oven?", "Yes, to 250 degrees.", section="Care")
    proposed(empty, "Is Tide lead free?", "Yes.")
    theo = people.sign_in(empty, "theo")
    review(theo, empty)

    theo.get_by_role("textbox", name="Answer").fill("Yes, up to 220 degrees.")
    theo.get_by_role("button", name="Approve").click()

    theo.get_by_text("Approved with your edits.").hover()  # so that it stays until it is read
    expect(theo.get_by_role("textbox", name="Question")).to_have_value("Is Tide lead free?")
    taught = lesson(empty, "Can Ember go in the oven?")
    assert (taught["answer"], taught["section"]) == ("Yes, up to 220 degrees.", "Care")

    theo.get_by_role("button", name="Undo").click()
    theo.get_by_text("Taken back").wait_for()
    assert lesson(empty, "Can Ember go in the oven?")["active"] is False


def test_an_approval_is_taken_back_by_a_toast_that_is_closed_before_the_answer(empty: System, people: People) -> None:
    proposed(empty, "Is Coral dishwasher safe?", "Yes.")
    theo = people.sign_in(empty, "theo")
    review(theo, empty)
    theo.get_by_role("button", name="Approve").click()
    toast = theo.locator("[data-toast]").filter(has_text="Approved.")

    with answered_late(theo, "**/undo"):
        toast.get_by_role("button", name="Undo").click()
        toast.get_by_role("button", name="Close").click()
        expect(toast).to_have_count(0)

    theo.get_by_text("Taken back").wait_for()
    assert lesson(empty, "Is Coral dishwasher safe?")["active"] is False


def test_an_approval_is_taken_back_before_the_scripts_are_there(empty: System, people: People) -> None:
    waits = proposed(empty, "Is Coral oven proof?", "Yes.")
    theo = people.sign_in(empty, "theo")
    before_htmx(theo, f"{empty.endpoint['http']}/review?p={waits}")

    theo.get_by_role("button", name="Approve").wait_for()
    late_htmx(theo)
    theo.get_by_role("button", name="Approve").click()
    theo.get_by_role("button", name="Undo").click()

    theo.get_by_text("Taken back").wait_for()
    theo.get_by_text("Nothing waits for you").wait_for()
    assert lesson(empty, "Is Coral oven proof?")["active"] is False


def test_keys_move_approve_and_decline_with_a_reason_that_the_proposer_sees(empty: System, people: People) -> None:
    proposed(empty, "How tall is a tower?", "Tall.")
    proposed(empty, "How deep is a well?", "Deep.")
    theo, ines = people.sign_in(empty, "theo"), people.sign_in(empty, "ines")
    review(theo, empty)
    ines.goto(f"{empty.endpoint['http']}/proposals")
    until_live(ines)
    chosen = theo.get_by_role("textbox", name="Question")

    theo.keyboard.press("j")
    expect(chosen).to_have_value("How deep is a well?")
    theo.keyboard.press("k")
    expect(chosen).to_have_value("How tall is a tower?")
    theo.keyboard.press("d")
    theo.get_by_role("textbox", name="Why?").fill("We build no towers.")
    theo.keyboard.press("Control+Enter")
    expect(chosen).to_have_value("How deep is a well?")
    theo.keyboard.press("a")

    theo.get_by_text("Nothing waits for you").wait_for()
    ines.get_by_text("We build no towers.").wait_for()
    assert lesson(empty, "How deep is a well?")["answer"] == "Deep."
    assert lesson(empty, "How tall is a tower?") == {}


def test_many_are_approved_by_keys_and_only_the_latest_toasts_are_in_the_way(empty: System, people: People) -> None:
    for number in range(5):
        proposed(empty, f"How wide is bowl {number}?", f"{number + 20} cm.")
    theo = people.sign_in(empty, "theo")
    review(theo, empty)
    chosen = theo.get_by_role("textbox", name="Question")

    for number in range(4):
        expect(chosen).to_have_value(f"How wide is bowl {number}?")
        theo.keyboard.press("a")
    expect(chosen).to_have_value("How wide is bowl 4?")

    told = theo.locator("#toasts").get_by_text("Approved.").locator("visible=true")
    assert 1 <= told.count() <= 3
    theo.keyboard.press("Control+z")
    theo.get_by_text("Taken back").wait_for()
    assert lesson(empty, "How wide is bowl 3?")["active"] is False


def test_a_change_is_shown_beside_the_lesson_as_it_is(empty: System, people: People) -> None:
    known = empty.send("QAAdded", model="support", question="When do we close?", answer="At six in the evening.")
    change = json.dumps({"answer": "At seven in the evening."})
    empty.ask_json("send", "QARevised", change, "--subject", known["subject"], "--as", "jonas")
    theo = people.sign_in(empty, "theo")
    review(theo, empty)

    would = theo.get_by_role("region", name="What it would change")
    expect(would.locator("del")).to_have_text("six")
    expect(would.locator("ins")).to_have_text("seven")
    theo.get_by_role("button", name="Approve").click()
    theo.get_by_text("Approved.").hover()  # so that it stays until it is read
    assert lesson(empty, "When do we close?")["answer"] == "At seven in the evening."

    theo.get_by_role("button", name="Undo").click()
    theo.get_by_text("Taken back").wait_for()
    assert lesson(empty, "When do we close?")["answer"] == "At six in the evening."


def test_the_learnt_answer_of_a_conversation_can_be_edited(empty: System, people: People) -> None:
    turns = [
        {"role": "user", "content": "Do we ship on Sundays?", "author": "person:ines"},
        {"role": "assistant", "content": "Yes.", "learn": False},
        {"role": "user", "content": "No, never.", "author": "person:ines"},
        {"role": "assistant", "content": "No."},
    ]
    data = {"model": "support", "messages": turns, "train_as": "exchange"}
    proposal = empty.ask_json("send", "ConversationTrained", json.dumps(data), "--as", "ines")["subject"]
    theo = people.sign_in(empty, "theo")
    review(theo, empty)

    expect(theo.get_by_role("main")).to_contain_text("No, never.")
    theo.get_by_role("textbox", name="Answer that is learnt").fill("No, we never ship on Sundays.")
    theo.get_by_role("button", name="Approve").click()

    theo.get_by_text("Approved with your edits.").wait_for()
    rows = empty.cli("export", "support", "--format", "jsonl").rows
    learnt = [row["messages"] for row in rows if row.get("messages")][-1]
    assert [turn["content"] for turn in learnt] == [
        "Do we ship on Sundays?",
        "Yes.",
        "No, never.",
        "No, we never ship on Sundays.",
    ]
    assert learnt[-1]["edited_by"] == "person:theo"
    assert empty.ask_json("proposals", "--all")[-1]["id"] == proposal


def test_what_is_proposed_meanwhile_appears_and_what_is_typed_stays(empty: System, people: People) -> None:
    first = proposed(empty, "Who paints?", "Ann.")
    theo = people.sign_in(empty, "theo")
    review(theo, empty)
    theo.get_by_role("textbox", name="Answer").fill("Ann and Bo.")

    proposed(empty, "Who glazes?", "Bo.")
    theo.get_by_role("navigation", name="Proposed lessons").get_by_text("Who glazes?").wait_for()
    expect(theo.get_by_role("textbox", name="Answer")).to_have_value("Ann and Bo.")

    empty.ask_json("approve", first)
    expect(theo.locator("#chosen-state")).to_have_text("Approved")
    theo.get_by_role("button", name="Approve").click()
    expect(theo.get_by_role("alert")).to_contain_text("It was changed since you saw it")
    people.problems.clear()  # the browser logs the 409


def test_conflicts_and_personal_data_are_named_in_the_queue(empty: System, people: People) -> None:
    empty.send("QAAdded", model="support", question="What is a mug?", answer="A cup with a handle.")
    proposed(empty, "What is a mug?", "A bowl.")
    proposed(empty, "Who helps?", "Write to ann@example.com.")
    theo = people.sign_in(empty, "theo")
    review(theo, empty)

    queue = theo.get_by_role("navigation", name="Proposed lessons")
    expect(queue.get_by_role("link").nth(0)).to_contain_text("Another answer is taught")
    expect(queue.get_by_role("link").nth(1)).to_contain_text("Personal data")
    expect(theo.get_by_role("region", name="What it resembles").locator("ins")).to_contain_text("bowl")


def test_a_proposer_takes_a_proposal_back(empty: System, people: People) -> None:
    proposed(empty, "Is this a mistake?", "Yes.")
    ines = people.sign_in(empty, "ines")
    ines.goto(f"{empty.endpoint['http']}/proposals")

    ines.get_by_role("button", name="Withdraw").first.click()

    expect(ines.get_by_role("article").first).to_contain_text("Withdrawn")
    assert empty.ask_json("proposals") == []


@pytest.mark.parametrize("path", ["/review", "/review/any/decline", "/review/any/nearest"])
def test_members_have_no_review(system: System, people: People, path: str) -> None:
    ines = people.sign_in(system, "ines")
    answer = ines.goto(system.endpoint["http"] + path)

    assert answer is not None
    assert answer.status == 403
    people.problems.clear()  # the browser logs the 403


def test_auditors_see_what_waits_and_decide_nothing(empty: System, people: People) -> None:
    id = proposed(empty, "May auditors decide?", "No.")
    ruth = people.sign_in(empty, "ruth")
    review(ruth, empty)

    expect(ruth.get_by_role("main")).to_contain_text("May auditors decide?")
    assert ruth.get_by_role("button", name="Approve").count() == 0
    form = {"id": "x1", "revision": "1", "question": "q", "answer": "a"}
    refused = ruth.request.post(
        f"{empty.endpoint['http']}/review/{id}/approve", form=form, headers={"origin": empty.endpoint["http"]}
    )
    assert refused.status == 403


def test_a_proposer_reads_the_lesson_that_was_approved_and_nothing_else_of_the_studio(
    empty: System, people: People
) -> None:
    id = proposed(empty, "May a raku bowl hold soup?", "Yes.")
    empty.ask_json("approve", id, "--answer", "No, it is **porous**.")
    ines, base = people.sign_in(empty, "ines"), empty.endpoint["http"]
    ines.goto(f"{base}/proposals")
    ines.locator(f"#p-{id}").get_by_role("link", name="Open the lesson").click()
    main = ines.get_by_role("main")
    expect(main.get_by_role("heading", name="May a raku bowl hold soup?")).to_be_visible()
    expect(main.get_by_text("No, it is porous.")).to_be_visible()
    until_live(ines)

    empty.send("QARevised", "--subject", id, answer="No, it drinks the soup.")
    expect(main.get_by_text("No, it drinks the soup.")).to_be_visible()
    empty.send("QADeactivated", "--subject", id)
    expect(main.get_by_text("Inactive")).to_be_visible()

    assert main.get_by_role("button").filter(visible=True).count() == 0
    links = [one.get_attribute("href") for one in main.get_by_role("link").all()]
    assert links == ["/proposals"]
    assert [ines.request.get(f"{base}{path}").status for path in (f"/lessons/{id}/edit", "/models/support")] == [
        403
    ] * 2
    jonas = people.sign_in(empty, "jonas")
    assert jonas.request.get(f"{base}/lessons/{id}").status == 403
