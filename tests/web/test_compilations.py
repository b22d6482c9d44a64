"""Compilations in a browser: while they run, what became of them, and asking for one."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import People, listening, opened
from tests.fixtures.system import System

pytestmark = pytest.mark.slow
HOSTILE = "<script>alert(1)</script>{{ 7 * 7 }}"
JOBS = "/v1/fine_tuning/jobs"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("web") / "home").start()
    yield system
    assert system.stop() == 0


@pytest.fixture(scope="module")
def slow_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Its jobs stay in each status for a while, so that somebody can look at them."""
    environ = {"APPRENTICE_EMBEDDED_PROVIDER_STEP_SECONDS": "2"}
    system = System(tmp_path_factory.mktemp("slow") / "home", environ=environ).start()
    yield system
    assert system.stop() == 0


@pytest.fixture(autouse=True)
def no_faults(system: System) -> Iterator[None]:
    yield
    system.heal()


def _next_version(system: System, model: str, question: str) -> Any:
    """The version that answers, once the model was taught this too and compiled."""
    system.send("QAAdded", model=model, question=question, answer="As the house does.")
    system.ask_json("compile", model, "--wait")
    return next(one["active"] for one in system.ask_json("models") if one["id"] == model)


def latest(system: System, model: str) -> str:
    id: str = system.ask_json("compilations", model)[0]["id"]
    return id


def test_a_compilation_is_followed_to_its_end_without_a_reload(slow_system: System, people: People) -> None:
    mara = people.sign_in(slow_system, "mara")
    slow_system.fault(path=JOBS, status=None, delay=50)
    id = slow_system.ask_json("compile", "sales")["id"]
    opened(slow_system, mara, f"/compilations/{id}")
    assert mara.get_by_role("heading", level=1).inner_text() == "Compiling v1"
    expect(mara.get_by_text("How long it takes is known after the first success.")).to_be_visible()
    slow_system.heal()
    mara.locator(".steps .now").get_by_text("Training").wait_for()

    mara.get_by_role("heading", name="v1 passed 2 of 3 questions").wait_for()
    expect(mara.get_by_text("v1 answers now.")).to_be_visible()
    expect(mara.get_by_role("log").get_by_text("Done: this is v1.")).to_be_visible()
    assert mara.get_by_role("button", name="Cancel").count() == 0


def test_the_second_says_how_long_it_usually_takes_and_can_be_queued_and_cancelled(
    system: System, people: People
) -> None:
    system.send("ModelDefined", "--subject", "kiln", name="AI Kiln Assistant", provider="embedded")
    system.send("QAAdded", model="kiln", question="How hot is it?", answer="1,250 degrees.")
    system.cli("compile", "kiln", "--wait")
    mara = people.sign_in(system, "mara")
    system.fault(path=JOBS, status=None, delay=50)
    running = system.ask_json("compile", "kiln", "--force")["id"]
    opened(system, mara, f"/compilations/{running}")
    expect(mara.get_by_text(re.compile(r"It usually takes \d"))).to_be_visible()

    queued = system.ask_json("compile", "kiln", "--force", "--queue")["id"]
    opened(system, mara, f"/compilations/{queued}")
    expect(mara.get_by_text("Waiting for its turn.")).to_be_visible()
    mara.get_by_role("button", name="Cancel").click()
    mara.get_by_role("heading", name="It was cancelled").wait_for()
    expect(mara.get_by_text(re.compile(r"v\d goes on answering."))).to_be_visible()
    system.cli("cancel", running)


def test_the_sidebar_says_on_every_page_that_a_compilation_runs_until_it_has_ended(
    slow_system: System, people: People
) -> None:
    slow_system.send("ModelDefined", "--subject", "wheel", name="AI Wheel Assistant", provider="embedded")
    slow_system.send("QAAdded", model="wheel", question="How fast does it turn?", answer="120 times a minute.")
    theo = opened(slow_system, people.sign_in(slow_system, "theo"), "/assistant")
    side = theo.get_by_role("navigation", name="Main")
    expect(side.get_by_role("link", name="Compilations", exact=True)).to_be_visible()

    slow_system.fault(path=JOBS, status=None, delay=50)
    slow_system.cli("compile", "wheel")
    expect(side.get_by_role("link", name="Compilations 1 running")).to_be_visible()
    opened(slow_system, theo, "/models")
    expect(side.get_by_role("link", name="Compilations 1 running")).to_be_visible()

    slow_system.heal()
    expect(side.get_by_role("link", name="Compilations", exact=True)).to_be_visible()
    assert slow_system.ask_json("compilations", "wheel")[0]["status"] == "succeeded"


