"""One lesson: where it stands, how it is changed and taken back, and by whom, in a real browser on a whole system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, opened
from tests.fixtures.system import System
from tests.web.teaching import taught

pytestmark = pytest.mark.slow
EXCHANGE = [
    {"role": "user", "content": "How long is Ember guaranteed?", "author": "person:ines"},
    {"role": "assistant", "content": "Two years.", "learn": False},
    {"role": "user", "content": "No, five years. So how long?", "author": "person:ines"},
    {"role": "assistant", "content": "Five years against crazing.", "learn": True},
]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("lesson") / "home").start()
    system.send("ModelDefined", "--subject", "desk", name="Desk", provider="embedded")
    yield system
    assert system.stop() == 0


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


def test_a_lesson_is_read_out_in_its_own_language(system: System, people: People) -> None:
    id = system.send("QAAdded", "--as", "theo", model="desk", question="Кой подписва?", answer="Мара.", language="bg")[
        "subject"
    ]
    theo = people.sign_in(system, "theo")

    page = opened(system, theo, f"/lessons/{id}")
    expect(page.get_by_role("heading", name="Кой подписва?")).to_have_attribute("lang", "bg")
    expect(page.locator("#text").get_by_text("Мара.").locator("xpath=ancestor::*[@lang][1]")).to_have_attribute(
        "lang", "bg"
    )
    page = opened(system, theo, "/models/desk/lessons")
    expect(page.get_by_role("link", name="Кой подписва?", exact=True)).to_have_attribute("lang", "bg")


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

    expect(page.get_by_text("It seems to hold personal data: an e-mail address")).to_be_visible()
    page.get_by_role("button", name="It may be trained").click()
    expect(page.get_by_text("It seems to hold personal data")).to_have_count(0)


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

    expect(page.get_by_text("Another lesson answers its question differently")).to_be_visible()
    page.get_by_role("button", name="This answer is right").click()
    expect(page.get_by_text("Settled: this answer is learnt.")).to_be_visible()

    opened(system, page, f"/lessons/{second}")
    expect(page.get_by_text("Another lesson answers its question differently")).to_be_visible()


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
    expect(main.get_by_role("region", name="History")).to_be_visible()
    assert main.get_by_role("button").filter(visible=True).count() == 0
    base = system.endpoint["http"]
    for path, form in [("/models/desk/lessons/bulk", {"id": "r1", "action": "deactivate", "lesson": id}),
                       ("/lessons/undo", {"id": "r2", "change": f"qa:{id}:deactivate:"}),
                       (f"/lessons/{id}/qa", {"id": "r3", "revision": "1", "question": "Q", "answer": "A"})]:  # fmt: skip
        answer = page.request.post(base + path, form=form, headers={"origin": base})
        assert (path, answer.status) == (path, 403)
