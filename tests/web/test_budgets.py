"""What pages may weigh: in a real browser, by bytes and requests as they came over the network."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page

from services.web.static_files import FOLDER, url
from tests.fixtures.browser import People, until_live
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
FIRST_LOAD, REQUESTS, OURS = 45 * 1024, 8, 6 * 1024
CHAT = "/groups/marketing-team"
PAGES = (
    CHAT, "/groups/new", "/search", "/assistant", "/models", "/models/new", "/models/marketing", "/models/marketing/settings",
    "/models/marketing/lessons", "/models/marketing/import", "/conflicts?model=marketing", "/review", "/compilations",
    "/providers", "/people", "/notices", "/me", "/proposals", "/sign-in",
)  # fmt: skip

RULES = """(text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return [...sheet.cssRules].map((rule) => rule.cssText);
}"""
"""What a browser makes of a style sheet."""


@dataclass
class Load:
    """What one page brought over the network; the stream, which never ends, is left out."""

    urls: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def requested(self, event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        if not url.startswith("data:") and urlsplit(url).path != "/live":
            self.urls[event["requestId"]] = url

    def finished(self, event: dict[str, Any]) -> None:
        self.sizes[event["requestId"]] = int(event["encodedDataLength"])

    def brought(self) -> dict[str, int]:
        """Bytes by address, of what didn't come from the cache."""
        return {url: self.sizes[id] for id, url in self.urls.items() if self.sizes.get(id)}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("budgets") / "home").start()
    said = [{"group": "marketing-team", "text": f"Beat {number}: the **Ember** glaze."} for number in range(50)]
    system.send_all([{"fact": "MessagePosted", "actor": "person:theo", "data": one} for one in said])
    yield system
    assert system.stop() == 0, system.said


def load(system: System, page: Page, path: str, *, cached: bool) -> Load:
    """Go there and write down what comes."""
    found, network = Load(), page.context.new_cdp_session(page)
    network.on("Network.requestWillBeSent", found.requested)
    network.on("Network.loadingFinished", found.finished)
    network.send("Network.enable")
    if not cached:
        network.send("Network.clearBrowserCache")
    page.goto(system.endpoint["http"] + path, wait_until="load")
    if path != "/sign-in":
        until_live(page)
    network.detach()
    return found


def test_the_first_load_of_a_group_is_small_and_asks_seldom(system: System, people: People) -> None:
    page = people.sign_in(system, "mara")

    brought = load(system, page, CHAT, cached=False).brought()

    assert page.locator("#messages article").count() >= 50
    assert any("icons.svg" in url for url in brought)
    assert len(brought) <= REQUESTS, brought
    assert sum(brought.values()) <= FIRST_LOAD, brought


def test_the_next_page_brings_nothing_but_itself(system: System, people: People) -> None:
    page = people.sign_in(system, "mara")
    load(system, page, "/groups/support-desk", cached=False)

    brought = load(system, page, CHAT, cached=True).brought()

    assert [urlsplit(url).path for url in brought] == [CHAT]


@pytest.mark.parametrize("path", PAGES)
def test_our_scripts_and_style_stay_small_and_nothing_comes_from_elsewhere(
    system: System, people: People, path: str
) -> None:
    page = people.sign_in(system, "mara") if path != "/sign-in" else people.stranger()

    found = load(system, page, path, cached=False)

    assert {urlsplit(url).netloc for url in found.urls.values()} == {urlsplit(system.endpoint["http"]).netloc}
    ours = [url for url in found.urls.values() if re.search(r"/static/.*(?<!/htmx)\.(js|css)$", url)]
    assert any(url.endswith(".css") for url in ours)
    for kind in (".js", ".css"):
        assert sum(_compressed(url) for url in ours if url.endswith(kind)) <= OURS, (kind, ours)


def test_the_style_that_is_sent_means_what_was_written(system: System, people: People) -> None:
    page, written = people.stranger(), (FOLDER / "apprentice.css").read_text(encoding="utf-8")

    sent = _read(system.endpoint["http"] + url("apprentice.css")).decode()

    assert len(sent) < len(written)
    assert page.evaluate(RULES, sent) == page.evaluate(RULES, written)


def _compressed(url: str) -> int:
    return len(gzip.compress(_read(url), 9))


def _read(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:
        content: bytes = answer.read()
        return content