def test_a_failure_names_the_fix_and_what_stayed_safe(system: System, people: People) -> None:
    system.cli("compile", "support", "--wait")
    system.send("QAAdded", model="support", question="Broken?", answer=f"Say <|endoftext|> {HOSTILE}")
    system.cli("compile", "support", "--wait")
    mara = people.sign_in(system, "mara")
    opened(system, mara, f"/compilations/{latest(system, 'support')}")

    expect(mara.get_by_role("heading", name="It could not be compiled")).to_be_visible()
    expect(mara.get_by_text("v1 goes on answering.")).to_be_visible()
    lesson = mara.get_by_role("link", name="Open the lesson").get_attribute("href")
    assert lesson is not None
    assert system.ask_json("send", "QADeactivated", "{}", "--subject", lesson.removeprefix("/lessons/"))

    mara.get_by_role("button", name="Compile again").click()

    mara.get_by_role("heading", name="Nothing new to learn").wait_for()
    expect(mara.get_by_text("v1 knows all of it already.")).to_be_visible()


def test_a_model_that_is_compiling_already_says_so_and_queues_the_next(system: System, people: People) -> None:
    for _ in range(2):
        system.cli("compile", "marketing", "--wait")
    unchanged = latest(system, "marketing")
    mara = people.sign_in(system, "mara")
    system.fault(path=JOBS, status=None, delay=50)
    system.cli("compile", "marketing", "--force")
    opened(system, mara, f"/compilations/{unchanged}")
    mara.get_by_role("button", name="Build it all the same").click()

    refused = mara.get_by_role("dialog", name="AI Marketing Assistant isn’t compiled now")
    refused.get_by_text("is compiling already").wait_for()
    there = refused.get_by_role("link", name="See the one that runs").get_attribute("href")
    assert there == f"/compilations/{latest(system, 'marketing')}"
    refused.get_by_role("button", name="Queue behind it").click()

    mara.get_by_text("Waiting for its turn.").wait_for()
    mara.get_by_role("button", name="Cancel").click()
    mara.get_by_role("heading", name="It was cancelled").wait_for()
    system.cli("cancel", there.removeprefix("/compilations/"))


def test_what_a_provider_said_is_shown_folded_and_as_text(system: System, people: People) -> None:
    system.fault(path=JOBS, status=403, body=json.dumps({"error": {"message": HOSTILE}}))
    system.cli("compile", "master", "--wait", "--force")
    mara = people.sign_in(system, "mara")
    opened(system, mara, f"/compilations/{latest(system, 'master')}")

    raw = mara.locator("pre.raw")
    expect(raw).to_be_hidden()
    mara.get_by_text("What the provider said").click()
    assert HOSTILE in raw.inner_text()
    expect(mara.get_by_role("link", name="To the provider’s settings")).to_be_visible()


def test_a_person_activates_a_version_and_goes_back(system: System, people: People) -> None:
    system.cli("compile", "sales", "--wait")
    system.send("ModelRevised", "--subject", "sales", activate_automatically=False)
    system.send("QAAdded", model="sales", question="Do we lend pieces?", answer=f"Yes. {HOSTILE}")
    system.cli("compile", "sales", "--wait")
    v2, v1 = (one["id"] for one in system.ask_json("compilations", "sales")[:2])
    mara = people.sign_in(system, "mara")
    opened(system, mara, f"/compilations/{v2}")
    expect(mara.get_by_text("v1 answers until you decide.")).to_be_visible()

    mara.get_by_role("button", name="Activate v2").click()
    mara.get_by_text("v2 answers now.").wait_for()

    opened(system, mara, f"/compilations/{v1}")
    mara.get_by_role("button", name="Go back to v1").click()
    mara.get_by_text("v1 answers now.").wait_for()

    opened(system, mara, f"/compilations/{v2}")
    mara.get_by_role("link", name="added").click()
    learnt = mara.get_by_role("dialog", name="Against v1")
    learnt.get_by_text("Do we lend pieces?").wait_for()
    assert HOSTILE in learnt.inner_text()


def test_a_version_says_who_taught_what_is_new_in_it(system: System, people: People) -> None:
    system.send("ModelDefined", "--subject", "fair", name="AI Fair Assistant", provider="embedded")
    system.send("QAAdded", "--as", "theo", model="fair", question="When is the fair?", answer="In May.")
    first = system.ask_json("compile", "fair", "--wait")["id"]
    for who, question in (("mara", "Where?"), ("theo", "For how long?"), ("mara", "Who goes?"), ("theo", "Who pays?"),
                          ("mara", "Which stand?")):  # fmt: skip
        system.send("QAAdded", "--as", who, model="fair", question=question, answer="As last year.")
    system.send("ModelRevised", "--subject", "fair", activate_automatically=False)
    second = system.ask_json("compile", "fair", "--wait")["id"]
    ruth = people.sign_in(system, "ruth")
    taught = ruth.get_by_role("region", name="Who taught it")

    opened(system, ruth, f"/compilations/{first}")
    expect(taught.get_by_role("listitem")).to_have_text([re.compile(r"Theo Vale\s*1 lesson$")])
    expect(taught).not_to_contain_text("are told")
    opened(system, ruth, f"/compilations/{second}")
    expect(ruth.get_by_text("v1 answers until an administrator activates v2.")).to_be_visible()
    expect(taught.get_by_role("listitem")).to_have_text(
        [re.compile(r"Mara Rowan\s*3 lessons"), re.compile(r"Theo Vale\s*2 lessons")]
    )
    expect(taught).to_contain_text("People are told of their lessons when a version that learnt them answers")


