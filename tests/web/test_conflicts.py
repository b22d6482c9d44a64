"""Conflicts, duplicates, resemblances and personal data, decided in a real browser."""

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from contracts.queries import Conflict, Contender
from services.web.pages.conflicts import steps, why_wins
from services.web.views.wording import against
from tests.fixtures.browser import People
from tests.fixtures.system import System

PARENTS = {"company": None, "sales": "company", "trade": "sales", "support": "company"}
NUMBERS = itertools.count(1)


def rival(id: str, model: str) -> Contender:
    return Contender(id=id, model=model, question="Q?", answer=id, added_by="person:owner", position=1)


def conflict(*rivals: Contender, settled: bool = False) -> Conflict:
    return Conflict(
        question_key="q", winner=rivals[0].id, conflicting=[one.id for one in rivals[1:]], duplicates=[], settled=settled,
        qas=list(rivals),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [("sales", "sales", 0), ("trade", "company", 2), ("company", "trade", 2), ("support", "sales", None)],
)
def test_steps_between_models_are_counted_along_the_lineage(one: str, other: str, number: int | None) -> None:
    assert steps(one, other, PARENTS) == number


def test_answers_with_little_in_common_are_shown_plain() -> None:
    assert against("On the first Thursday of the month.", "Twice a month.") == "Twice a month."
    assert against("At six & later.", "At seven & later.") == "At <del>six</del><ins>seven</ins> &amp; later."


def test_why_an_answer_wins_is_the_first_rule_in_which_they_differ() -> None:
    own, child, grandchild = rival("a", "company"), rival("b", "sales"), rival("c", "trade")

    assert why_wins(conflict(own, child), "company", PARENTS) == "own"
    assert why_wins(conflict(child, grandchild), "company", PARENTS) == "nearer"
    assert why_wins(conflict(own, rival("d", "company")), "company", PARENTS) == "later"
    assert why_wins(conflict(grandchild, own, settled=True), "company", PARENTS) == "settled"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("conflicts") / "home").start()
    yield system
    assert system.stop() == 0


@pytest.fixture
def model(system: System) -> str:
    """A model of the test's own."""
    name = f"m{next(NUMBERS)}"
    system.send("ModelDefined", id=name, name=name)
    return name


def look(page: Page, system: System, model: str, show: str = "conflicts") -> None:
    page.goto(f"{system.endpoint['http']}/conflicts?model={model}&show={show}")


def winner(system: System, model: str) -> str:
    (found,) = system.ask_json("conflicts", model)["conflicts"]
    answer: str = found["qas"][0]["answer"]
    return answer


@pytest.mark.slow
def test_a_conflict_is_settled_and_says_who_wins_and_why(system: System, people: People, model: str) -> None:
    system.send("QAAdded", model=model, question="When do we open?", answer="At eight.")
    system.send("QAAdded", model=model, question="When do we open?", answer="At nine.")
    theo = people.sign_in(system, "theo")
    look(theo, system, model)
    learnt = theo.get_by_role("article", name="Learnt", exact=True)
    expect(learnt).to_contain_text("it was taught later")
    expect(learnt).to_contain_text("At nine.")

    theo.get_by_role("article", name="Not learnt").get_by_role("button", name="Let this one win").click()

    expect(learnt).to_contain_text("somebody let it win")
    expect(learnt).to_contain_text("At eight.")
    assert winner(system, model) == "At eight."


@pytest.mark.slow
def test_one_of_two_is_deactivated_and_comes_back_by_undo(system: System, people: People, model: str) -> None:
    system.send("QAAdded", model=model, question="Who paints?", answer="Ann.")
    system.send("QAAdded", model=model, question="Who paints?", answer="Bo.")
    theo = people.sign_in(system, "theo")
    look(theo, system, model)

    theo.get_by_role("article", name="Not learnt").get_by_role("button", name="Deactivate").click()
    theo.locator("[data-toast]").hover()  # so that it stays until it is read
    theo.get_by_text("Nothing contradicts itself").wait_for()
    assert system.ask_json("conflicts", model)["conflicts"] == []

    theo.get_by_role("button", name="Undo").click()
    theo.get_by_role("article", name="Not learnt").wait_for()
    assert len(system.ask_json("conflicts", model)["conflicts"]) == 1


@pytest.mark.slow
def test_one_of_two_is_revised_beside_the_other(system: System, people: People, model: str) -> None:
    system.send("QAAdded", model=model, question="How hot?", answer="1200 degrees.")
    system.send("QAAdded", model=model, question="How hot?", answer="1240 degrees.")
    theo = people.sign_in(system, "theo")
    look(theo, system, model)

    theo.get_by_role("article", name="Not learnt").get_by_role("button", name="Revise").click()
    dialog = theo.get_by_role("dialog")
    expect(dialog).to_contain_text("1240 degrees.")
    dialog.get_by_role("textbox", name="Answer").fill("1240 degrees.")
    dialog.get_by_role("button", name="Save").click()

    theo.get_by_text("Nothing contradicts itself").wait_for()
    look(theo, system, model, "duplicates")
    theo.get_by_role("article", name="Not learnt").wait_for()


@pytest.mark.slow
def test_questions_that_resemble_each_other_may_ask_different_things(
    system: System, people: People, model: str
) -> None:
    system.send("QAAdded", model=model, question="Where is our workshop in Aldermoor?", answer="On Mill Lane.")
    system.send(
        "QAAdded", model=model, question="Where is our old workshop in Aldermoor?", answer="It was at the dairy."
    )
    theo = people.sign_in(system, "theo")
    look(theo, system, model, "alike")

    theo.get_by_role("button", name="They ask different things").click()

    theo.get_by_text("No questions resemble each other").wait_for()
    assert system.ask_json("conflicts", model)["resemblances"] == []


@pytest.mark.slow
def test_personal_data_is_accepted_by_a_trainer(system: System, people: People, model: str) -> None:
    system.send("QAAdded", model=model, question="Whom do we write?", answer="Write to shop@rowanvale.example.")
    theo = people.sign_in(system, "theo")
    look(theo, system, model, "personal")
    expect(theo.get_by_role("main")).to_contain_text("Write to shop@rowanvale.example.")

    theo.get_by_role("button", name="It may be trained").click()

    theo.get_by_text("No personal data was found").wait_for()
    checks = {one["check"]: one["level"] for one in system.cli("preflight", model, "--json").json["checks"]}
    assert checks.get("personal_data", "ok") == "ok"


@pytest.mark.slow
def test_members_may_not_look_and_auditors_change_nothing(system: System, people: People, model: str) -> None:
    system.send("QAAdded", model=model, question="Who sees?", answer="All.")
    system.send("QAAdded", model=model, question="Who sees?", answer="Some.")
    ines = people.sign_in(system, "ines")
    answer = ines.goto(f"{system.endpoint['http']}/conflicts")
    assert answer is not None
    assert answer.status == 403
    people.problems.clear()  # the browser logs the 403

    ruth = people.sign_in(system, "ruth")
    look(ruth, system, model)
    expect(ruth.get_by_role("article", name="Not learnt")).to_contain_text("All.")
    assert ruth.get_by_role("button", name="Deactivate").count() == 0
