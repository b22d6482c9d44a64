"""Talking in groups, in real browsers on a whole system with the demo company."""

import re
import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
ASKING = "/v1/chat/completions"
BOT = "@AI Marketing Assistant"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """On a port that stays its own when it is started again."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    system = System(tmp_path_factory.mktemp("chat") / "home", "--port", str(port)).start()
    system.ask_json("compile", "marketing", "--wait")
    yield system
    assert system.stop() == 0, system.said


@pytest.fixture(autouse=True)
def no_faults(system: System) -> Iterator[None]:
    yield
    system.heal()


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


def test_two_people_see_the_same_streamed_answer_and_which_version_gave_it(system: System, people: People) -> None:
    # given two who look at the same group
    mara, theo = (opened(system, people.sign_in(system, one)) for one in ("mara", "theo"))

    # when one asks
    said = say(mara, f"{BOT} Where do brand photos live?")

    # then both read the same answer, and it is announced once
    texts = []
    for page in (mara, theo):
        answer = answer_to(page, said)
        answer.get_by_role("link", name="answered by v1").wait_for()
        assert answer.get_by_role("link", name="answered by v1").get_attribute("href") == "/models/marketing"
        texts.append(answer.locator(".say").inner_text())
        expect(page.locator("#told")).to_have_text(f"AI Marketing Assistant has answered: {texts[-1]}")
    assert texts[0] == texts[1] != ""


def test_what_is_said_while_the_server_restarts_waits_and_appears(system: System, people: People) -> None:
    # given two at the same group, and a server that goes
    mara, theo = (opened(system, people.sign_in(system, one)) for one in ("mara", "theo"))
    assert system.stop() == 0
    lost = mara.get_by_text("No connection. What you type is kept")
    lost.wait_for()

    # when one goes on writing
    for text in ("First while away", "Second while away"):
        composer(mara).fill(text)
        composer(mara).press("Enter")
    expect(mara.get_by_text("Waiting to be sent")).to_have_count(2)
    expect(composer(mara)).to_have_value("")

    # then it is sent, in order, when the server is back, and the note goes
    system.start()
    lost.wait_for(state="detached")
    for page in (mara, theo):
        page.locator("#messages").get_by_text("Second while away").wait_for()
        said = page.locator("#messages article .say").all_inner_texts()
        assert said[-2:] == ["First while away", "Second while away"]
    expect(mara.get_by_text("Waiting to be sent")).to_have_count(0)
    people.problems.clear()  # the browser logs what couldn't be fetched


def test_what_waits_can_be_discarded(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara"))
    mara.context.set_offline(True)
    composer(mara).fill("Better not")
    composer(mara).press("Enter")

    mara.get_by_role("button", name="Discard").click()

    expect(mara.get_by_text("Better not")).to_have_count(0)
    mara.context.set_offline(False)
    people.problems.clear()


def test_everything_about_a_message_is_done_by_keyboard(system: System, people: People) -> None:
    mara, theo = (opened(system, people.sign_in(system, one)) for one in ("mara", "theo"))
    say(theo, "The kiln is free on Thursday.")
    mara.locator("#messages").get_by_text("The kiln is free on Thursday.").wait_for()

    # when only keys are used: to the message, its menu, an answer to it
    mara.get_by_role("region", name="Messages").focus()
    mara.keyboard.press("ArrowUp")
    expect(mara.locator("#messages article").last).to_be_focused()
    mara.keyboard.press("Shift+F10")
    expect(mara.get_by_role("menuitem", name="Train AI…")).to_be_focused()
    mara.keyboard.press("ArrowDown")
    expect(mara.get_by_role("menuitem", name="Reply")).to_be_focused()
    mara.keyboard.press("Escape")
    expect(mara.get_by_role("menu")).to_be_hidden()
    expect(mara.locator("#messages article").last).to_be_focused()
    mara.keyboard.press("r")
    expect(composer(mara)).to_be_focused()
    mara.keyboard.type("Thank you")
    mara.keyboard.press("Enter")

    # then the answer quotes it, for the other too
    reply = theo.locator("#messages article").filter(has_text="Thank you")
    expect(reply.locator(".re")).to_have_text("Theo Vale: The kiln is free on Thursday.")
    reply.locator(".re").click()
    expect(theo.locator("#messages article").filter(has_text="The kiln is free on Thursday.").first).to_be_focused()


def test_a_mention_is_completed_from_the_list(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara"))
    composer(mara).focus()
    mara.keyboard.type("@ma")
    expect(mara.get_by_role("option", name="AI Marketing Assistant", selected=True)).to_be_visible()

    mara.keyboard.press("Tab")
    expect(composer(mara)).to_have_value(f"{BOT} ")
    composer(mara).fill("@jonas")
    expect(mara.get_by_role("option", name="Jonas Brandt")).to_be_disabled()
    composer(mara).fill("")


def test_reactions_are_chips_that_say_who_and_are_pressed_for_oneself(system: System, people: People) -> None:
    mara, theo = (opened(system, people.sign_in(system, one)) for one in ("mara", "theo"))
    said = say(theo, "We won the fair's prize!")
    theirs = mara.locator("#messages article").filter(has_text="We won the fair's prize!")

    menu(mara, theirs).get_by_role("menuitemcheckbox", name="🎉").click()

    chip = theirs.get_by_role("button", name="🎉 1: Mara Rowan")
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(said.get_by_role("button", name="🎉 1: Mara Rowan")).to_have_attribute("aria-pressed", "false")
    chip.click()
    expect(chip).to_have_count(0)
    expect(said.get_by_role("button", name="🎉")).to_have_count(0)


def test_one_edits_and_takes_back_ones_own_messages_only(system: System, people: People) -> None:
    mara, theo = (opened(system, people.sign_in(system, one)) for one in ("mara", "theo"))
    say(mara, "The fair begins on Munday")
    seen = theo.locator("#messages article").filter(has_text="The fair begins on")

    # the arrow upwards edits one's last message
    composer(mara).press("ArrowUp")
    expect(composer(mara)).to_have_value("The fair begins on Munday")
    composer(mara).fill("The fair begins on **Monday**")
    composer(mara).press("Enter")
    expect(seen).to_contain_text("The fair begins on Monday")
    expect(seen).to_contain_text("edited")

    # others can't
    expect(menu(theo, seen).get_by_role("menuitem", name="Reply")).to_be_visible()
    assert theo.get_by_role("menuitem", name="Delete").count() == 0
    theo.keyboard.press("Escape")

    mara.once("dialog", lambda asked: asked.accept())
    own = mara.locator("#messages article").filter(has_text="The fair begins on")
    menu(mara, own).get_by_role("menuitem", name="Delete").click()
    expect(theo.get_by_text("This message was taken back.").last).to_be_visible()
    expect(seen).to_have_count(0)


def test_an_awaited_answer_is_stopped_by_escape_and_asked_for_again(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara"))
    system.fault(path=ASKING, status=None, delay=30)
    said = say(mara, f"{BOT} Where do brand photos live now?")
    expect(mara.get_by_role("button", name="Stop")).to_be_visible()

    composer(mara).press("Escape")
    expect(mara.locator("#messages article").last).to_contain_text("The answer was stopped.")
    mara.get_by_role("button", name="Retry").click()

    expect(answer_to(mara, said)).to_contain_text("answered by v1")
    expect(mara.get_by_text("The answer was stopped.")).to_have_count(0)


def test_a_failed_answer_says_why_and_is_retried(system: System, people: People) -> None:
    mara, theo = (opened(system, people.sign_in(system, one)) for one in ("mara", "theo"))
    system.fault(path=ASKING, status=500, times=20)
    said = say(mara, f"{BOT} Where do press photos live?")
    for page in (mara, theo):
        expect(page.locator("#messages .note.bad")).to_contain_text("The provider failed with status 500")
    system.heal()

    theo.get_by_role("button", name="Retry").click()

    for page in (mara, theo):
        expect(page.locator("#messages .note.bad")).to_have_count(0)
        expect(answer_to(page, said)).to_contain_text("answered by v1")


def test_an_answer_is_marked_wrong_without_teaching(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara"))
    said = say(mara, f"{BOT} Where do brand photos live today?")
    answer = answer_to(mara, said)
    answer.get_by_text("answered by v1").wait_for()

    menu(mara, answer).get_by_role("menuitemcheckbox", name="Mark as wrong").click()

    answer.get_by_text("Marked wrong").wait_for()
    expect(menu(mara, answer).get_by_role("menuitemcheckbox", name="Mark as wrong")).to_be_checked()


def test_a_draft_waits_and_others_see_who_writes(system: System, people: People) -> None:
    mara, theo = (opened(system, people.sign_in(system, one)) for one in ("mara", "theo"))

    with mara.expect_response("**/draft"):
        composer(mara).press_sequentially("Not yet don")

    expect(theo.locator("#typing")).to_have_text("Mara Rowan is writing")
    expect(mara.locator("#typing")).to_be_empty()
    opened(system, mara, "support-desk")
    expect(composer(mara)).to_have_value("")
    opened(system, mara)
    expect(composer(mara)).to_have_value("Not yet don")
    say(mara, "Done")
    expect(theo.locator("#typing")).to_be_empty()
    opened(system, mara)
    expect(composer(mara)).to_have_value("")


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
    expect(
        jonas.get_by_text("There is no such group that you are in.").or_(jonas.get_by_text("that you are in"))
    ).to_be_visible()
    people.problems.clear()  # the browser logs what it was refused


def test_two_have_one_direct_chat_in_which_an_assistant_always_answers(system: System, people: People) -> None:
    ines = people.sign_in(system, "ines")
    places = []
    for _ in range(2):
        ines.goto(f"{system.endpoint['http']}/groups/new")
        ines.get_by_label("Or a chat of two with").select_option(label="AI Marketing Assistant")
        ines.get_by_role("button", name="Open chat").click()
        expect(ines.get_by_role("heading", name="AI Marketing Assistant")).to_be_visible()
        places.append(ines.url)
    assert places[0] == places[1]

    until_live(ines)
    said = say(ines, "Where do brand photos live?")
    expect(answer_to(ines, said)).to_contain_text("answered by v1")


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


def test_a_message_that_is_too_long_is_kept_and_says_so(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara"))
    composer(mara).fill("x" * 65_537)
    composer(mara).press("Enter")

    expect(mara.get_by_role("alert")).to_contain_text("too long")
    assert len(composer(mara).input_value()) == 65_537
    composer(mara).fill("")


def test_a_long_press_opens_the_menu_and_a_short_one_or_a_scroll_does_not(system: System, people: People) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    mara = opened(system, people.sign_in(system, "mara", **phone))
    box = say(mara, "Press long on this one.")
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    assert place is not None
    finger = [{"x": place["x"] + 120, "y": place["y"] + 12}]
    touch = mara.context.new_cdp_session(mara)

    # a tap, and a finger that moves, are no long press
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger})
    touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": 150, "y": finger[0]["y"] + 90}]})
    mara.wait_for_timeout(700)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(mara.get_by_role("menu")).to_have_count(0)

    box.scroll_into_view_if_needed()  # the finger has scrolled it away
    moved = box.bounding_box()
    assert moved is not None
    finger = [{"x": moved["x"] + 120, "y": moved["y"] + 12}]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger})
    expect(mara.get_by_role("menuitem", name="Reply")).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(mara.get_by_role("menuitem", name="Reply")).to_be_visible()
