"""Train AI in a real browser: pick, see exactly what will be learnt, teach, undo."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.browser import People, before_htmx, until_live
from tests.fixtures.system import System
from tests.web.chatting import opened

pytestmark = pytest.mark.slow
WRONG = "Twice a month."
RIGHT = "Every Thursday at ten, never on holidays."


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The demo company; its marketing assistant answers one question wrongly."""
    system = System(tmp_path_factory.mktemp("train") / "home").start()
    system.send("QAAdded", model="marketing", question="When does the newsletter go out?", answer=WRONG)
    system.ask_json("compile", "marketing", "--wait")
    yield system
    assert system.stop() == 0


def ask_and_correct(page: Page, system: System) -> None:
    """Ask, get the wrong answer, correct it."""
    page.goto(f"{system.endpoint['http']}/groups/marketing-team")
    until_live(page)
    answers, box = page.locator("#messages article[data-answer]"), page.get_by_label("Message to Marketing")
    before = answers.count()
    box.fill("@AI Marketing Assistant when does the newsletter go out?")
    box.press("Enter")
    expect(answers).to_have_count(before + 1)
    expect(answers.last).to_contain_text(WRONG)
    expect(box).to_have_value("")
    box.fill(f"No, that's wrong. {RIGHT}")
    box.press("Enter")
    expect(page.locator("#messages article").last).to_contain_text(RIGHT)


def answer_id(page: Page) -> str:
    found = page.locator("#messages article[data-answer]").last.get_attribute("data-id")
    assert found is not None
    return found


def training_lines(system: System) -> list[dict[str, object]]:
    """The examples that the marketing model learns now."""
    file = system.home / "now.jsonl"
    system.ask_json("training-set", "marketing", "-o", str(file))
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_what_the_preview_shows_is_what_is_learnt_and_undo_takes_it_back(system: System, people: People) -> None:
    # given a wrong answer that was corrected
    theo = people.sign_in(system, "theo")
    ask_and_correct(theo, system)
    before = training_lines(system)

    # when it is picked
    theo.goto(f"{system.endpoint['http']}/groups/marketing-team/train/{answer_id(theo)}")
    ticks = theo.locator("[name=pick]:checked")
    expect(theo.locator("[data-count]")).to_have_text(f"{ticks.count()} messages picked")
    assert ticks.count() == 3
    theo.get_by_role("button", name="Show what it will learn").click()
    sheet = theo.get_by_role("dialog")
    expect(sheet.get_by_role("textbox", name="Answer")).to_have_value(RIGHT)
    expect(sheet.get_by_text("It was corrected, so it is never learnt.")).to_be_visible()
    theo.keyboard.press("Control+Enter")

    # then exactly this is learnt: straight and as an exchange
    theo.get_by_text("was taught 1 answer from 3 messages").hover()  # so that it stays until it is read
    learnt = [line for line in training_lines(system) if line not in before]
    assert [[turn["content"] for turn in line["messages"][1:]] for line in learnt] == [  # type: ignore[index]
        ["when does the newsletter go out?", RIGHT],
        ["when does the newsletter go out?", WRONG, f"No, that's wrong. {RIGHT}", RIGHT],
    ]

    # and can be taken back
    theo.get_by_role("button", name="Undo").click()
    theo.get_by_text("Taken back").wait_for()
    assert training_lines(system) == before


def test_who_is_quicker_than_the_scripts_sees_the_same_preview_and_teaches(system: System, people: People) -> None:
    # given a page whose scripts aren't there yet
    theo = people.sign_in(system, "theo")
    ask_and_correct(theo, system)
    before, answer = training_lines(system), answer_id(theo)
    before_htmx(theo, f"{system.endpoint['http']}/groups/marketing-team/train/{answer}")
    picked = theo.locator("[data-count]").inner_text()

    # when what it will learn is asked for
    theo.get_by_role("button", name="Show what it will learn").click()

    # then it is shown over the same ticks
    sheet = theo.get_by_role("dialog")
    expect(sheet.get_by_role("textbox", name="Answer")).to_have_value(RIGHT)
    sheet.get_by_role("button", name="Back").click()
    expect(sheet).to_have_count(0)
    expect(theo.locator("[data-count]")).to_have_text(picked)
    assert theo.locator("[name=pick]:checked").count() == int(picked.split()[0])
    theo.get_by_role("button", name="Show what it will learn").click()

    # and can be taught
    theo.get_by_role("button", name="Teach this").click()
    theo.get_by_text("was taught 1 answer from").hover()
    assert training_lines(system) != before
    theo.get_by_role("button", name="Undo").click()
    theo.get_by_text("Taken back").wait_for()
    assert training_lines(system) == before


