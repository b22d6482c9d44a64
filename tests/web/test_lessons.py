"""A model's lessons, searched, sorted and changed in their table, in a real browser on a whole system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, opened
from tests.fixtures.system import System
from tests.web.teaching import row, taught

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    for id in ("desk", "shelf"):
        system.send("ModelDefined", "--subject", id, name=id.title(), provider="embedded")
    system.send("ModelDefined", "--subject", "drawer", name="Drawer", provider="embedded", parent="desk")
    yield system
    assert system.stop() == 0


def test_words_section_and_state_are_searched_and_stand_in_the_address(system: System, people: People) -> None:
    kiln = taught(system, "How hot is the kiln?", "1,250 degrees.", section="Firing")
    glaze = taught(system, "How thick is the glaze?", "One millimetre.", section="Glazing")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")

    page.get_by_label("Search in lessons").fill("degrees kiln")
    expect(row(page, glaze)).to_have_count(0)
    expect(row(page, kiln)).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=degrees\+kiln"))
    expect(page.get_by_label("Search in lessons")).to_be_focused()

    opened(system, page, "/models/desk/lessons?section=glazing")
    expect(row(page, glaze)).to_be_visible()
    expect(row(page, kiln)).to_have_count(0)
    page.get_by_role("link", name=re.compile("Section: glazing, take this filter away")).click()
    expect(row(page, kiln)).to_be_visible()
    page.go_back()
    expect(row(page, kiln)).to_have_count(0)


def test_a_lesson_is_edited_in_its_row_and_the_edit_undone(system: System, people: People) -> None:
    id = taught(system, "Do we ship abroad?", "No.")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")

    row(page, id).get_by_role("link", name="Edit").click()
    page.get_by_label("Answer", exact=True).fill("Yes, within Europe.")
    page.keyboard.press("Control+Enter")

    expect(row(page, id)).to_contain_text("Yes, within Europe.")
    page.get_by_role("button", name="Undo").click()
    expect(row(page, id)).to_contain_text("No.")


def test_by_keys_alone_a_row_is_edited_and_taken_back_and_the_focus_stays_there(system: System, people: People) -> None:
    id = taught(system, "Do we rent kilns?", "No.")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")
    edit = row(page, id).get_by_role("link", name="Edit")

    edit.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Answer", exact=True).fill("By the day.")
    page.keyboard.press("Control+Enter")
    expect(row(page, id)).to_contain_text("By the day.")
    expect(edit).to_be_focused()

    page.keyboard.press("Control+z")
    expect(row(page, id)).to_contain_text("No.")
    expect(edit).to_be_focused()


def test_filters_stay_open_while_one_chooses_and_each_has_its_chip(system: System, people: People) -> None:
    asked = taught(system, "What is 7 by 8?", "56.", purpose="validation")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons?q=7+by+8")

    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Purpose").select_option("training")
    expect(row(page, asked)).to_have_count(0)
    page.get_by_label("Purpose").select_option("validation")
    expect(row(page, asked)).to_be_visible()
    expect(page.get_by_label("Purpose")).to_be_visible()

    page.keyboard.press("Escape")
    expect(page.get_by_label("Purpose")).to_be_hidden()
    page.get_by_role("link", name="For validation, take this filter away").click()
    expect(page).not_to_have_url(re.compile("purpose"))


def test_escape_leaves_the_row_as_it_was(system: System, people: People) -> None:
    id = taught(system, "Do we engrave?", "No.")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")

    row(page, id).get_by_role("link", name="Edit").click()
    page.get_by_label("Answer", exact=True).fill("Maybe.")
    page.keyboard.press("Escape")

    expect(row(page, id)).not_to_have_class(re.compile("editing"))
    expect(row(page, id)).to_contain_text("No.")
    expect(row(page, id).get_by_role("link", name="Edit")).to_be_focused()


def test_a_row_that_somebody_else_changed_is_shown_beside_what_was_typed(system: System, people: People) -> None:
    id = taught(system, "Do we repair?", "No.")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")
    row(page, id).get_by_role("link", name="Edit").click()
    page.get_by_label("Answer", exact=True).fill("Mine.")

    system.send("QARevised", "--subject", id, answer="Theirs.")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("alert")).to_contain_text("Theirs.")
    expect(page.get_by_label("Answer", exact=True)).to_have_value("Mine.")
    page.get_by_role("button", name="Save over it").click()
    expect(row(page, id)).to_contain_text("Mine.")
    people.problems.clear()  # the browser logs the 409


def test_lessons_are_added_one_after_the_other_on_top(system: System, people: People) -> None:
    taught(system, "Where is the clay from?", "From our own region.")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")

    page.get_by_role("link", name="Add lesson").click()
    form = page.get_by_role("form", name="New lesson")
    form.get_by_label("When someone asks").fill("where is the CLAY from")
    form.get_by_label("it should answer").fill("From Aldermoor.")
    expect(form.get_by_text("It is taught already: From our own region.")).to_be_visible()
    before = int(page.locator("#lesson-total").inner_text().split(",")[0])
    assert page.get_by_role("link", name="Conflict").count() == 0
    page.keyboard.press("Control+Enter")

    expect(page.locator("#rows tr").first).to_contain_text("From Aldermoor.")
    expect(form.get_by_label("When someone asks")).to_have_value("")
    expect(form.get_by_label("When someone asks")).to_be_focused()
    expect(page.locator("#lesson-total")).to_have_text(re.compile(rf"^{before + 1}\b"))
    expect(page.get_by_role("link", name="Conflict 2", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(page.get_by_role("link", name="Add lesson")).to_be_focused()


def test_a_change_by_somebody_else_shows_in_its_row_and_does_not_move_the_others(
    system: System, people: People
) -> None:
    first, second = taught(system, "Is it live?", "Not yet."), taught(system, "Is it still live?", "Not yet.")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")
    order = page.locator("#rows tr").evaluate_all("rows => rows.map((row) => row.id)")

    system.send("QARevised", "--subject", first, answer="Now it is.")
    third = taught(system, "Is it more?", "Yes.")

    expect(row(page, first)).to_contain_text("Now it is.")
    expect(page.get_by_role("link", name="Something changed: show it")).to_be_visible()
    assert page.locator("#rows tr").evaluate_all("rows => rows.map((row) => row.id)") == order
    page.get_by_role("link", name="Something changed: show it").click()
    expect(row(page, third)).to_be_visible()
    expect(row(page, second)).to_be_visible()


def test_many_are_deactivated_at_once_and_one_undo_brings_all_back(system: System, people: People) -> None:
    ids = [taught(system, f"Is number {number} one of many?") for number in range(3)]
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")

    for id in ids:
        row(page, id).get_by_role("checkbox").check()
    expect(page.get_by_text("3 lessons selected")).to_be_visible()
    page.get_by_role("button", name="Deactivate").click()

    page.get_by_text("3 lessons deactivated").hover()  # so that it stays until the rows are looked at
    for id in ids:
        expect(row(page, id)).to_contain_text("Inactive")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("3 lessons are as before.")).to_be_visible()
    for id in ids:
        expect(row(page, id)).to_contain_text("Waiting")


def test_what_can_be_done_with_many_is_a_page_where_the_browser_asks_by_itself(system: System, people: People) -> None:
    id = taught(system, "Is it chosen by the browser itself?")
    theo = people.sign_in(system, "theo")

    answer = theo.request.post(
        f"{system.endpoint['http']}/models/desk/lessons/choose",
        form={"lesson": id},
        headers={"sec-fetch-site": "same-origin"},
    )

    page = answer.text()
    assert answer.status == 200
    assert page.index("<title>Lessons of Desk") < page.index('<div id="dialog"><dialog') < page.index("Change 1 lesson")


def test_all_that_a_filter_shows_are_moved_and_come_back(system: System, people: People) -> None:
    ids = [taught(system, f"Is it moved, {number}?", section="Moving") for number in range(3)]
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons?section=moving")

    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Move, hold back, more…").click()
    dialog = page.get_by_role("dialog", name="Change 3 lessons")
    dialog.get_by_label("Model").select_option("Shelf")
    dialog.get_by_role("button", name="Move there").click()

    page.get_by_text("3 lessons moved to Shelf").hover()  # so that it stays until the rows are looked at
    expect(row(page, ids[0])).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row(page, ids[0])).to_be_visible()


def test_pages_go_forth_and_back_in_the_order_that_a_header_sets(system: System, people: People) -> None:
    system.send_all(
        [
            {"fact": "QAAdded", "actor": "person:theo",
             "data": {"model": "shelf", "question": f"Page question {number:02}?", "answer": "Yes."}}
            for number in range(60)
        ]
    )  # fmt: skip
    page = opened(system, people.sign_in(system, "theo"), "/models/shelf/lessons?section=general")

    page.get_by_role("link", name="Question and answer").click()
    expect(page.locator("#rows tr").first).to_contain_text("Page question 00?")
    expect(page.get_by_role("columnheader", name="Question and answer")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#rows tr").first).to_contain_text("Page question 50?")
    expect(page.get_by_text("51 to 60 of 60")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("#rows tr").first).to_contain_text("Page question 00?")


def test_inherited_lessons_are_shown_with_where_they_come_from_and_can_t_be_changed_here(
    system: System, people: People
) -> None:
    id = taught(system, "Is it from below?", model="drawer")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")
    expect(row(page, id)).to_have_count(0)

    page.get_by_role("link", name=re.compile("^Inherited")).click()

    expect(row(page, id)).to_contain_text("from Drawer")
    expect(row(page, id).get_by_role("checkbox")).to_have_count(0)


def test_what_waits_is_one_number_in_the_heading_on_its_filter_and_in_the_list(system: System, people: People) -> None:
    for id in ("cupboard", "hook"):
        parent = "cupboard" if id == "hook" else None
        system.send("ModelDefined", "--subject", id, name=id.title(), provider="embedded", parent=parent)
        taught(system, f"What hangs on the {id}?", "A cup.", model=id)
    system.ask_json("compile", "cupboard", "--wait")
    taught(system, "What hangs on the cupboard?", "A coat.", model="cupboard")
    taught(system, "What stands on the hook?", "Nothing.", model="hook")
    page = opened(system, people.sign_in(system, "theo"), "/models/cupboard")

    expect(page.get_by_role("link", name="3 lessons waiting")).to_be_visible()
    page.get_by_role("link", name="Waiting 3", exact=True).click()

    expect(page.locator("#rows tr")).to_have_count(3)
    expect(page.get_by_role("link", name="Waiting 3", exact=True)).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("1 to 3 of 3")).to_be_visible()


@pytest.mark.parametrize(
    ("format", "says"), [("CSV", "Is it exported?"), ("JSON lines", '"Is it exported?"'),
                         ("OpenAI chat format", '"role":"user"'), ("ERP.net JSON", '"Question"')]
)  # fmt: skip
def test_lessons_are_downloaded_in_every_format(system: System, people: People, format: str, says: str) -> None:
    taught(system, "Is it exported?", model="drawer")
    page = opened(system, people.sign_in(system, "theo"), "/models/drawer/lessons")

    page.get_by_role("button", name="Export").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name=format).click()

    text = downloading.value.path().read_text(encoding="utf-8")
    assert says.replace(" ", "") in text.replace(" ", "")
