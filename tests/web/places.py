"""Every page of the product, in a demo company where something has happened: for looking at, and for tests of all pages."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System


@dataclass(frozen=True, slots=True)
class Place:
    """A page. `path` may name what `furnish` found, as in `/lessons/{lesson}`; `opens` is clicked before looking."""

    name: str
    path: str
    person: str = "mara"
    opens: str = ""


PLACES: Final = (
    Place("chat", "/groups/marketing-team"),
    Place("chat-menu", "/groups/marketing-team", opens="#messages article[data-answer] >> nth=-1 >> [data-menu]"),
    Place("chat-new", "/groups/new"),
    Place("search", "/search?text=glaze"),
    Place("train-pick", "/groups/marketing-team/train/{answer}"),
    Place("train-preview", "/groups/marketing-team/train/{answer}", opens="text=Show what it will learn"),
    Place("why", "/groups/marketing-team", opens="text=Why this answer? >> nth=-1"),
    Place("assistant", "/assistant"),
    Place("models", "/models"),
    Place("model-new", "/models/new"),
    Place("model", "/models/marketing"),
    Place("model-empty", "/models/{empty}"),
    Place("settings", "/models/marketing/settings"),
    Place("lessons", "/models/marketing/lessons"),
    Place("lesson", "/lessons/{lesson}"),
    Place("conversation", "/lessons/{conversation}"),
    Place("import", "/models/marketing/import"),
    Place("conflicts", "/conflicts?model=marketing"),
    Place("review", "/review"),
    Place("compilations", "/compilations"),
    Place("compilation-succeeded", "/compilations/{succeeded}"),
    Place("compilation-failed", "/compilations/{failed}"),
    Place("compilation-difference", "/compilations/{succeeded}", opens="a[href$=difference]"),
    Place("providers", "/providers"),
    Place("provider", "/providers/embedded"),
    Place("provider-new", "/providers/new?kind=azure"),
    Place("people", "/people"),
    Place("person", "/people/theo"),
    Place("person-new", "/people/new"),
    Place("notices", "/notices"),
    Place("notices-panel", "/models", opens="a[aria-label*=otice]"),
    Place("palette", "/models", opens="[data-key=palette]"),
    Place("me", "/me"),
    Place("proposals", "/proposals", person="ines"),
    Place("lesson-proposed", "/lessons/{approved}", person="ines"),
    Place("bulgarian", "/groups/marketing-team", person="elena"),
    Place("bulgarian-model", "/models/marketing", person="elena"),
    Place("auditor", "/models/marketing", person="ruth"),
)
GATES: Final = (Place("sign-in", "/sign-in", person=""), Place("not-found", "/nothing/here"))


def furnish(system: System, talker: Page) -> dict[str, str]:
    """Let the demo company work for a while; ids that paths name. `talker` is a page of somebody of the marketing team."""
    system.send("QAAdded", "--as", "theo", model="marketing", section="Newsletter",
                question="When does the newsletter go out?", answer="Twice a month.")  # fmt: skip
    lesson = system.send("QAAdded", "--as", "mara", model="marketing", section="Guarantees",
                         question="How long is the Ember glaze guaranteed?",
                         answer="Five years against crazing. Chips from daily use are not covered.")["subject"]  # fmt: skip
    succeeded = system.ask_json("compile", "marketing", "--wait")["id"]
    system.ask_json("compile", "master", "--wait")
    answer = _talk(system, talker)
    conversation = _taught(system)
    system.send("QAAdded", "--as", "elena", model="marketing", question="When does the newsletter go out?",
                answer="On the first Thursday of the month.")  # fmt: skip
    system.send("QAAdded", "--as", "ines", model="marketing", question="May we use the kiln photos?",
                answer="Yes, with Theo's name under them; his number is +44 20 7946 0958.")  # fmt: skip
    approved = system.send("QAAdded", "--as", "ines", model="marketing", question="Who answers the press?",
                           answer="Mara, **nobody** else.")["subject"]  # fmt: skip
    system.ask_json("approve", approved)
    empty = system.send("ModelDefined", name="AI Logistics Assistant", provider="embedded", parent="master")["subject"]
    system.send("ProviderRevised", "--subject", "embedded", base_model="no-such-model")
    failed = json.loads(system.cli("compile", "sales", "--wait", "--json").out)["id"]
    system.send("ProviderRevised", "--subject", "embedded", base_model="embedded-retrieval-1")
    return {"lesson": lesson, "succeeded": succeeded, "failed": failed, "answer": answer, "empty": empty,
            "conversation": conversation, "approved": approved}  # fmt: skip


def _talk(system: System, talker: Page) -> str:
    """A question, an answer, a correction; the answer's id."""
    talker.goto(f"{system.endpoint['http']}/groups/marketing-team")
    talker.locator("body[data-connected]").wait_for(state="attached")
    box = talker.locator("#text")
    box.fill("@AI Marketing Assistant how long is the **Ember** glaze guaranteed?")
    box.press("Enter")
    answered = talker.locator("#messages article[data-answer]").filter(has_text="answered by")
    answered.filter(has_text="Five years against crazing").wait_for()
    box.fill("@AI Marketing Assistant when does the newsletter go out?")
    box.press("Enter")
    answered.filter(has_text="Twice a month").wait_for()
    answer = answered.filter(has_text="Twice a month").get_attribute("data-id")
    box.fill(
        "No, that's wrong. Every *Thursday* at ten, never on holidays:\n\n| Day | What |\n| --- | --- |\n| Thursday | `News` |"
    )
    box.press("Enter")
    talker.get_by_text("never on holidays").first.wait_for()
    assert answer is not None
    return answer