def test_why_an_answer_was_given_leads_to_it_where_the_scripts_are_not_there_yet(
    system: System, people: People
) -> None:
    theo = people.sign_in(system, "theo")
    ask_and_correct(theo, system)
    answer = answer_id(theo)
    before_htmx(theo, f"{system.endpoint['http']}/groups/marketing-team")

    theo.get_by_role("link", name="Why this answer?").last.click()

    theo.wait_for_url(f"**/groups/marketing-team?m={answer}")
    expect(theo.get_by_label("Message to Marketing")).to_be_visible()


def test_the_count_is_the_number_of_ticks_by_keyboard_too(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    ask_and_correct(theo, system)
    answer = answer_id(theo)
    theo.goto(f"{system.endpoint['http']}/groups/marketing-team/train/{answer}")
    number = theo.locator("[name=pick]:checked").count()
    expect(theo.locator(f"[name=pick][value='{answer}']")).to_be_focused()

    theo.keyboard.press("ArrowUp")
    theo.keyboard.press("Space")
    expect(theo.locator("[data-count]")).to_have_text(f"{number - 1} messages picked")
    theo.get_by_role("button", name="Clear").click()
    expect(theo.locator("[data-count]")).to_have_text("0 messages picked")
    theo.get_by_role("button", name="Show what it will learn").click()
    expect(theo.get_by_role("dialog")).to_contain_text("Nothing can be learnt from these messages")
    theo.keyboard.press("Escape")
    theo.keyboard.press("Escape")
    theo.wait_for_url("**/groups/marketing-team?m=*")


def test_who_may_not_teach_proposes_and_a_trainer_decides(system: System, people: People) -> None:
    ines, mara = (people.sign_in(system, one) for one in ("ines", "mara"))
    ask_and_correct(ines, system)
    opened(system, mara)
    before = training_lines(system)

    ines.goto(f"{system.endpoint['http']}/groups/marketing-team/train/{answer_id(ines)}")
    ines.get_by_role("button", name="Show what it will learn").click()
    ines.get_by_role("textbox", name="Answer").fill("On Thursdays.")
    ines.get_by_role("button", name="Propose this").click()
    ines.get_by_text("A trainer decides.").wait_for()

    assert training_lines(system) == before
    proposal = system.ask_json("proposals")[-1]
    assert proposal["content"]["messages"][-1]["content"] == "On Thursdays."
    assert proposal["content"]["messages"][-1]["edited_by"] == "person:ines"

    # the messages say so to everybody who looks, and lead to where it is decided, or waits
    for page, place in ((mara, f"/review?p={proposal['id']}"), (ines, f"/proposals#p-{proposal['id']}")):
        page.get_by_role("link", name="Proposed by Ines Calder").last.click()
        page.wait_for_url(f"**{place}")


def test_what_was_taught_is_a_badge_for_everybody_until_it_is_taken_back(system: System, people: People) -> None:
    theo, mara = (people.sign_in(system, one) for one in ("theo", "mara"))
    ask_and_correct(theo, system)
    opened(system, mara)
    badges = mara.get_by_role("link", name="Taught by Theo Vale")
    already = badges.count()

    theo.goto(f"{system.endpoint['http']}/groups/marketing-team/train/{answer_id(theo)}")
    number = theo.locator("[name=pick]:checked").count()
    theo.get_by_role("button", name="Show what it will learn").click()
    theo.get_by_role("button", name="Teach this").click()
    theo.get_by_text("was taught 1 answer from").hover()  # so that it stays
    expect(badges).to_have_count(already + number)

    # taking the question back, its author is told that this undoes nothing
    tab, asked = opened(system, theo.context.new_page()), list[str]()
    tab.once("dialog", lambda one: (asked.append(one.message), one.dismiss()))
    tab.locator('#messages article[data-author="person:theo"]').filter(has_text="when does").last.click(button="right")
    with tab.expect_event("dialog"):
        tab.get_by_role("menuitem", name="Delete").click()
    assert "What was taught from it stays taught." in asked[0]

    theo.get_by_role("button", name="Undo").click()
    theo.get_by_text("Taken back").wait_for()
    expect(badges).to_have_count(already)


def test_strangers_to_a_group_can_not_teach_from_it(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    ask_and_correct(theo, system)
    path = f"/groups/marketing-team/train/{answer_id(theo)}"

    jonas = people.sign_in(system, "jonas")
    answer = jonas.goto(system.endpoint["http"] + path)
    assert answer is not None
    assert answer.status == 404
    people.problems.clear()  # the browser logs the 404
