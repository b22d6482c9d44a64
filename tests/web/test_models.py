"""The models, one model and its settings, in a real browser on a whole system."""

import itertools
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.browser import People, opened
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    system.ask_json("compile", "sales", "--wait")
    yield system
    assert system.stop() == 0


@pytest.fixture
def scratch(system: System) -> str:
    """A model of the test's own, which it may change as it likes."""
    id = f"scratch-{next(NUMBERS)}"
    system.send("ModelDefined", "--subject", id, name=id.title(), provider="embedded", parent="master")
    return id


@pytest.fixture
def compiled(system: System, scratch: str) -> str:
    """A model of the test's own with a version."""
    system.send("SystemMessageSet", "--subject", scratch, system_message="You help the sales team of Rowan & Vale.")
    system.send("QAAdded", model=scratch, question="What is new?", answer="Everything.")
    system.ask_json("compile", scratch, "--wait")
    return scratch


def row(page: Page, name: str) -> str:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True)).inner_text()


def test_the_tree_tells_what_each_model_takes_and_what_waits(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models")

    assert re.search(r"14\s+0\s+v1.*Up to date", row(page, "AI Sales Assistant"), re.S)
    assert re.search(r"Base model.*\d+ waiting", row(page, "AI Support Assistant"), re.S)
    page.get_by_role("link", name="Lessons waiting").click()
    expect(page).to_have_url(re.compile(r"show=waiting"))
    expect(page.get_by_role("link", name="AI Sales Assistant", exact=True)).to_have_count(0)


def test_a_folded_model_hides_what_stands_below_it(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models")

    page.get_by_role("button", name="Fold Rowan & Vale Assistant").click()

    expect(page.get_by_role("link", name="AI Sales Assistant", exact=True)).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Unfold Rowan & Vale Assistant").click()
    expect(page.get_by_role("link", name="AI Sales Assistant", exact=True)).to_have_count(1)


def test_every_level_of_the_tree_stands_further_in(system: System, people: People) -> None:
    above = "sales"
    for name in ("Retail", "Shops", "Ghent"):
        system.send("ModelDefined", "--subject", name.lower(), name=name, parent=above)
        above = name.lower()
    page = opened(system, people.sign_in(system, "theo"), "/models")

    boxes = [page.get_by_role("link", name=name, exact=True).bounding_box() for name in ("Retail", "Shops", "Ghent")]
    lefts = [box["x"] for box in boxes if box is not None]
    assert lefts == sorted(set(lefts))
    assert len(lefts) == 3


def test_the_tree_shows_at_once_what_others_teach(system: System, people: People, scratch: str) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models")

    system.send("QAAdded", model=scratch, question="What is new?", answer="Everything.")

    expect(page.locator(f"#b-{scratch}")).to_contain_text("1 waiting")


def test_an_administrator_makes_a_model_in_a_dialog(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "mara"), "/models")

    page.get_by_role("link", name="New model").click()
    dialog = page.get_by_role("dialog", name="New model")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    dialog.get_by_label("Name", exact=True).fill("AI Sales Assistant")
    dialog.get_by_role("button", name="Make it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("already")
    dialog.get_by_label("Name", exact=True).fill("AI Logistics Assistant")
    dialog.get_by_role("button", name="Make it").click()

    expect(page.get_by_role("heading", name="Teach it the first thing it should know")).to_be_visible()
    people.problems.clear()  # the browser logs the 422


def test_a_base_model_that_ends_is_told_with_the_way_out(system: System, people: People) -> None:
    system.send(
        "ProviderRegistered", "--subject", "old", name="Old", provider_kind="embedded", base_model="embedded-retrieval-1",
        base_url=system.endpoint["provider"], retires_on="2020-01-31",
    )  # fmt: skip
    system.send("ModelDefined", "--subject", "ending", name="Ending", provider="old")
    page = opened(system, people.sign_in(system, "mara"), "/models?show=attention")

    assert "Base model is gone" in row(page, "Ending")
    opened(system, page, "/models/ending")
    expect(page.get_by_text("Base model is gone")).to_be_visible()


def test_a_long_system_message_is_warned_of_while_it_is_typed_and_saving_can_be_undone(
    system: System, people: People, scratch: str
) -> None:
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}")
    save = page.get_by_role("button", name="Save")
    expect(save).to_be_disabled()

    page.get_by_label("System message").fill("One. Two. Three. Four. Five. Six. Seven.")
    expect(page.get_by_text("7 sentences, 7 words: too long")).to_be_visible()
    save.click()

    expect(page.get_by_text("Saved; the next version uses it.")).to_be_visible()
    expect(page.get_by_text("Revision 2, saved by Mara Rowan")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("System message")).to_have_value("")


def test_a_newer_system_message_is_shown_beside_instead_of_being_overwritten(
    system: System, people: People, scratch: str
) -> None:
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}")
    page.get_by_label("System message").fill("Be brief.")

    system.send("SystemMessageSet", "--subject", scratch, system_message="Be kind.")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert")).to_contain_text("Be kind.")
    expect(page.get_by_label("System message")).to_have_value("Be brief.")
    page.get_by_role("button", name="Save over it").click()
    expect(page.get_by_text("Saved; the next version uses it.")).to_be_visible()
    people.problems.clear()  # the browser logs the 409


