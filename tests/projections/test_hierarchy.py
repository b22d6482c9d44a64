"""A hierarchy of four levels: who learns whose lessons, and why; what can be held back; which of several answers wins.

    company
      division
        department    (and its sister, below the same division)
          team

The tables are to be read, and corrected, by whoever knows the domain.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.projections.company import Company

PARENTS = {"company": None, "division": "company", "department": "division", "team": "department", "sister": "division"}


def rows(table: str) -> list[Any]:
    """A table's rows below its head; each is called by its first cell."""
    cells = ([cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()[1:])
    return [pytest.param(*row[1:], id=row[0]) for row in cells if any(row)]


# Every model has one QA and one conversation. "qas" behind a name: only its QA is learnt.
LINEAGE = """
why                                                        | compiled   | below | above | learns from
a company learns from all below it, unless told otherwise  | company    | all   | none  | company division department team sister
it may take only questions and answers from below          | company    | qas   | none  | company division:qas department:qas team:qas sister:qas
it may take nothing from below                             | company    | none  | none  | company
a model in the middle takes what stands below it           | division   | all   | none  | division department team sister
a sister's lessons are never taken                         | department | all   | none  | department team
the straight line above is taken when asked for            | department | none  | all   | company division department
only questions and answers from above                      | department | none  | qas   | company:qas division:qas department
both ways, and still no sister                             | department | all   | all   | company division department team
each way has its own rule                                  | department | all   | qas   | company:qas division:qas department team
the last level learns from itself                          | team       | all   | none  | team
the last level takes all that stand above it               | team       | none  | all   | company division department team
"""

# A lesson in the section "Prices" is taught to the department. The company and the division take what is below them,
# the team what is above it.
HOLDING_BACK = """
why                                                        | the lesson | the department       | learnt by
nothing is held back                                       | -          | -                    | company division department team
one lesson is held back                                    | held back  | -                    | department
its section is held back                                   | -          | holds back Prices    | department
a section is found however it is written                   | -          | holds back pRICES.   | department
another section is held back                               | -          | holds back Secrets   | company division department team
one lesson of a section that is held back is shared        | shared     | holds back Prices    | company division department team
a lesson stays held back whatever its section              | held back  | holds back Secrets   | department
a personal assistant shares nothing by itself              | -          | is personal          | department
a personal assistant shares the lesson that is marked so   | shared     | is personal          | company division department team
an archived model gives nothing, and keeps what it has     | -          | is archived          | department
"""

# Lessons with one question, as "model: answer" in the order in which they were taught; all models take all there is.
# "again" revises the model's lesson, "hold" holds it back, "settle" is a person's decision for the compiled model.
CONFLICTS = """
why                                                        | compiled   | taught                                                  | wins       | in conflict         | duplicates
a model's own answer wins over everybody's                 | division   | company: A, department: B, division: C, team: D         | division   | company department team |
it wins though others came later                           | division   | division: A, team: B                                    | division   | team                |
a nearer relative wins over a farther one                  | division   | team: A, department: B                                  | department | team                |
above and below count alike, the nearer wins               | department | company: A, team: B                                     | team       | company             |
of two equally near, the text that was set later wins      | division   | department: A, company: B                               | company    | department          |
a revision sets the text anew                              | division   | department: A, company: B, again department: C          | department | company             |
equal answers count once, blanks at the ends aside         | company    | company: A, division: _A_                               | company    |                     | division
of equal answers below, the nearest names the example      | company    | team: A, division: A, department: B                     | division   | department          | team
what is held back takes no part                            | company    | team: A, department: B, hold department                 | team       |                     |
a person's decision wins over nearness                     | division   | department: A, team: B, settle team                     | team       | department          |
and over the model's own                                   | division   | division: A, team: B, settle team                       | team       | division            |
the latest decision counts                                 | division   | department: A, team: B, settle team, settle department  | department | team                |
"""  # fmt: skip


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    """On SQLite."""
    found = await Company(tmp_path).begin()
    yield found
    await found.close()


async def define(company: Company, /, **rules: dict[str, str]) -> None:
    for name, parent in PARENTS.items():
        lineage = rules.get(name, {"descendants": "all", "ancestors": "all"})
        await company.report("ModelDefined", name, name=name.title(), parent=parent, lineage=lineage)


def named(models: str) -> list[str]:
    """`a b:qas` is a's QA, a's talk, b's QA."""
    pairs = (one.partition(":") for one in models.split())
    return sorted(f"{model}'s {kind}" for model, _, only in pairs for kind in (["qa"] if only else ["qa", "talk"]))


@pytest.mark.parametrize(("compiled", "below", "above", "learns_from"), rows(LINEAGE))
async def test_who_learns_from_whom(company: Company, compiled: str, below: str, above: str, learns_from: str) -> None:
    await define(company, **{compiled: {"descendants": below, "ancestors": above}})
    for model in PARENTS:
        await company.qa(model, f"{model}-qa")
        turns = [{"role": "user", "content": f"{model}?"}, {"role": "assistant", "content": "Yes."}]
        await company.report("ConversationTrained", f"{model}-talk", model=model, messages=turns)

    learnt = await company.learns(compiled)

    assert sorted(lesson.replace("-", "'s ") for lesson in learnt) == named(learns_from)


@pytest.mark.parametrize(("lesson", "department", "learnt_by"), rows(HOLDING_BACK))
async def test_what_is_held_back(company: Company, lesson: str, department: str, learnt_by: str) -> None:
    await define(company)
    marked = {"held back": True, "shared": False, "-": None}[lesson]
    await company.qa("department", "price", section="Prices", held_back=marked)

    verb, _, section = department.rpartition(" ")
    if verb == "holds back":
        await company.report("ModelRevised", "department", held_back_sections=[section])
    elif section == "personal":
        await company.report("ModelRevised", "department", use="personal")
        await company.report("PersonRevised", "owner", assistant="department")
    elif section == "archived":
        await company.report("ModelArchived", "department")

    levels = [model for model in PARENTS if model != "sister"]
    assert [model for model in levels if "price" in await company.learns(model)] == learnt_by.split()


@pytest.mark.parametrize(("compiled", "taught", "wins", "conflicting", "duplicates"), rows(CONFLICTS))
async def test_which_answer_wins(
    company: Company, compiled: str, taught: str, wins: str, conflicting: str, duplicates: str
) -> None:
    await define(company)
    for step in taught.split(", "):
        await _teach(company, compiled, step)

    found = (await company.ask("conflicts", model=compiled)).conflicts
    page = await company.ask("training_page", model=compiled)

    assert [lesson.id for lesson in page.lessons] == [wins]
    assert (page.conflicts, page.duplicates) == (len(conflicting.split()), len(duplicates.split()))
    assert list(_named(found)) == (
        [(wins, set(conflicting.split()), set(duplicates.split()))] if page.conflicts + page.duplicates else []
    )


async def _teach(company: Company, compiled: str, step: str) -> None:
    match step.replace(":", "").split():
        case ["settle", model]:
            await company.report("ConflictSettled", model, training_set=compiled)
        case ["hold", model]:
            await company.report("QARevised", model, held_back=True)
        case ["again", model, answer]:
            await company.report("QARevised", model, answer=answer)
        case [model, answer]:
            await company.qa(model, model, "How often?", answer.replace("_", " "))


def _named(conflicts: list[Any]) -> Iterator[tuple[str, set[str], set[str]]]:
    return ((one.winner, set(one.conflicting), set(one.duplicates)) for one in conflicts)