def _taught(system: System) -> str:
    subject: str = system.send(
        "ConversationTrained", "--as", "theo", model="marketing", section="Launches", notes="The Ember launch",
        messages=[
            {"role": "user", "content": "Which days do we post for the Ember launch?", "author": "person:ines"},
            {"role": "assistant", "content": "Every day.", "learn": False},
            {"role": "user", "content": "No, three beats a week until 12 December.", "author": "person:theo"},
            {"role": "assistant", "content": "Tuesday, Thursday and Saturday until 12 December.", "learn": True},
        ],
    )["subject"]  # fmt: skip
    return subject


def url(system: System, place: Place, found: dict[str, str]) -> str:
    """Where the place is."""
    return str(system.endpoint["http"]) + place.path.format(**found)


def look(page: Page, system: System, place: Place, found: dict[str, str]) -> None:
    """Go there and open what it opens."""
    page.goto(url(system, place, found))
    if page.locator("#pf").count():
        page.locator("#pf .delta").wait_for()  # what the next version would be is fetched by the page itself
    page.locator('[hx-get$="/teachers"]').wait_for(state="detached")  # likewise who taught a version
    if place.opens:
        until_live(page)  # before that a link leads to a page of its own
        page.locator(place.opens).first.click()
        page.locator("dialog[open], [role=menu]").first.wait_for()


def write_screenshots(folder: Path) -> None:
    """Every place in both themes, wide and narrow, as PNG."""
    import tempfile

    from playwright.sync_api import sync_playwright

    from tests.fixtures.browser import FLAGS, executable

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        system = System(Path(home) / "home").start()
        people = People(playwright.chromium.launch(executable_path=executable(playwright), args=FLAGS))
        try:
            _write_all(folder, system, people)
        finally:
            people.close()
            system.stop()


def _write_all(folder: Path, system: System, people: People) -> None:
    pages = {name: people.sign_in(system, name) for name in ("mara", "ines", "elena", "ruth", "theo")}
    found = furnish(system, pages["theo"])
    for place in (*PLACES, *GATES):
        page = pages.get(place.person) or people.stranger()
        for suffix, width, theme in (("", 1280, "light"), ("-dark", 1280, "dark"), ("-390", 390, "light")):
            # A menu that only the sidebar has is opened while there is one.
            page.set_viewport_size({"width": 1280, "height": 880})
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            look(page, system, place, found)
            page.set_viewport_size({"width": width, "height": 880 if width > 600 else 844})
            page.wait_for_timeout(400)
            page.screenshot(path=folder / f"{place.name}{suffix}.png")


if __name__ == "__main__":
    import sys

    write_screenshots(Path(sys.argv[1]))
