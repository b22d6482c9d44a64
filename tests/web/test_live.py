"""The live stream when something goes away: the bus, the system, a tab, a session, a membership."""

import os
import re
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, expect

from services.web.live.rooms import KEPT
from tests.fixtures.browser import People, until_live
from tests.fixtures.ports import free_port
from tests.fixtures.system import System
from tests.web.streams import figure, until

pytestmark = pytest.mark.slow
GROUP = "marketing-team"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """On a port that stays its own when it is started again."""
    system = System(tmp_path_factory.mktemp("live") / "home", "--port", str(free_port())).start()
    yield system
    assert system.stop() == 0, system.said


def opened(system: System, page: Page, path: str = f"/groups/{GROUP}") -> Page:
    page.goto(system.endpoint["http"] + path)
    until_live(page)
    return page


def said(system: System, *texts: str, by: str = "theo") -> None:
    """Said elsewhere, not by the page that is looked at."""
    for text in texts:
        system.send("MessagePosted", "--as", by, group=GROUP, text=text)


def many(system: System, *texts: str) -> None:
    """All said at once."""
    lines = [{"group": GROUP, "text": text} for text in texts]
    system.send_all([{"fact": "MessagePosted", "actor": "person:theo", "data": line} for line in lines])


def thread(page: Page, beginning: str) -> list[str]:
    """What stands in the thread and begins so, in order."""
    texts = page.locator("#messages article .say").all_inner_texts()
    return [text for text in texts if text.startswith(beginning)]


def test_a_page_tells_what_was_said_while_the_bus_was_away_once_and_in_order(system: System, people: People) -> None:
    # given an open group
    mara = opened(system, people.sign_in(system, "mara"))
    said(system, "Kiln one")
    mara.get_by_text("Kiln one").wait_for()

    # when the bus is killed, comes back, and somebody speaks at once
    os.kill(int((system.home / "nats" / "server.pid").read_text(encoding="utf-8")), signal.SIGKILL)
    until(lambda: system.cli("status").code == 0)
    said(system, "Kiln two", "Kiln three")

    # then it is all there
    mara.get_by_text("Kiln three").wait_for()
    told = mara.locator("#messages article .say").filter(has_text=re.compile("^Kiln"))
    expect(told).to_have_text(["Kiln one", "Kiln two", "Kiln three"])
    # The page says within half a second what it has shown; while the bus is away it's told to say so later.
    people.problems[:] = [each for each in people.problems if not ("status of 503" in each and "/read)" in each)]


def test_open_pages_and_drafts_come_back_when_the_system_is_started_again(system: System, people: People) -> None:
    # given a group with a draft, and a page of the studio
    mara, theo = (
        opened(system, people.sign_in(system, "mara")),
        opened(system, people.sign_in(system, "theo"), "/models"),
    )
    with mara.expect_response("**/draft"):
        mara.locator("#text").fill("Half a thought about")

    # when everything is killed and started again on the same port
    system.kill()
    mara.get_by_text("No connection").wait_for()
    system.start()

    # then both live again by themselves, and what was begun is there
    said(system, "Back again")
    mara.get_by_text("Back again").wait_for()
    expect(mara.get_by_text("No connection")).to_have_count(0)
    expect(mara.locator("#text")).to_have_value("Half a thought about")
    system.send("ModelDefined", name="AI Kiln Assistant", provider="embedded")
    theo.locator("main").get_by_text("AI Kiln Assistant").first.wait_for()
    expect(opened(system, mara).locator("#text")).to_have_value("Half a thought about")
    people.problems.clear()  # the browser logs that nobody listened


def test_a_tab_that_was_hidden_catches_up_when_it_is_looked_at(system: System, people: People) -> None:
    # given a tab that lets its stream go because it is hidden
    mara = opened(system, people.sign_in(system, "mara"))
    before = figure(system, "apprentice_web_readers")
    hide(mara, hidden=True)
    until(lambda: figure(system, "apprentice_web_readers") < before)

    # when something is said and the tab is looked at again
    said(system, "Glaze one", "Glaze two")
    assert thread(mara, "Glaze") == []
    hide(mara, hidden=False)

    # then it has all of it, once
    mara.get_by_text("Glaze two").wait_for()
    assert thread(mara, "Glaze") == ["Glaze one", "Glaze two"]


def test_what_can_not_be_told_again_is_fetched_anew(system: System, people: People) -> None:
    # given a hidden tab
    mara = opened(system, people.sign_in(system, "mara"))
    said(system, "Shelf 0")
    mara.get_by_text("Shelf 0").wait_for()
    before = figure(system, "apprentice_web_readers")
    hide(mara, hidden=True)
    until(lambda: figure(system, "apprentice_web_readers") < before)

    # when more happens than a room can tell again
    many(system, *(f"Shelf {number}" for number in range(1, KEPT + 2)))
    last = system.send("MessagePosted", "--as", "theo", group=GROUP, text=f"Shelf {KEPT + 2}")["position"]
    until(lambda: figure(system, "apprentice_web_position") >= last)
    hide(mara, hidden=False)

    # then the newest stand there in order
    mara.get_by_text(f"Shelf {KEPT + 2}", exact=True).wait_for()
    numbers = [int(text.split()[1]) for text in thread(mara, "Shelf")]
    assert numbers == list(range(numbers[0], KEPT + 3))
    assert numbers[0] > 1


def test_many_messages_at_once_are_shown_in_order_and_told_as_read_a_few_times(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara"))
    told: list[Request] = []
    mara.on("request", lambda one: told.append(one) if one.url.endswith("/read") else None)

    began = time.monotonic()
    many(system, *(f"Bowl {number}" for number in range(300)))

    mara.get_by_text("Bowl 299", exact=True).wait_for()
    assert thread(mara, "Bowl") == [f"Bowl {number}" for number in range(300)]
    with mara.expect_request(lambda one: one.url.endswith("/read")) as last:
        said(system, "The last bowl")
    told.remove(last.value)
    assert 1 <= len(told) <= 2 + 2 * (time.monotonic() - began)  # twice a second, however long a busy machine takes


def test_who_is_removed_from_a_group_hears_no_more_of_it(system: System, people: People) -> None:
    ines = opened(system, people.sign_in(system, "ines"))

    system.send("MemberLeft", "--subject", GROUP, "--as", "theo", member="person:ines")

    ines.locator("#messages").wait_for(state="detached")
    said(system, "Not for Ines")
    again = ines.goto(f"{system.endpoint['http']}/groups/{GROUP}")
    assert again is not None
    assert again.status == 404
    expect(ines.get_by_text("Not for Ines")).to_be_hidden()
    people.problems.clear()  # the browser logs the 404
    system.send("MemberJoined", "--subject", GROUP, "--as", "theo", member="person:ines")


def test_signing_out_ends_every_stream_of_the_session_and_of_no_other(system: System, people: People) -> None:
    # given two tabs of one browser, and another browser of the same person
    first = opened(system, people.sign_in(system, "theo"))
    second = opened(system, first.context.new_page(), "/models")
    other = opened(system, people.sign_in(system, "theo"))

    # when one tab signs out
    first.goto(f"{system.endpoint['http']}/me")
    first.get_by_role("button", name="Sign out").first.click()
    first.wait_for_url("**/sign-in**")

    # then the other tab is at the door, and the other browser isn't
    second.wait_for_url("**/sign-in**")
    said(system, "Still here", by="mara")
    other.get_by_text("Still here").wait_for()
    people.problems.clear()  # the browser logs the 401


def hide(page: Page, *, hidden: bool) -> None:
    """As if another tab were in front. (A browser without a screen never hides one by itself.)"""
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
