"""The product in Bulgarian alone: Elena asks, corrects, trains and compiles, and meets no English word of ours."""

import json
import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System
from tests.web.catalog import catalog, key, said

pytestmark = pytest.mark.slow
WRONG = "Два пъти месечно."
RIGHT = "Всеки четвъртък в десет, без празниците."
WORDS: Final = re.compile(
    r"(?<![\w-])(lessons?|settings|models?|versions?|compile[ds]?|compilations?|providers?|sav(e|ed)|cancel|notices?|members?|"
    r"learnt|waiting|trainers?|administrators?|retry|undo|delete|remove|inherited|preflight|validation|duplicates?)(?![\w-])"
)
"""What is said on English pages and not in the demo company's texts."""
DATA: Final = frozenset({"Validation"})
"""A section of the demo company's lessons, called as a word of ours is."""
PAGES: Final = (
    "/groups/marketing-team", "/assistant", "/search?text=бюлетин", "/models", "/models/new", "/models/marketing",
    "/models/marketing/settings", "/models/marketing/lessons", "/models/marketing/import", "/conflicts?model=marketing",
    "/review", "/compilations", "/providers", "/providers/embedded", "/providers/new", "/people", "/people/ines", "/notices",
    "/proposals", "/me", "/find", "/find/keys", "/nothing/here",
)  # fmt: skip
_VISIBLE = """() => {
  const found = [];
  const ours = (element) => element && !element.closest('body [lang=en], .say, script, style, template, kbd, code, pre, .mono');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());)
    if (ours(node.parentElement) && node.parentElement.checkVisibility()) found.push(node.textContent);
  for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]'))
    if (ours(element)) found.push(element.getAttribute('aria-label'), element.title, element.placeholder);
  return found.filter((text) => text?.trim()).map((text) => text.trim().replace(/\\s+/g, ' '));
}"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The demo company; its marketing assistant was taught something wrong, and Elena may compile."""
    system = System(tmp_path_factory.mktemp("bulgarian") / "home").start()
    system.send("PersonRevised", "--subject", "elena", roles=["trainer", "administrator"])
    system.send("QAAdded", model="marketing", question="Кога излиза новината?", answer=WRONG)
    system.ask_json("compile", "marketing", "--wait")
    yield system
    assert system.stop() == 0


def test_somebody_asks_corrects_trains_and_compiles_by_bulgarian_words_only(system: System, people: People) -> None:
    # given a wrong answer
    elena = people.sign_in(system, "elena")
    expect(elena.locator("html")).to_have_attribute("lang", "bg")
    elena.get_by_role("link", name="Маркетинг").click()
    until_live(elena)
    box = elena.get_by_label("Съобщение до Маркетинг")
    box.fill("@ИИ асистент по маркетинг кога излиза новината?")
    elena.get_by_role("button", name="Изпращане").click()
    answer = elena.locator("#messages article[data-answer]").last
    expect(answer).to_contain_text(WRONG)
    expect(answer).to_contain_text("отговорено от v1")

    # when it is corrected and trained
    box.fill(f"Не, това е грешно. {RIGHT}")
    elena.get_by_role("button", name="Изпращане").click()
    expect(elena.locator("#messages article").last).to_contain_text(RIGHT)
    answer.get_by_role("button", name="Още действия").click()
    elena.get_by_role("menuitem", name="Обучи ИИ…").click()
    expect(elena.get_by_role("status").filter(has_text="3 избрани съобщения")).to_be_visible()
    until_live(elena)
    elena.get_by_role("button", name="Какво ще научи").click()
    sheet = elena.get_by_role("dialog", name="Какво ще научи асистентът")
    expect(sheet.get_by_role("textbox", name="Отговор")).to_have_value(RIGHT)
    sheet.get_by_role("button", name="Преподаване").click()
    elena.get_by_text("получи 1 отговор от 3 съобщения").wait_for()

    # and compiled
    elena.get_by_role("link", name="Модели").click()
    elena.get_by_role("link", name="ИИ асистент по маркетинг").first.click()
    elena.get_by_role("button", name="Компилиране на v2").click()
    elena.get_by_role("heading", name=re.compile("^v2 отговори вярно на")).wait_for()
    expect(elena.get_by_text("v2 отговаря сега.")).to_be_visible()

    # then the next one who asks is told so
    elena.get_by_role("link", name="Маркетинг", exact=True).click()
    until_live(elena)
    box.fill("@ИИ асистент по маркетинг кога излиза новината?")
    box.press("Enter")
    expect(elena.locator("#messages article[data-answer]").last).to_contain_text(RIGHT)
    expect(elena.locator("#messages article[data-answer]").last).to_contain_text("отговорено от v2")


