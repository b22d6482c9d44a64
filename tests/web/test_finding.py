"""Find or do anything: by Ctrl-K, arrows and Enter; and what a role can find and do."""

from collections.abc import Iterator
from statistics import median
from time import perf_counter

import pytest
from playwright.sync_api import Locator, Page, expect

from services.web.views.palette import actions, marked, matching, of_model, places
from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System


def test_words_are_marked_where_they_stand_and_nothing_else_is_markup() -> None:
    assert marked("Marketing <desk>", "market DESK") == "<b>Market</b>ing &lt;<b>desk</b>&gt;"
    assert marked("a.b", "") == "a.b"


@pytest.mark.parametrize(("trainer", "administrator", "number"), [(False, False, 0), (True, False, 2), (True, True, 5)])
def test_what_can_be_done_with_a_model_depends_on_the_role(trainer: bool, administrator: bool, number: int) -> None:
    assert len(of_model(str, "sales", "Sales Assistant", trainer=trainer, administrator=administrator)) == number


def test_members_are_offered_no_place_of_the_studio() -> None:
    assert not {one.where for one in places(str, studio=False)} & {"/models", "/review", "/conflicts", "/people"}
    assert "/models/new" not in {one.where for one in actions(str, language="en", administrator=False)}
    assert [one.where for one in matching(actions(str, language="en", administrator=True), "new mod")] == [
        "/models/new"
    ]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("finding") / "home").start()
    yield system
    assert system.stop() == 0


def opened(page: Page, system: System, path: str = "/groups/marketing-team") -> Locator:
    """The palette's input, opened by its key."""
    page.goto(system.endpoint["http"] + path)
    until_live(page)
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Find or do anything")
    expect(box).to_be_focused()
    return box


def chosen(page: Page) -> Locator:
    return page.locator("#hits [aria-selected=true]")


@pytest.mark.slow
def test_a_model_is_found_and_opened_by_keys_alone(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    box = opened(mara, system)
    box.fill("support")
    expect(mara.get_by_role("option", name="AI Support Assistant model")).to_be_visible()
    expect(mara.get_by_role("option", name="Compile AI Support Assistant")).to_be_visible()

    while mara.get_by_role("option", name="AI Support Assistant model").get_attribute("aria-selected") != "true":
        mara.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", chosen(mara).get_attribute("id") or "-")
    mara.keyboard.press("Enter")

    mara.wait_for_url("**/models/support")


@pytest.mark.slow
def test_an_action_is_found_by_what_it_does_and_to_whom(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    box = opened(mara, system)

    box.fill("compile support")
    expect(mara.get_by_role("option", name="Compile AI Support Assistant")).to_have_attribute("aria-selected", "true")
    mara.keyboard.press("Enter")

    mara.wait_for_url("**/models/support#pf")


@pytest.mark.slow
def test_what_is_found_is_chosen_as_soon_as_it_is_there(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    opened(mara, system)

    first = mara.evaluate("""() => new Promise((done) => {
      const hits = document.getElementById("hits"), go = document.getElementById("go");
      new MutationObserver((_, watcher) => {
        watcher.disconnect();
        setTimeout(() => { const one = hits.querySelector("[role=option]"); done([one.querySelector(".cut").textContent, one.ariaSelected]); });
      }).observe(hits, { childList: true });
      go.value = "compile support";
      go.dispatchEvent(new Event("input", { bubbles: true }));
    })""")

    assert first == ["Compile AI Support Assistant", "true"]


@pytest.mark.slow
def test_escape_closes_it_and_where_one_was_comes_first(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    theo.goto(f"{system.endpoint['http']}/models")
    box = opened(theo, system)
    expect(chosen(theo)).to_have_text("Models")
    theo.keyboard.press("Escape")
    expect(box).to_have_count(0)

    theo.keyboard.press("Control+k")
    expect(chosen(theo)).to_have_text("Models")
    theo.keyboard.press("Enter")
    theo.wait_for_url("**/models")


@pytest.mark.slow
def test_its_key_opens_it_again_before_the_closed_one_has_gone(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    opened(theo, system)
    left = theo.evaluate("""() => {
      document.querySelector("dialog[open]").close();
      const there = document.getElementById("go") !== null;
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, bubbles: true }));
      return there;
    }""")
    assert left
    expect(theo.get_by_role("combobox", name="Find or do anything")).to_be_focused()


@pytest.mark.slow
def test_actions_open_dialogs_choose_the_look_and_the_language(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    opened(theo, system).fill("> dark")
    expect(theo.get_by_role("option")).to_have_count(1)
    theo.keyboard.press("Enter")
    expect(theo.locator("html")).to_have_attribute("data-theme", "dark")

    opened(theo, system).fill("new group")
    expect(chosen(theo)).to_contain_text("New group or chat")
    theo.keyboard.press("Enter")
    # The palette names groups too: what counts is that the dialog has taken its place.
    expect(theo.get_by_role("dialog").get_by_role("button", name="Open chat")).to_be_visible()
    theo.keyboard.press("Escape")
    expect(theo.get_by_role("dialog")).to_have_count(0)

    theo.locator("#thread").press("?")
    expect(theo.get_by_role("dialog", name="Keys")).to_contain_text("find or do anything")


@pytest.mark.slow
def test_members_find_people_and_groups_but_no_lessons(system: System, people: People) -> None:
    ines = people.sign_in(system, "ines")
    opened(ines, system).fill("newsletter")
    expect(ines.locator("#hits")).to_contain_text("Nothing matches.")
    ines.get_by_role("combobox").fill("theo")
    expect(ines.get_by_role("option")).to_have_count(1)
    ines.keyboard.press("Enter")
    ines.wait_for_url(lambda url: "/groups/" in url and "marketing-team" not in url)

    theo = people.sign_in(system, "theo")
    opened(theo, system).fill("newsletter")
    expect(theo.get_by_role("group", name="Lessons").get_by_role("option").first).to_contain_text("newsletter")


@pytest.mark.slow
def test_results_come_within_50_milliseconds(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    headers = {"hx-request": "true", "hx-target": "div#hits"}
    texts, worked = ("sup", "supp", "oven", "what are", "mara") * 3, system.worked
    found, nothing = [], []
    for text in texts:
        began = perf_counter()
        answer = theo.request.get(f"{system.endpoint['http']}/find?text={text}", headers=headers)
        assert answer.ok
        assert "<html" not in answer.text()
        found.append(perf_counter() - began)
        began = perf_counter()
        assert theo.request.get(f"{system.endpoint['http']}/healthz").ok
        nothing.append(perf_counter() - began)
    assert system.worked - worked < 0.05 * len(texts)
    assert median(found) - median(nothing) < 0.05  # asking for anything takes a busy machine its time


@pytest.mark.slow
def test_it_is_a_page_as_well(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    theo.goto(f"{system.endpoint['http']}/find?text=support")

    theo.get_by_role("option", name="AI Support Assistant model").click()

    theo.wait_for_url("**/models/support")
