"""A model's lessons and one lesson, in a real browser on a whole system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.fixtures.browser import People, opened
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
EXCHANGE = [
    {"role": "user", "content": "How long is Ember guaranteed?", "author": "person:ines"},
    {"role": "assistant", "content": "Two years.", "learn": False},
    {"role": "user", "content": "No, five years. So how long?", "author": "person:ines"},
    {"role": "assistant", "content": "Five years against crazing.", "learn": True},
]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    for id in ("desk", "shelf"):
        system.send("ModelDefined", "--subject", id, name=id.title(), provider="embedded")
    system.send("ModelDefined", "--subject", "drawer", name="Drawer", provider="embedded", parent="desk")
    yield system
    assert system.stop() == 0


def taught(system: System, question: str, answer: str = "Yes.", model: str = "desk", **given: str) -> str:
    """A QA's id."""
    subject: str = system.send("QAAdded", model=model, question=question, answer=answer, **given)["subject"]
    return subject


def row(page: Page, id: str) -> Locator:
    return page.locator(f"#l-{id}")


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


def test_escape_leaves_the_row_as_it_was(system: System, people: People) -> None:
    id = taught(system, "Do we engrave?", "No.")
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons")

    row(page, id).get_by_role("link", name="Edit").click()
    page.get_by_label("Answer", exact=True).fill("Maybe.")
    page.keyboard.press("Escape")

    expect(row(page, id)).not_to_have_class(re.compile("editing"))
    expect(row(page, id)).to_contain_text("No.")


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
    page.keyboard.press("Control+Enter")

    expect(page.locator("#rows tr").first).to_contain_text("From Aldermoor.")
    expect(form.get_by_label("When someone asks")).to_have_value("")
    expect(form.get_by_label("When someone asks")).to_be_focused()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)


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

    for id in ids:
        expect(row(page, id)).to_contain_text("Inactive")
    expect(page.get_by_text("3 lessons deactivated")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("3 lessons are as before.")).to_be_visible()
    for id in ids:
        expect(row(page, id)).to_contain_text("Waiting")


def test_all_that_a_filter_shows_are_moved_and_come_back(system: System, people: People) -> None:
    ids = [taught(system, f"Is it moved, {number}?", section="Moving") for number in range(3)]
    page = opened(system, people.sign_in(system, "theo"), "/models/desk/lessons?section=moving")

    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Move, hold back, more…").click()
    dialog = page.get_by_role("dialog", name="Change 3 lessons")
    dialog.get_by_label("Model").select_option("Shelf")
    dialog.get_by_role("button", name="Move there").click()

    expect(page.get_by_text("3 lessons moved to Shelf")).to_be_visible()
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


def test_a_lesson_says_where_it_stands_and_all_that_happened_to_it(system: System, people: People) -> None:
    id = taught(system, "Who signs it?", "Mara signs it.")
    system.send("QARevised", "--as", "mara", "--subject", id, answer="Mara and Theo sign it.")
    page = opened(system, people.sign_in(system, "theo"), f"/lessons/{id}")

    versions = page.get_by_role("region", name="In these versions")
    expect(versions).to_contain_text("waits: it would be new")
    history = page.get_by_role("region", name="History")
    expect(history.locator("ins").first).to_contain_text("and Theo")
    expect(history).to_contain_text("Mara Rowan")
    history.get_by_role("button", name="Take this revision back").click()
    expect(page.locator("#text")).to_contain_text("Mara signs it.")


def test_a_lesson_is_deactivated_and_the_toast_brings_it_back(system: System, people: People) -> None:
    id = taught(system, "Is it wrong?")
    page = opened(system, people.sign_in(system, "theo"), f"/lessons/{id}")

    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("heading", name="It is inactive")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="If it is wrong")).to_be_visible()


def test_personal_data_is_shown_and_accepted(system: System, people: People) -> None:
    id = taught(system, "How do I reach the shop?", "Write to shop@rowanandvale.example.")
    page = opened(system, people.sign_in(system, "theo"), f"/lessons/{id}")

    expect(page.get_by_text("Personal data seems to stand in it: an e-mail address")).to_be_visible()
    page.get_by_role("button", name="It may be trained").click()
    expect(page.get_by_text("Personal data seems to stand in it")).to_have_count(0)


