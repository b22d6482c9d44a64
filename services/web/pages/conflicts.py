"""What somebody should look at in a training set: answers that contradict or repeat each other, questions that resemble
each other, and personal data."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from contracts.facts import Fact
from contracts.facts.conversation import ConversationPersonalDataAccepted
from contracts.facts.qa import ConflictSettled, QADeactivated, QAPersonalDataAccepted, QARevised, QAsDistinguished
from contracts.queries import Conflict, Conflicts, LessonRow, ModelRow, Models
from services.refusals import Refused
from services.web.answers import by_script, lead
from services.web.directory import named
from services.web.problems import Told, explained
from services.web.shell import page, part
from services.web.views.lesson_changes import Change
from services.web.views.lesson_words import answered
from services.web.views.wording import against
from services.web.visitor import STUDIO, Signed, Visitor

Show = Literal["conflicts", "duplicates", "alike", "personal"]
AT_A_TIME: Final = 30
SCANNED: Final = 500
"""Questions with several answers that are looked through for duplicates and settled ones."""

router = APIRouter()
Text = Annotated[str, Form()]
FactId = Annotated[str, Form(alias="id")]
Shown = Annotated[Show, Form()]


@router.get("/conflicts")
async def findings(
    request: Request, visitor: Signed, model: str = "", show: Show = "conflicts", before: int | None = None
) -> HTMLResponse:
    """Of one model; without one, of the default model."""
    visitor.need(*STUDIO)
    known: Models = await visitor.ask("models")
    chosen = next((one for one in known.models if one.id == model), None)
    if model and chosen is None:
        raise Told("unknown_model", visitor.text("There is no such model."))
    chosen = chosen or next((one for one in known.models if one.default), next(iter(known.models), None))
    if chosen is None:
        return await page(request, visitor, "conflicts.html", model=None, models=[])
    return await page(
        request, visitor, "conflicts.html", **await _context(visitor, known, chosen, show, before), models=known.models
    )


@router.post("/conflicts/settle")
async def settle(request: Request, visitor: Signed, fact: FactId, model: Text, qa: Text) -> Response:
    """This answer wins in the model's training set."""
    visitor.need("trainer")
    await visitor.report(ConflictSettled(training_set=model), subject=qa, id=fact)
    return await _done(request, visitor, model, "conflicts", visitor.text("Settled: this answer is learnt."))


@router.post("/conflicts/deactivate")
async def deactivate(
    request: Request, visitor: Signed, fact: FactId, model: Text, qa: Text, show: Shown = "conflicts"
) -> Response:
    """It teaches nothing any more."""
    visitor.need("trainer")
    await visitor.report(QADeactivated(), subject=qa, id=fact)
    undo = Change(qa, "qa", "reactivate")
    return await _done(request, visitor, model, show, visitor.text("1 lesson deactivated."), undo)


@router.post("/conflicts/distinguish")
async def distinguish(request: Request, visitor: Signed, fact: FactId, model: Text, qa: Text, other: Text) -> Response:
    """Both are right: they ask different things."""
    visitor.need("trainer")
    await visitor.report(QAsDistinguished(other=other), subject=qa, id=fact)
    said = visitor.text("Kept both: they ask different things.")
    return await _done(request, visitor, model, "alike", said)


@router.post("/conflicts/accept")
async def accept(
    request: Request, visitor: Signed, fact: FactId, model: Text, lesson: Text,
    kind: Annotated[Literal["qa", "conversation"], Form()],
) -> Response:  # fmt: skip
    """What looks like personal data in it may be trained."""
    visitor.need("trainer")
    accepted: Fact = QAPersonalDataAccepted() if kind == "qa" else ConversationPersonalDataAccepted()
    await visitor.report(accepted, subject=lesson, id=fact)
    said = visitor.text("Accepted: it may be trained as it is.")
    return await _done(request, visitor, model, "personal", said)


@router.get("/conflicts/{qa}/edit")
async def edit(
    request: Request, visitor: Signed, qa: str, model: str, show: Show = "conflicts", beside: str = ""
) -> Response:
    """One of them as a form, with the other beside it."""
    visitor.need("trainer")
    if not by_script(request):
        return lead(request, f"/lessons/{qa}")
    row: LessonRow = await visitor.ask("lesson", lesson=qa)
    given = {"question": row.question or "", "answer": row.answer or ""}
    return await _form(request, visitor, row, {"model": model, "show": show, "beside": beside} | given)