def test_two_revisions_of_a_system_message_are_compared_word_by_word(
    system: System, people: People, compiled: str
) -> None:
    system.send("SystemMessageSet", "--subject", compiled, system_message="You help the trade team of Rowan & Vale.")
    page = opened(system, people.sign_in(system, "theo"), f"/models/{compiled}")

    expect(page.get_by_text("changed since v1")).to_be_visible()
    page.get_by_role("link", name="Compare with v1").click()

    dialog = page.get_by_role("dialog", name="System message: what changed")
    expect(dialog.locator("ins").first).to_have_text("trade")
    expect(dialog.locator("del").first).to_have_text("sales")


def test_preflight_says_what_the_next_version_would_change_and_compile_begins_it(
    system: System, people: People, scratch: str
) -> None:
    system.send("QAAdded", model=scratch, question="Is it there?", answer="Yes.")
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}")
    system.send("QAAdded", model=scratch, question="Is it checked?", answer="Yes.")

    preflight = page.get_by_role("region", name="Preflight")
    expect(preflight.get_by_text("Ready")).to_be_visible()
    with page.expect_request(re.compile(r"/compilations/")):
        preflight.get_by_role("button", name="Compile v1").click()
    people.problems.clear()  # the page of a compilation is another part's


def test_preflight_says_how_long_it_will_take_as_far_as_the_past_tells(
    system: System, people: People, compiled: str
) -> None:
    system.send("ProviderRegistered", "--subject", "untried", name="Untried", provider_kind="embedded",
                base_model="embedded-retrieval-1", base_url=system.endpoint["provider"])  # fmt: skip
    system.send("ModelDefined", "--subject", "newcomer", name="Newcomer", provider="embedded")
    system.send("ModelDefined", "--subject", "pioneer", name="Pioneer", provider="untried")
    page = people.sign_in(system, "theo")
    for model in ("newcomer", "pioneer"):
        system.send("QAAdded", model=model, question="Is it there?", answer="Yes.")
    told = page.get_by_role("region", name="Preflight")

    opened(system, page, f"/models/{compiled}")
    expect(told).to_contain_text(re.compile(r"Time\s*(under )?\d+"))
    expect(told).not_to_contain_text("others")
    opened(system, page, "/models/newcomer")
    expect(told).to_contain_text(re.compile(r"Time\s*(under )?\d.*how long others took at this provider", re.DOTALL))
    opened(system, page, "/models/pioneer")
    expect(told).to_contain_text(re.compile(r"Time\s*no earlier compilation to judge by"))


def test_what_preflight_warns_of_comes_first_and_leads_to_where_it_is_mended(system: System, people: People) -> None:
    system.send("ModelDefined", "--subject", "warned", name="Warned", provider="embedded")
    for answer in ("In spring.", "In autumn."):
        system.send("QAAdded", model="warned", question="When is the fair?", answer=answer)
    page = opened(system, people.sign_in(system, "theo"), "/models/warned")

    first = page.get_by_role("region", name="Preflight").get_by_role("listitem").first
    expect(first).to_contain_text("1 question has several answers; only the winner is learnt.")
    first.get_by_role("link", name="Settle them, or revise the answers.").click()

    expect(page.get_by_role("heading", name="When is the fair?")).to_be_visible()


