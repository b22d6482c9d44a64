"""`apprentice proposals`, `approve`, `decline` and `conflicts`: what somebody should decide on."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import As, Home, Json, Model
from services.cli.screen import say, show_json, table

if TYPE_CHECKING:
    from services.cli.client import Client

Proposal = Annotated[str, typer.Argument(metavar="PROPOSAL", help="Its id, as `apprentice proposals` shows it.")]
PAGE = 500


def proposals(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="Only this model's.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """The lessons that were proposed and wait for a trainer, oldest first."""
    from services.cli.client import talk

    rows = talk(home, partial(_proposals, model=model, status=None if every else "open"), person=person)
    if as_json:
        show_json(rows)
    elif not rows:
        say("No proposal waits.")
    else:
        table(("proposal", "model", "by", "status", "what"), [_cells(row) for row in rows])


def approve(
    proposal: Proposal,
    answer: Annotated[str | None, typer.Option(metavar="TEXT", help="With this answer instead.")] = None,
    question: Annotated[str | None, typer.Option(metavar="TEXT", help="With this question instead.")] = None,
    section: Annotated[str | None, typer.Option(metavar="NAME", help="In this section.")] = None,
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take a proposed lesson, edited if need be: from now on it teaches."""
    edits = {"answer": answer, "question": question, "section": section}
    data = {name: value for name, value in edits.items() if value is not None}
    _decide("LessonApproved", proposal, data, person, home, as_json)


def decline(
    proposal: Proposal,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; the proposer is told.")] = "",
    person: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Don't take a proposed lesson; it is kept, and its proposer is told."""
    _decide("LessonDeclined", proposal, {"reason": reason}, person, home, as_json)


def conflicts(model: Model, person: As = None, home: Home = None, as_json: Json = False) -> None:
    """QAs of a training set that contradict or repeat each other, and questions that resemble each other."""
    from services.cli.client import talk

    found = talk(home, partial(_findings, model=model), person=person)
    if as_json:
        show_json(found)
    elif not found["conflicts"] and not found["resemblances"]:
        say("Nothing contradicts or repeats anything.")
    else:
        _tell(found)


def _decide(fact: str, proposal: str, data: dict[str, Any], person: str | None, home: Any, as_json: bool) -> None:
    from services.cli.client import talk

    async def work(client: "Client") -> dict[str, Any]:
        return await client.report(fact, data, subject=proposal)

    accepted = talk(home, work, person=person)
    if as_json:
        show_json(accepted)
    else:
        say(f"{fact} accepted at position {accepted['position']}")


async def _proposals(client: "Client", model: str | None, status: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        wanted = {"status": status, "after": after, "limit": PAGE} | ({"model": model} if model else {})
        page = await client.query("proposals", wanted)
        rows += page["proposals"]
        after = page["next"]
    return rows


async def _findings(client: "Client", model: str) -> dict[str, Any]:
    conflicts: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = await client.query("conflicts", {"model": model, "after": after, "limit": PAGE})
        conflicts += page["conflicts"]
        after = page["next"]
    resembling = (await client.query("resemblances", {"model": model, "limit": 200}))["resemblances"]
    return {"conflicts": conflicts, "resemblances": resembling}


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (row["id"], row["model"], row["proposer"], row["status"], _what(row)[:80])


def _what(row: dict[str, Any]) -> str:
    if row["erased"]:
        return "(erased)"
    content = row["content"]
    if content.get("messages"):
        said = " / ".join(f"{turn['role']}: {turn['content']}" for turn in content["messages"])
    else:
        said = ", ".join(f"{name}: {content[name]}" for name in ("question", "answer") if content.get(name))
        said = said or ", ".join(f"{name}: {value}" for name, value in content.items())
    change = f"change of {row['lesson']}: " if row["kind"].endswith("_changes") else ""
    return " ".join(f"{change}{said}".split())


def _tell(found: dict[str, Any]) -> None:
    for one in found["conflicts"]:
        kind = "conflict" if one["conflicting"] else "duplicate"
        say(f"{kind}{' (settled)' if one['settled'] else ''}: {one['qas'][0]['question']}")
        for qa in one["qas"]:
            mark = "learnt    " if qa["id"] == one["winner"] else "not learnt"
            say(f"  {mark}  {' '.join(qa['answer'].split())[:80]}  ({qa['model']}, {qa['id']}, {qa['added_by']})")
        if one["conflicting"] and not one["settled"]:
            say(
                f'  settle it: apprentice send ConflictSettled \'{{"id": "{one["winner"]}", "training_set": "MODEL"}}\''
            )
    for one in found["resemblances"]:
        say(f"resembles ({one['score']:.2f}, {one['proposal']}?):")
        for qa in (one["newer"], one["older"]):
            say(f"  {qa['question']}  {' '.join(qa['answer'].split())[:60]}  ({qa['model']}, {qa['id']})")
