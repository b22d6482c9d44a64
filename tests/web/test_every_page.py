"""What holds for every page: nothing for axe to find, nothing to scroll sideways, in light and dark, wide and narrow."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.fixtures.browser import People
from tests.fixtures.system import System
from tests.web.places import GATES, PLACES, Place, furnish, look

pytestmark = pytest.mark.slow
LOOKS = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
NARROWEST = 360


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("pages") / "home").start()
    yield system
    assert system.stop() == 0


@pytest.fixture(scope="module")
def everyone(chromium: Browser, system: System) -> Iterator[tuple[People, dict[str, Page], dict[str, str]]]:
    """A page of each person, and the ids that the places name."""
    people = People(chromium)
    pages = {name: people.sign_in(system, name) for name in ("mara", "ines", "elena", "ruth", "theo")}
    yield people, pages | {"": people.stranger()}, furnish(system, pages["theo"])
    people.close()


@pytest.mark.parametrize("place", [*PLACES, *GATES], ids=lambda place: place.name)
def test_a_page_can_be_used_by_everybody(
    system: System, everyone: tuple[People, dict[str, Page], dict[str, str]], place: Place
) -> None:
    people, pages, found = everyone
    page = pages[place.person]
    people.problems.clear()
    page.set_viewport_size({"width": 1280, "height": 880})
    page.emulate_media(color_scheme="light")

    look(page, system, place, found)
    faults = []
    for width, theme in LOOKS:
        page.set_viewport_size({"width": width, "height": 880})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        results = Axe().run(page)
        faults += [
            f"{width} {theme}: {one['id']}: {node['target']} {node['html'][:160]}"
            for one in results.response["violations"]
            for node in one["nodes"]
        ]
    page.set_viewport_size({"width": NARROWEST, "height": 740})
    wide = page.evaluate("document.documentElement.scrollWidth")

    assert faults == []
    assert wide <= NARROWEST
    assert people.problems == [] or place.name == "not-found"  # the browser logs the 404
