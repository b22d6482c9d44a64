"""People and modules in a browser: added with a link to hand over, changed, signed out, erased."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, opened
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
HOSTILE = "<b onmouseover=alert(1)>O'Neil</b> {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    yield system
    assert system.stop() == 0


def test_somebody_new_comes_in_by_the_link_that_was_handed_over(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    opened(system, mara, "/people/new")
    mara.get_by_label("Name", exact=True).fill(HOSTILE)
    mara.get_by_label("E-mail").fill("oneil@rowanvale.example")
    mara.get_by_role("checkbox", name="trainer").check()
    mara.get_by_role("button", name="Add and make a link").click()
    url = mara.get_by_role("textbox", name="Link").input_value()

    newcomer = people.stranger()
    newcomer.goto(url)
    newcomer.get_by_role("button", name="Sign in").click()
    newcomer.wait_for_url(lambda where: "/welcome/" not in where)
    newcomer.goto(system.endpoint["http"] + "/me")
    expect(newcomer.locator("#side").get_by_text(HOSTILE)).to_be_visible()
    people.problems.clear()  # of the page where somebody without groups begins

    opened(system, mara, "/people")
    row = mara.get_by_role("row").filter(has_text=HOSTILE)
    expect(row.get_by_text("member, trainer")).to_be_visible()
    expect(row.get_by_text("oneil@rowanvale.example")).to_be_visible()


def test_only_what_differs_is_changed_and_others_see_it_without_a_reload(system: System, people: People) -> None:
    ruth = people.sign_in(system, "ruth")
    people.problems.clear()  # of the page where somebody without groups begins
    opened(system, ruth, "/people")
    mara = people.sign_in(system, "mara")
    opened(system, mara, "/people/jonas")
    mara.get_by_role("checkbox", name="trainer").check()
    mara.get_by_label("Language").select_option("bg")
    mara.get_by_label("Name to sign in with").fill("jonas.b")
    mara.get_by_role("button", name="Save").click()
    mara.wait_for_url("**/people")
    mara.get_by_text("Saved.").wait_for()

    jonas = ruth.get_by_role("row").filter(has_text="Jonas Brandt")
    jonas.get_by_text("member, trainer").wait_for()
    expect(jonas.get_by_text("Български")).to_be_visible()
    assert jonas.get_by_text("jonas.b").count() == 0, "only administrators see it"
    revised = next(one for one in reversed(_history(system)) if one["fact"] == "PersonRevised")
    assert set(revised["data"]) == {"roles", "language", "login"}


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    opened(system, mara, "/people/ines")
    system.send("PersonRevised", "--subject", "ines", language="bg")
    mara.get_by_label("Name", exact=True).fill("Ines C.")

    mara.get_by_role("button", name="Save").click()

    expect(mara.get_by_role("alert")).to_be_visible()
    assert mara.get_by_label("Name", exact=True).input_value() == "Ines C."
    people.problems.clear()  # the browser logs the 409


def test_the_last_administrator_stays_one(system: System, people: People) -> None:
    system.send("PersonRevised", "--subject", "mara", roles=["trainer"])
    owner = people.sign_in(system)
    opened(system, owner, "/people/owner")
    owner.get_by_role("checkbox", name="administrator").uncheck()
    owner.get_by_role("button", name="Save").click()

    assert "last administrator" in owner.get_by_role("alert").inner_text()
    system.send("PersonRevised", "--subject", "mara", roles=["administrator", "trainer"])
    people.problems.clear()


def test_signed_out_everywhere_one_is_at_the_door(system: System, people: People) -> None:
    theo = people.sign_in(system, "theo")
    opened(system, theo, "/groups/marketing-team")
    mara = people.sign_in(system, "mara")
    opened(system, mara, "/people/theo")
    mara.get_by_role("button", name="Sign out everywhere").click()
    mara.wait_for_url("**/people")

    theo.goto(system.endpoint["http"] + "/people")
    assert theo.url.endswith("/sign-in?to=/people")
    people.problems.clear()  # theo's stream ended with 401


def test_a_new_link_ends_the_one_before(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    links = []
    for _ in range(2):
        opened(system, mara, "/people/elena")
        mara.get_by_role("button", name="New link").click()
        links.append(mara.get_by_role("textbox", name="Link").input_value())

    stranger = people.stranger()
    assert stranger.goto(links[0]).status == 410
    assert stranger.goto(links[1]).status == 200
    people.problems.clear()


def test_somebody_is_erased_only_when_their_name_is_typed(system: System, people: People) -> None:
    gone = system.send("PersonAdded", name="Emil Novak")["subject"]
    mara = people.sign_in(system, "mara")
    opened(system, mara, f"/people/{gone}")
    mara.get_by_label("Type Emil Novak to confirm").fill("Emil")
    mara.get_by_role("button", name="Erase for good").click()
    assert "nothing was erased" in mara.get_by_role("alert").inner_text()

    mara.get_by_label("Type Emil Novak to confirm").fill("Emil Novak")
    mara.get_by_role("button", name="Erase for good").click()
    mara.wait_for_url("**/people")
    assert mara.get_by_text("Emil Novak").count() == 0
    people.problems.clear()


def test_a_module_is_trusted_less(system: System, people: People) -> None:
    mara = people.sign_in(system, "mara")
    opened(system, mara, "/people")
    mara.get_by_text("Another module").click()
    mara.get_by_label("Its name on the bus").fill("web-shop")
    mara.get_by_label("How people call it").fill(HOSTILE)
    mara.locator("#another").get_by_role("button", name="Save").click()

    trust = mara.get_by_label(HOSTILE)
    assert trust.input_value() == "proposes"
    trust.select_option("teaches")
    with mara.expect_response(lambda one: one.request.method == "POST"):
        mara.locator("form").filter(has=trust).get_by_role("button", name="Save").click()
    opened(system, mara, "/people")
    expect(mara.get_by_label(HOSTILE)).to_have_value("teaches")


def test_members_see_nobody_and_auditors_change_nobody(system: System, people: People) -> None:
    ines, ruth = people.sign_in(system, "ines"), people.sign_in(system, "ruth")
    at = system.endpoint["http"]
    assert ines.request.get(at + "/people").status == 403
    assert ruth.request.get(at + "/people").status == 200
    assert ruth.request.get(at + "/people/theo").status == 403
    headers = {"sec-fetch-site": "same-origin"}
    form = {"id": "x1", "name": "Theo Vale", "module": "shop"}
    for path in (
        "/people",
        "/people/theo",
        "/people/theo/link",
        "/people/theo/sign-out",
        "/people/theo/erase",
        "/modules",
    ):
        assert ruth.request.post(at + path, form=form, headers=headers).status == 403
    people.problems.clear()


def _history(system: System) -> list[dict[str, object]]:
    return system.cli("history", "--json").rows
