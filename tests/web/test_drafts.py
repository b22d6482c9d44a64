"""What was begun and not sent, and what was read: kept for each person, in real browsers on a whole system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.fixtures.browser import People, answered_late
from tests.fixtures.system import System
from tests.web.chatting import composer, opened, say
from tests.web.streams import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("drafts") / "home").start()
    yield system
    assert system.stop() == 0, system.said


def two(system: System, name: str) -> str:
    """A group of Mara and Theo alone, where nobody has written yet; its id."""
    group: str = system.send("GroupCreated", name=name, members=["person:mara", "person:theo"])["subject"]
    return group


def draft(system: System, page: Page, group: str) -> str:
    """What was begun there and not sent, as a page of its person that opens now has it."""
    whole = page.request.get(f"{system.endpoint['http']}/groups/{group}").text()
    found = re.search(r'<textarea id="text"[^>]*>(.*?)</textarea>', whole, re.DOTALL)
    assert found is not None
    return found[1]


def test_a_draft_waits_and_others_see_who_writes(system: System, people: People) -> None:
    group = two(system, "Drafts")
    mara, theo = (opened(system, people.sign_in(system, one), group) for one in ("mara", "theo"))

    with mara.expect_response(lambda one: "Not yet don" in (one.request.post_data or "").replace("+", " ")):
        composer(mara).press_sequentially("Not yet don")

    expect(theo.locator("#typing")).to_have_text("Mara Rowan is writing")
    expect(mara.locator("#typing")).to_be_empty()
    opened(system, mara, "support-desk")
    expect(composer(mara)).to_have_value("")
    opened(system, mara, group)
    expect(composer(mara)).to_have_value("Not yet don")
    say(mara, "Done")
    expect(theo.locator("#typing")).to_be_empty()
    opened(system, mara, group)
    expect(composer(mara)).to_have_value("")


def test_a_draft_that_is_on_its_way_is_there_before_its_message_and_goes_with_it(
    system: System, people: People
) -> None:
    group = two(system, "Glazing")
    mara, theo = (opened(system, people.sign_in(system, one), group) for one in ("mara", "theo"))
    order: list[str] = []
    mara.on("request", lambda one: order.append("said") if one.url.endswith("/messages") else None)
    mara.on("response", lambda one: order.append("kept") if one.url.endswith("/draft") else None)

    # when a message is sent while its draft is
    with answered_late(mara, "**/draft"):
        with mara.expect_request("**/draft"):
            composer(mara).fill("Rims are glazed last.")
        composer(mara).press("Enter")
        expect(composer(mara)).to_have_value("")

    # then whoever sees the message finds no draft of it
    theo.locator("#messages").get_by_text("Rims are glazed last.").wait_for()
    assert order == ["kept", "said"]
    assert draft(system, mara, group) == ""


def test_what_is_refused_stays_a_draft(system: System, people: People) -> None:
    group = two(system, "Refusing")
    mara = opened(system, people.sign_in(system, "mara"), group)
    with mara.expect_response("**/draft"):
        composer(mara).fill("I agree")

    answer = mara.request.post(
        f"{system.endpoint['http']}/groups/{group}/messages",
        form={"text": "I agree", "reply_to": "nothing"},
        headers={"sec-fetch-site": "same-origin"},
    )

    assert answer.status == 404
    assert draft(system, mara, group) == "I agree"


def test_what_one_tab_sends_is_no_draft_in_another_unless_it_was_written_on(system: System, people: People) -> None:
    first = opened(system, people.sign_in(system, "mara"))
    with first.expect_response(lambda one: "Fire at noo" in (one.request.post_data or "").replace("+", " ")):
        composer(first).press_sequentially("Fire at noo")
    second, third = (opened(system, first.context.new_page()) for _ in range(2))
    expect(composer(second)).to_have_value("Fire at noo")
    composer(third).fill("Fire at noo or later")

    composer(first).press("Enter")

    expect(second.get_by_role("article").filter(has_text="Fire at noo")).to_be_visible()
    expect(composer(second)).to_have_value("")
    expect(third.get_by_role("article").filter(has_text="Fire at noo")).to_be_visible()
    expect(composer(third)).to_have_value("Fire at noo or later")
    say(third, "Fire at noon")
    expect(composer(third)).to_have_value("")


def test_what_was_read_is_told_also_when_its_page_is_left_before(system: System, people: People) -> None:
    group = two(system, "Reading")
    mara = people.sign_in(system, "mara")
    position = system.send("MessagePosted", "--as", "theo", group=group, text="Read this and go.")["position"]
    held: list[Route] = []
    mara.route("**/read", lambda route: held.append(route), times=1)
    with mara.expect_request("**/read") as told:
        opened(system, mara, group)
    assert told.value.post_data == f"position={position}"

    mara.goto(f"{system.endpoint['http']}/me")
    held[0].continue_()

    sidebar = f"{system.endpoint['http']}/nav?path=/me"
    until(lambda: f'<a href="/groups/{group}">' in mara.request.get(sidebar).text())  # and not marked as new
