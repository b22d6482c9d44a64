"""Answers in the chat: how they grow, stop, fail and are judged, in real browsers on a whole system."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System
from tests.web.chatting import ASKING, BOT, answer_to, composer, menu, opened, say
from tests.web.streams import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("answers") / "home").start()
    system.ask_json("compile", "marketing", "--wait")
    yield system
    assert system.stop() == 0, system.said


@pytest.fixture(autouse=True)
def no_faults(system: System) -> Iterator[None]:
    yield
    system.heal()


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


def test_no_message_leads_a_member_to_what_only_the_studio_shows(system: System, people: People) -> None:
    ines, mara = (opened(system, people.sign_in(system, one)) for one in ("ines", "mara"))
    said = say(ines, f"{BOT} Where do brand photos live this year?")
    answer = answer_to(ines, said)
    expect(answer).to_contain_text("answered by v1")
    system.send("ConversationTrained", "--as", "theo", model="marketing", section="General", origin="chat",
                origin_reference={"group": "marketing-team", "messages": [said.get_attribute("data-id")]},
                messages=[{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here."}])  # fmt: skip
    expect(said).to_contain_text("Taught by Theo Vale")
    expect(answer_to(mara, said).get_by_role("link", name="answered by v1")).to_be_visible()

    menu(ines, answer).get_by_role("menuitem", name="Why this answer?").click()
    expect(ines.get_by_role("dialog", name="Why this answer?")).to_contain_text("Theo Vale")
    for link in ines.locator("#messages a[href], dialog a[href]").all():
        address = link.get_attribute("href")
        assert address is not None
        assert ines.request.get(system.endpoint["http"] + address).status == 200, address


def test_the_link_and_the_text_of_a_message_are_copied(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara"))
    mara.context.grant_permissions(["clipboard-read", "clipboard-write"])
    said = say(mara, "The kiln is hot")

    for name, copied in (("Copy text", "The kiln is hot"), ("Copy link", mara.url + "?m=")):
        mara.locator("#told").evaluate("one => { one.textContent = '' }")
        menu(mara, said).get_by_role("menuitem", name=name).click()
        expect(mara.locator("#told")).to_have_text("Copied")
        assert mara.evaluate("navigator.clipboard.readText()").startswith(copied)


def test_an_awaited_answer_is_stopped_by_escape_and_asked_for_again(system: System, people: People) -> None:
    mara = opened(system, people.sign_in(system, "mara"))
    system.fault(path=ASKING, status=None, delay=30)
    said = say(mara, f"{BOT} Where do brand photos live now?")
    expect(mara.get_by_role("button", name="Stop")).to_be_visible()
    until(lambda: system.waiting_faults() == 0)  # or another try would meet the fault

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