@router.post("/conflicts/{qa}/edit")
async def revise(
    request: Request, visitor: Signed, qa: str, fact: FactId, model: Text, revision: Annotated[int, Form()],
    question: Text, answer: Text, show: Shown = "conflicts", beside: Text = "",
) -> Response:  # fmt: skip
    """Save what was written."""
    visitor.need("trainer")
    before: LessonRow = await visitor.ask("lesson", lesson=qa)
    given = {"question": question.strip(), "answer": answer.strip().replace("\r\n", "\n")}
    try:
        changes = {name: said for name, said in given.items() if said != getattr(before, name)}
        if changes:
            await visitor.report(QARevised(**changes), subject=qa, id=fact, revision=revision)
    except ValueError:
        problem = visitor.text("A lesson needs a question of at most 2,000 characters, and an answer.")
    except Refused as refused:
        problem = explained(visitor, refused)
    else:
        return await _done(request, visitor, model, show, visitor.text("Saved; the next version learns it."))
    context = {"model": model, "show": show, "beside": beside} | given
    return await _form(request, visitor, before, context, problem)


async def _form(
    request: Request, visitor: Visitor, row: LessonRow, given: Mapping[str, str], problem: str = ""
) -> HTMLResponse:
    other: LessonRow | None = await visitor.ask("lesson", lesson=given["beside"]) if given["beside"] else None
    status, headers = (422, {"hx-retarget": "#dialog", "hx-reswap": "innerHTML"}) if problem else (200, {})
    return part(
        request, visitor, "parts/finding_edit.html", status, headers=headers, row=row, given=given, other=other,
        problem=problem,
    )  # fmt: skip


async def _context(
    visitor: Visitor, known: Models, model: ModelRow, show: Show, before: int | None = None
) -> dict[str, Any]:
    """What parts/findings.html needs."""
    alike = {"model": model.id, "limit": AT_A_TIME} | ({"before": before} if before is not None else {})
    found, undecided, personal, resembling, everybody = await asyncio.gather(
        visitor.ask("conflicts", model=model.id, limit=SCANNED),
        visitor.ask("conflicts", model=model.id, limit=AT_A_TIME, open_only=True) if show == "conflicts" else _nothing(),
        visitor.ask("personal_data", model=model.id, limit=AT_A_TIME if show == "personal" else 0),
        visitor.ask("resemblances", **alike) if show == "alike" else _nothing(),
        visitor.house.directory.everybody(),
    )  # fmt: skip
    every: Conflicts = found
    lessons: list[LessonRow] = await asyncio.gather(*(visitor.ask("lesson", lesson=one.id) for one in personal.lessons))
    repeated = [one for one in every.conflicts if one.duplicates]
    settled = [one for one in every.conflicts if one.conflicting and one.settled]
    shown = undecided.conflicts + settled if undecided is not None else repeated if show == "duplicates" else []
    parents = {one.id: one.parent for one in known.models}
    return {
        "model": model, "show": show, "every": every, "repeated": repeated, "shown": shown[:AT_A_TIME],
        "more": len(shown) > AT_A_TIME or (undecided is not None and undecided.next is not None), "personal": personal, "resembling": resembling,
        "against": against, "can_teach": visitor.has("trainer"), "answers": {one.id: answered(one) for one in lessons}, "before": before,
        "names": {one.id: one.names.get(visitor.language) or one.name for one in known.models},
        "named": lambda actor: named(everybody, actor), "why": lambda one: why_wins(one, model.id, parents),
    }  # fmt: skip


def why_wins(
    conflict: Conflict, model: str, parents: Mapping[str, str | None]
) -> Literal["settled", "own", "nearer", "later"]:
    """Why the winner is learnt and not another: by the first rule in which they differ."""
    if conflict.settled:
        return "settled"
    winner = next((one for one in conflict.qas if one.id == conflict.winner), None)
    rivals = [one for one in conflict.qas if one.id in conflict.conflicting] or [
        one for one in conflict.qas if one.id in conflict.duplicates
    ]
    if winner is None or not rivals:
        return "later"
    away = steps(winner.model, model, parents)
    if all(steps(one.model, model, parents) == away for one in rivals):
        return "later"
    return "own" if away == 0 else "nearer"


def steps(one: str, other: str, parents: Mapping[str, str | None]) -> int | None:
    """How many steps of the hierarchy lie between two models, of which one stands above the other; else None."""
    for low, high in ((one, other), (other, one)):
        at: str | None = low
        number = 0
        while at is not None and at != high:
            at, number = parents.get(at), number + 1
        if at is not None:
            return number
    return None


async def _nothing() -> None:
    return None


async def _done(
    request: Request, visitor: Visitor, model: str, show: Show, said: str, undo: Change | None = None
) -> Response:
    """What is left, with a toast."""
    if not by_script(request):
        return lead(request, f"/conflicts?model={model}&show={show}")
    known: Models = await visitor.ask("models")
    chosen = next(one for one in known.models if one.id == model)
    headers = {"hx-retarget": "#findings", "hx-reswap": "outerHTML", "hx-trigger": "close-dialog"}
    context = await _context(visitor, known, chosen, show)
    return part(request, visitor, "parts/findings_done.html", headers=headers, said=said, undo=undo, **context)