def test_a_conversation_s_turns_and_what_is_learnt_are_edited(system: System, people: People) -> None:
    id = system.send("ConversationTrained", "--as", "mara", model="desk", messages=EXCHANGE)["subject"]
    page = opened(system, people.sign_in(system, "theo"), f"/lessons/{id}")
    packaged = page.get_by_role("region", name="What it is packaged as")
    expect(packaged.get_by_role("heading", name="Straight")).to_be_visible()
    expect(packaged.get_by_role("heading", name="Whole exchange")).to_be_visible()

    page.get_by_role("link", name="Revise").click()
    page.get_by_label("Turn 4", exact=True).fill("Five years against crazing; chips aren't covered.")
    page.get_by_label("Turn 3", exact=True).fill("No, five years.")
    page.get_by_role("radio", name=re.compile("^Straight")).check()
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#text")).to_contain_text("chips aren't covered")
    expect(page.locator("#text")).to_contain_text("changed by Theo Vale")
    expect(packaged.get_by_role("heading", name="Whole exchange")).to_have_count(0)


def test_a_conversation_of_which_nothing_is_learnt_is_not_saved(system: System, people: People) -> None:
    id = system.send("ConversationTrained", model="desk", messages=EXCHANGE)["subject"]
    page = opened(system, people.sign_in(system, "theo"), f"/lessons/{id}/edit")

    page.get_by_role("checkbox", name="learn this").nth(3).uncheck()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert")).to_contain_text("No turn of the assistant is to be learnt")
    expect(page.get_by_label("Turn 4", exact=True)).to_have_value("Five years against crazing.")
    people.problems.clear()  # the browser logs the 422


def test_a_conflict_is_settled_by_a_person(system: System, people: People) -> None:
    first = taught(system, "What is right?", "This.")
    second = taught(system, "What is right?", "That.")
    page = opened(system, people.sign_in(system, "theo"), f"/lessons/{first}")

    expect(page.get_by_text("Another lesson answers its question otherwise")).to_be_visible()
    page.get_by_role("button", name="This answer is right").click()
    expect(page.get_by_text("Settled: this answer is learnt.")).to_be_visible()

    opened(system, page, f"/lessons/{second}")
    expect(page.get_by_text("Another lesson answers its question otherwise")).to_be_visible()


def test_members_see_no_lesson_and_change_none(system: System, people: People) -> None:
    id = taught(system, "Is it secret?")
    page, base = people.sign_in(system, "ines"), system.endpoint["http"]

    answers = [
        page.goto(f"{base}/lessons/{id}"),
        page.request.get(f"{base}/models/desk/lessons/export"),
        page.request.post(f"{base}/models/desk/lessons", form={"id": "n1", "question": "Q", "answer": "A"},
                          headers={"origin": base}),
        page.request.post(f"{base}/lessons/{id}/change", form={"id": "n2", "revision": "1", "action": "deactivate"},
                          headers={"origin": base}),
    ]  # fmt: skip

    assert [one.status for one in answers if one is not None] == [403, 403, 403, 403]
    people.problems.clear()  # the browser logs the 403


def test_auditors_read_lessons_and_can_t_change_them(system: System, people: People) -> None:
    id = taught(system, "Is it audited?")
    page = opened(system, people.sign_in(system, "ruth"), f"/lessons/{id}")

    main = page.get_by_role("main")
    assert main.get_by_role("region", name="History").is_visible()
    assert main.get_by_role("button").filter(visible=True).count() == 0
    base = system.endpoint["http"]
    for path, form in [("/models/desk/lessons/bulk", {"id": "r1", "action": "deactivate", "lesson": id}),
                       ("/lessons/undo", {"id": "r2", "change": f"qa:{id}:deactivate:"}),
                       (f"/lessons/{id}/qa", {"id": "r3", "revision": "1", "question": "Q", "answer": "A"})]:  # fmt: skip
        answer = page.request.post(base + path, form=form, headers={"origin": base})
        assert (path, answer.status) == (path, 403)
