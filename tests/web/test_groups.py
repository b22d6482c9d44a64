"""Groups: who is in them, what they show, and what is unread, in real browsers on a whole system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System
from tests.web.chatting import composer, menu, opened, say

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("groups") / "home").start()
    yield system
    assert system.stop() == 0, system.said


def test_who_reads_further_up_stays_there_and_is_told_what_is_new(system: System, people: People) -> None:
    mara, theo = (opened(system, people.sign_in(system, one)) for one in ("mara", "theo"))
    lines = [{"group": "marketing-team", "text": f"Line {number}\n\nof many"} for number in range(70)]
    system.send_all([{"fact": "MessagePosted", "actor": "person:theo", "data": line} for line in lines])
    mara.locator("#messages").get_by_text("Line 69").wait_for()
    thread = mara.get_by_role("region", name="Messages")
    thread.evaluate("one => { one.scrollTop = -1200 }")
    top = (
        mara.locator("#messages article").filter(has_text="Line 50").evaluate("one => one.getBoundingClientRect().top")
    )

    say(theo, "Something new")

    down = mara.get_by_role("button", name="1 new")
    down.wait_for()
    now = (
        mara.locator("#messages article").filter(has_text="Line 50").evaluate("one => one.getBoundingClientRect().top")
    )
    assert abs(now - top) < 1
    down.click()
    expect(down).to_be_hidden()
    expect(mara.locator("#messages article").last).to_be_in_viewport()

    # the page anew shows the last ones; those before come when they are scrolled to
    opened(system, mara)
    expect(mara.locator("#messages")).not_to_contain_text("The photos of the autumn glaze")
    mara.get_by_role("link", name="Earlier messages").scroll_into_view_if_needed()
    expect(mara.locator("#messages")).to_contain_text("The photos of the autumn glaze")


def test_a_group_begins_with_what_can_be_done_there(system: System, people: People) -> None:
    ines = people.sign_in(system, "ines")
    beginnings = []
    for member in ("AI Marketing Assistant", "Theo Vale"):
        ines.goto(f"{system.endpoint['http']}/groups/new")
        ines.get_by_label("Name").fill(f"With {member}")
        ines.get_by_role("checkbox", name=member).check()
        ines.get_by_role("button", name="Create group").click()
        until_live(ines)
        beginnings.append(ines.locator("#beginning").inner_text())

    assert beginnings[0].startswith("Write @AI Marketing Assistant and a question, and it answers here.")
    assert beginnings[1].startswith("No assistant is in this group yet")


def test_a_found_message_is_shown_among_its_neighbours(system: System, people: People) -> None:
    ines = opened(system, people.sign_in(system, "ines"))
    ines.get_by_role("link", name="Search in this group").click()
    ines.get_by_label("Text to look for").fill("autumn GLAZE")
    ines.get_by_role("button", name="Search").click()
    expect(ines.locator("mark")).to_have_text("autumn glaze")

    ines.get_by_role("link", name=re.compile("autumn glaze")).click()

    expect(ines.locator("#messages article").filter(has_text="autumn glaze")).to_be_focused()
    expect(ines.locator("#messages")).to_contain_text("I will write the newsletter text")


def test_a_group_begins_gains_and_loses_members(system: System, people: People) -> None:
    theo = opened(system, people.sign_in(system, "theo"))
    jonas = people.sign_in(system, "jonas")
    theo.get_by_role("link", name="New group or chat").click()
    dialog = theo.get_by_role("dialog", name="New group or chat")
    dialog.get_by_label("Name").fill("Kiln <b>floor</b>")
    dialog.get_by_label("Topic").fill("Firing times")
    dialog.get_by_label("Ines Calder").check()
    dialog.get_by_role("button", name="Create group").click()
    expect(theo.get_by_role("heading", name="Kiln <b>floor</b>")).to_be_visible()
    expect(theo.locator("header.top")).to_contain_text("Firing times")

    # a newcomer finds it in the sidebar at once, and the thread says who came
    until_live(theo)
    theo.get_by_role("button", name="Group menu").click()
    theo.get_by_role("menuitem", name="Members").click()
    members = theo.get_by_role("dialog")
    members.get_by_label("Add").select_option(label="Jonas Brandt")
    members.get_by_role("button", name="Add").click()
    expect(theo.locator("#messages")).to_contain_text("Theo Vale added Jonas Brandt")
    jonas.get_by_role("link", name="Kiln <b>floor</b>").click()
    until_live(jonas)

    # who is removed sees nothing of it any more
    members.get_by_role("button", name="Remove Jonas Brandt").click()
    expect(jonas.get_by_text("There is no such group that you are in.")).to_be_visible()
    people.problems.clear()  # the browser logs what it was refused


def test_a_new_name_and_the_end_of_a_group_reach_the_pages_that_are_open(system: System, people: People) -> None:
    mara, theo = (people.sign_in(system, one) for one in ("mara", "theo"))
    opened(system, mara, system.send("GroupCreated", name="Fair", members=["person:mara", "person:theo"])["subject"])
    theo.goto(mara.url)
    until_live(theo)
    composer(theo).fill("Not yet done")

    mara.get_by_role("button", name="Group menu").click()
    mara.get_by_role("menuitem", name="Name, topic, answers").click()
    mara.get_by_label("Name").fill("Spring fair")
    mara.get_by_label("Topic").fill("Who brings what")
    mara.get_by_role("button", name="Save").click()

    expect(theo.get_by_role("heading", name="Spring fair")).to_be_visible()
    expect(theo.locator("header.top")).to_contain_text("Who brings what")
    expect(composer(theo)).to_have_value("Not yet done")

    said = say(theo, "I bring the cups")
    system.send("GroupArchived", "--subject", mara.url.rsplit("/", 1)[1], "--as", "mara")
    expect(theo.get_by_text("This group is archived")).to_be_visible()
    expect(composer(theo)).to_have_count(0)
    expect(menu(theo, said).get_by_role("menuitem", name="Copy text")).to_be_visible()
    expect(theo.get_by_role("menuitem", name="Reply")).to_have_count(0)


def test_strangers_see_nothing_of_a_group_by_page_or_stream(system: System, people: People) -> None:
    jonas = people.sign_in(system, "jonas")
    base = system.endpoint["http"]
    for path in ("/groups/marketing-team", "/groups/marketing-team/messages", "/live?group=marketing-team",
                 "/groups/marketing-team/menu", "/groups/marketing-team/members"):  # fmt: skip
        assert jonas.request.get(base + path).status == 404, path
    message = opened(system, people.sign_in(system, "theo")).locator("#messages article[data-id]").last
    id = message.get_attribute("data-id")
    for path in (f"/messages/{id}", f"/messages/{id}/menu", f"/messages/{id}/reply", f"/groups/support-desk?m={id}"):
        assert jonas.request.get(base + path).status == 404, path
    same = {"origin": base}
    for path, form in (("/groups/marketing-team/messages", {"text": "x"}), (f"/messages/{id}/react", {"reaction": "x"}),
                       (f"/messages/{id}/edit", {"text": "x"}), ("/groups/marketing-team/draft", {"text": "x"}),
                       ("/groups/marketing-team/read", {"position": "1"})):  # fmt: skip
        answer = jonas.request.post(base + path, form=form, headers=same)  # type: ignore[arg-type]
        assert answer.status in (403, 404), path


def test_unread_groups_are_counted_while_one_looks_elsewhere(system: System, people: People) -> None:
    mara, theo = opened(system, people.sign_in(system, "mara"), "support-desk"), people.sign_in(system, "theo")
    other = mara.get_by_role("link", name=re.compile("^Marketing"))
    opened(system, mara)
    opened(system, mara, "support-desk")
    expect(other).to_have_text("Marketing")

    opened(system, theo)
    say(theo, "Are you there, @Mara Rowan?")

    expect(other).to_contain_text("@ 1")
    mara.goto(system.endpoint["http"] + "/")
    assert mara.url.endswith("/groups/marketing-team")
    expect(other).not_to_contain_text("@ 1")