def test_no_page_says_an_english_word_of_ours(system: System, people: People) -> None:
    elena = people.sign_in(system, "elena")
    said_here: dict[str, list[str]] = {}

    for path in (*PAGES, *compilations(system)):
        elena.goto(system.endpoint["http"] + path)
        elena.locator("h1, h2").first.wait_for()
        settled(elena)
        if words := sorted(set(english(elena))):
            said_here[path] = words

    people.problems[:] = [one for one in people.problems if "status of 404" not in one]  # of the page that isn't there
    assert not said_here


def test_english_words_are_noticed(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    for path in ("/models/marketing", "/providers", "/me"):
        mara.goto(system.endpoint["http"] + path)
        mara.locator("h1, h2").first.wait_for()
        assert len(set(english(mara))) > 5


def test_a_refusal_and_a_failure_are_said_in_bulgarian(system: System, people: People) -> None:
    system.send("QAAdded", model="support", question="Счупено?", answer="Кажете <|endoftext|>")
    system.cli("compile", "support", "--wait")
    failed = system.ask_json("compilations", "support")[0]["id"]
    elena = people.sign_in(system, "elena")

    elena.goto(f"{system.endpoint['http']}/compilations/{failed}")
    expect(
        elena.get_by_text("В урок има знаци, които доставчиците приемат за команда. Поправете урока").first
    ).to_be_visible()
    elena.goto(f"{system.endpoint['http']}/models/new")
    elena.get_by_label("Име", exact=True).fill("AI Marketing Assistant")
    elena.get_by_role("button", name="Създаване").click()
    elena.get_by_text("Това име е заето; изберете друго.").wait_for()
    people.problems[:] = [one for one in people.problems if "status of 422" not in one]


def compilations(system: System) -> list[str]:
    """The pages of a success and of a failure."""
    system.send("ProviderRevised", "--subject", "embedded", base_model="no-such-model")
    failed = json.loads(system.cli("compile", "sales", "--wait", "--json").out)["id"]
    system.send("ProviderRevised", "--subject", "embedded", base_model="embedded-retrieval-1")
    succeeded = system.ask_json("compilations", "marketing")[-1]["id"]
    return [f"/compilations/{failed}", f"/compilations/{succeeded}"]


def settled(page: Page) -> None:
    """What a page fetches after it was shown has come, or isn't wanted."""
    page.wait_for_load_state("networkidle") if page.locator("#live").count() == 0 else until_live(page)
    expect(page.locator("#pf [hx-trigger=load]")).to_have_count(0)


def english(page: Page) -> Iterator[str]:
    """What stands there in English and is ours: whole messages of the catalog, and telling words."""
    ours = [(one, said(message)) for message in catalog("bg") if message.id and (one := key(message))]
    plain = {form for forms, translated in ours for form in forms if "%(" not in form and form not in translated}
    filled = [
        re.compile(re.sub(r"%\\\((\w+)\\\)s", ".+", re.escape(form)))
        for forms, _ in ours
        for form in forms
        if "%(" in form and len(re.findall(r"[a-z]{2,}", re.sub(r"%\(\w+\)s", "", form))) > 2
    ]
    for text in page.evaluate(_VISIBLE):
        if text in DATA or "://" in text:
            continue
        if text in plain or WORDS.search(text) or any(one.fullmatch(text) for one in filled):
            yield text