def test_a_version_that_does_not_answer_is_deleted_at_its_provider(system: System, people: People) -> None:
    system.send("ModelDefined", "--subject", "wheel", name="AI Wheel Assistant", provider="embedded")
    v1, v2 = (_next_version(system, "wheel", f"What is rule {number}?") for number in range(2))
    model = f"/v1/models/{v1['compiled_model']}"
    system.fault(path=model, method="DELETE", status=403, body=json.dumps({"error": {"message": HOSTILE}}))
    mara = people.sign_in(system, "mara")
    opened(system, mara, f"/compilations/{v2['compilation']}")
    expect(mara.get_by_role("button", name="Delete v2")).to_have_count(0)
    opened(system, mara, f"/compilations/{v1['compilation']}")

    # what the provider refuses is told
    mara.get_by_label("Yes, delete it for good").check()
    mara.get_by_role("button", name="Delete v1").click()
    expect(mara.locator("#outcome")).to_contain_text("v1 was not deleted.")
    expect(mara.get_by_role("button", name="Go back to v1")).to_be_visible()

    # asked for again it is gone, and nothing offers it any more
    opened(system, mara, f"/compilations/{v1['compilation']}")
    mara.get_by_label("Yes, delete it for good").check()
    mara.get_by_role("button", name="Delete v1").click()
    expect(mara.get_by_role("heading", name="v1 no longer exists at its provider")).to_be_visible()
    expect(mara.get_by_role("log").get_by_text("The compiled model no longer exists at the provider.")).to_be_visible()
    expect(mara.get_by_role("button", name="Delete v1")).to_have_count(0)
    expect(mara.get_by_role("button", name="Go back to v1")).to_have_count(0)


def test_the_training_file_is_the_recorded_one_to_the_byte(system: System, people: People) -> None:
    system.cli("compile", "master", "--wait")
    recorded = next(one for one in system.ask_json("compilations", "master") if one["status"] == "succeeded")
    theo = people.sign_in(system, "theo")
    opened(system, theo, f"/compilations/{recorded['id']}")

    with theo.expect_download() as started:
        theo.get_by_role("link", name="Training file").click()
    content = started.value.path().read_bytes()
    assert hashlib.sha256(content).hexdigest() == recorded["sha256"]

    with theo.expect_download() as started:
        theo.get_by_role("link", name="Sidecar").click()
    origins = [json.loads(line) for line in started.value.path().read_text(encoding="utf-8").splitlines()]
    assert [one["line"] for one in origins] == list(range(1, recorded["examples"] + 1))
    assert started.value.suggested_filename == f"master-v{recorded['version']}.sidecar.jsonl"


def test_the_list_is_filtered_and_shows_a_new_one_by_itself(system: System, people: People) -> None:
    system.cli("compile", "master", "--wait")
    theo = people.sign_in(system, "theo")
    opened(system, theo, "/compilations")
    theo.get_by_label("Model").select_option(label="Rowan & Vale Assistant")
    theo.wait_for_url("**model=master*")
    listening(theo)
    rows = theo.locator("#list tbody tr")
    before = len(system.ask_json("compilations", "master"))
    expect(rows).to_have_count(before)

    system.cli("compile", "master", "--wait")

    rows.nth(before).wait_for()
    rows.first.get_by_text("Unchanged").wait_for()


def test_members_see_no_compilations_and_auditors_change_nothing(system: System, people: People) -> None:
    system.cli("compile", "master", "--wait", "--force")
    id = latest(system, "master")
    ines = people.sign_in(system, "ines")
    for path in ("/compilations", f"/compilations/{id}", f"/compilations/{id}/training.jsonl",
                 f"/compilations/{id}/teachers"):  # fmt: skip
        assert ines.request.get(system.endpoint["http"] + path).status == 403
    ruth = people.sign_in(system, "ruth")
    for path in (f"/compilations/{id}/activate", f"/compilations/{id}/delete", "/models/master/compile"):
        headers = {"sec-fetch-site": "same-origin"}
        sent = ruth.request.post(system.endpoint["http"] + path, form={"id": "x1"}, headers=headers)
        assert sent.status == 403
    people.problems.clear()  # of the page where somebody without groups begins