def test_a_version_is_rolled_back_to_with_one_click(system: System, people: People, compiled: str) -> None:
    system.send("QAAdded", model=compiled, question="What is new in spring?", answer="Ember.")
    system.ask_json("compile", compiled)
    page = opened(system, people.sign_in(system, "mara"), f"/models/{compiled}")
    expect(page.get_by_text("v2 answers now").first).to_be_visible()

    page.get_by_role("button", name="Roll back").click()

    expect(page.locator("#standing").get_by_text("v1 answers now")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#standing").get_by_text("v2 answers now")).to_be_visible()


def test_a_question_is_tried_and_nothing_is_recorded(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models/sales")
    head = system.ask_json("status")["head"]

    page.get_by_role("link", name="Ask it").click()
    dialog = page.get_by_role("dialog", name="Ask AI Sales Assistant")
    dialog.get_by_label("Question").fill("How long is a quote valid?")
    dialog.get_by_label("Question").press("Enter")

    expect(dialog.locator(".say")).to_contain_text("30 days")
    assert system.ask_json("status")["head"] == head
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Ask it")).to_be_focused()


def test_settings_say_what_they_would_do_before_they_are_saved(system: System, people: People, scratch: str) -> None:
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}/settings")
    effects = page.get_by_role("region", name="What your change does")

    page.get_by_label("Parent").select_option("None")
    expect(effects).to_contain_text(f"Rowan & Vale Assistant no longer takes in lessons of {scratch.title()}")
    expect(page.get_by_role("region", name="Unsaved changes")).to_contain_text("1 change not saved")
    page.get_by_label("Sections, one per line").fill("Secrets")
    expect(effects).to_contain_text("Section Secrets is held back")
    page.get_by_label("From", exact=True).fill("85")
    expect(effects).to_contain_text("There is no validation question yet")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    model = next(one for one in system.ask_json("models") if one["id"] == scratch)
    assert (model["parent"], model["held_back_sections"], model["acceptance"]) == (None, ["Secrets"], 0.85)
    assert "descendants" in page.get_by_text("Its own descendants").inner_text()


def test_settings_that_clash_are_refused_as_a_whole(system: System, people: People, scratch: str) -> None:
    page = opened(system, people.sign_in(system, "mara"), f"/models/{scratch}/settings")

    page.get_by_label("Notes").fill("Written in vain.")
    page.get_by_label("Name", exact=True).fill("AI Support Assistant")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert")).to_contain_text("already")
    model = next(one for one in system.ask_json("models") if one["id"] == scratch)
    assert (model["name"], model["notes"]) == (scratch.title(), "")
    people.problems.clear()  # the browser logs the 422


def test_archiving_says_who_is_affected_and_is_restored(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "mara"), "/models/support/settings")

    page.get_by_role("link", name="Archive…").click()
    dialog = page.get_by_role("dialog", name="Archive AI Support Assistant")
    expect(dialog).to_contain_text("Rowan & Vale Assistant")
    dialog.get_by_role("button", name="Archive it").click()

    expect(page.get_by_text("It is archived: it neither learns")).to_be_visible()
    page.get_by_role("button", name="Restore it").click()
    expect(page.get_by_role("link", name="Archive…")).to_be_visible()


def test_a_model_is_watched_and_no_longer(system: System, people: People) -> None:
    page = opened(system, people.sign_in(system, "theo"), "/models/sales/settings")
    card = page.get_by_role("region", name="Watching")

    card.get_by_role("button", name="Watch: tell me").click()
    expect(card.get_by_role("button", name="Stop watching")).to_be_visible()
    page.reload()
    card.get_by_role("button", name="Stop watching").click()
    expect(card.get_by_role("button", name="Watch: tell me")).to_be_visible()


@pytest.mark.parametrize("path", ["/models", "/models/sales", "/models/sales/settings", "/models/sales/lessons"])
def test_members_are_told_that_it_is_not_for_them(system: System, people: People, path: str) -> None:
    page = people.sign_in(system, "ines")

    answer = page.goto(system.endpoint["http"] + path)

    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", name="Not for you")).to_be_visible()
    people.problems.clear()  # the browser logs the 403


@pytest.mark.parametrize("path", ["/models", "/models/sales", "/models/sales/settings", "/models/sales/lessons"])
def test_auditors_see_everything_and_no_way_to_change_it(system: System, people: People, path: str) -> None:
    page = opened(system, people.sign_in(system, "ruth"), path)

    main = page.get_by_role("main")
    for word in ("Save", "Deactivate", "Roll back", "Activate", "Compile", "Archive", "Make it", "Teach this"):
        assert main.get_by_role("button", name=re.compile(word)).count() == 0
    for word in ("New model", "Add lesson", "Import", "Archive"):
        assert main.get_by_role("link", name=re.compile(word)).count() == 0
    assert main.locator("textarea:not([readonly]):enabled").count() == 0


@pytest.mark.parametrize("who", ["theo", "ruth"])
def test_what_a_page_hides_is_refused_to_its_forms_too(system: System, people: People, who: str) -> None:
    page = people.sign_in(system, who)
    base = system.endpoint["http"]

    for path, form in [
        ("/models", {"id": "x1", "name": "Mine"}), ("/models/sales/compile", {"id": "x2"}),
        ("/models/sales/version", {"id": "x3", "version": "1"}), ("/models/sales/archive", {"id": "x4"}),
        ("/models/sales/system-message", {"id": "x5", "revision": "1", "system_message": "Mine."}),
    ]:  # fmt: skip
        answer = page.request.post(base + path, form=form, headers={"origin": base})
        assert (path, answer.status) == (path, 403)
