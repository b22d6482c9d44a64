"""Messages of the chat: written, kept, sent, edited, taken back, in real browsers on a whole system."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.fixtures.browser import People
from tests.fixtures.ports import free_port
from tests.fixtures.system import System
from tests.web.chatting import BOT, composer, menu, opened, say

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """On a port that stays its own when it is started again."""
    system = System(tmp_path_factory.mktemp("chat") / "home", "--port", str(free_port())).start()
    yield system
    assert system.stop() == 0, system.said


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
        said = page.locator("#messages article .say").filter(has_text="while away")
        expect(said).to_have_text(["First while away", "Second while away"])
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


def test_lists_code_tables_and_every_direction_stand_in_the_width_of_the_thread(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara", viewport={"width": 390, "height": 844}))
    wide = "| " + " | ".join(f"Column{number}" for number in range(12)) + " |\n|" + "---|" * 12
    texts = ("- one\n- two", f"```\n{'long_name ' * 40}\n```", wide, "W" * 300, "מה שלומך, Mara?", "> quoted")

    for text in texts:
        composer(mara).fill(text)
        composer(mara).press("Enter")

    said = mara.locator("#messages .say")
    expect(said.last.locator("blockquote")).to_have_text("quoted")
    expect(said.locator("ul").last).to_have_css("list-style-type", "disc")
    expect(said.locator("p", has_text="מה שלומך").last).to_have_css("direction", "rtl")
    thread = mara.get_by_role("region", name="Messages")
    assert thread.evaluate("one => one.scrollWidth === one.clientWidth")


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


def test_what_was_quoted_changes_with_what_was_said_and_goes_with_it(system: System, people: People) -> None:
    mara, theo = (opened(system, people.sign_in(system, one)) for one in ("mara", "theo"))
    said = say(theo, "The secret glaze is number 7.")
    menu(mara, mara.locator("#messages article").filter(has_text="The secret glaze").last).get_by_role(
        "menuitem", name="Reply"
    ).click()
    expect(mara.get_by_text("Reply to Theo Vale")).to_be_visible()
    quoting = say(mara, "Hush").locator(".re")
    expect(quoting).to_have_text("Theo Vale: The secret glaze is number 7.")

    composer(theo).press("ArrowUp")
    expect(composer(theo)).to_have_value("The secret glaze is number 7.")
    composer(theo).fill("The secret glaze is number 8.")
    composer(theo).press("Enter")
    expect(quoting).to_have_text("Theo Vale: The secret glaze is number 8.")

    theo.once("dialog", lambda asked: asked.accept())
    menu(theo, said).get_by_role("menuitem", name="Delete").click()
    expect(quoting).to_have_text("Theo Vale: This message was taken back.")


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
    screen = mara.context.new_cdp_session(mara)
    mara.evaluate(_TOUCHED)

    # a tap, and a finger that moves, are no long press
    for end, ends in (("touchMove", [0, 90]), ("touchEnd", None)):
        briefly(mara, screen, box, end, ends)
        mara.wait_for_timeout(700)
        expect(mara.get_by_role("menu")).to_have_count(0)
        lift(screen, end)

    touch(screen, "touchStart", on(box))
    expect(mara.get_by_role("menuitem", name="Reply")).to_be_visible()
    touch(screen, "touchEnd")
    expect(mara.get_by_role("menuitem", name="Reply")).to_be_visible()


LONG = 450
"""Milliseconds after which the page takes a touch for a long press."""
_TOUCHED = """() => {
  window.touched = [];
  for (const kind of ["touchstart", "touchmove", "touchend", "touchcancel"])
    addEventListener(kind, () => { touched.push(performance.now()); }, { capture: true, passive: true });
}"""
_LASTED = """() => new Promise((done) => {
  const look = () => touched.length > 1 ? done(touched[1] - touched[0]) : setTimeout(look, 20);
  look();
})"""


def briefly(page: Page, screen: CDPSession, message: Locator, end: str, by: list[int] | None) -> None:
    """Touch the message and at once end it so; again, where this machine stood still until it was a long press."""
    while True:
        page.evaluate("() => { touched.length = 0; }")
        x, y = on(message)
        touch(screen, "touchStart", (x, y))
        touch(screen, end, (x + by[0], y + by[1]) if by else None)
        if page.evaluate(_LASTED) < LONG:
            return
        lift(screen, end)
        page.keyboard.press("Escape")


def on(message: Locator) -> tuple[float, float]:
    """A place on it, once it is in sight."""
    message.scroll_into_view_if_needed()
    place = message.bounding_box()
    assert place is not None
    return place["x"] + 120, place["y"] + 12


def lift(screen: CDPSession, end: str) -> None:
    """The finger goes, unless it has."""
    if end != "touchEnd":
        touch(screen, "touchEnd")


def touch(screen: CDPSession, kind: str, at: tuple[float, float] | None = None) -> None:
    points = [{"x": at[0], "y": at[1]}] if at else []
    screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
