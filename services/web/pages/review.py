"""Review: lessons that were proposed, one after the other, and what became of one's own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from contracts.facts import Fact
from contracts.facts.conversation import ConversationDeactivated, ConversationRevised
from contracts.facts.proposal import LessonDeclined, ProposalWithdrawn
from contracts.facts.qa import QADeactivated, QARevised
from contracts.queries import Known, LessonRow, Models, Nearest, ProposalRow, Proposals
from services.refusals import Refused
from services.web.answers import by_script, lead, lead_saying, said_toast
from services.web.directory import Named, named
from services.web.problems import explained
from services.web.rendering import render
from services.web.shell import group_name, page, part
from services.web.views.proposed import Proposed
from services.web.views.wording import difference
from services.web.visitor import STUDIO, Signed, Visitor

QUEUE: Final = 100
LONGEST: Final = 2_000
"""A longer question is refused, so nobody is asked about it."""
RESEMBLING: Final = 3
ALIKE: Final = 0.3
"""Below this score a lesson isn't worth a trainer's look."""
_END: Final = 2**53 - 1

router = APIRouter()
Text = Annotated[str, Form()]
FactId = Annotated[str, Form(alias="id")]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal in the queue. `marks`: what should be looked at: `conflict`, `duplicate`, `personal_data`."""

    proposed: Proposed
    model: str
    proposer: Named
    marks: list[str] = field(default_factory=list)


@router.get("/review")
async def queue(request: Request, visitor: Signed, p: str = "") -> HTMLResponse:
    """All that waits, and the chosen one: the oldest unless another is named."""
    visitor.need(*STUDIO)
    return await page(request, visitor, "review.html", **await _context(visitor, p))


@router.get("/review/{id}")
async def proposal(visitor: Signed, id: str) -> RedirectResponse:
    """Where a proposal is looked at: in the queue, or among one's own."""
    return RedirectResponse(f"/review?p={id}" if visitor.has(*STUDIO) else f"/proposals#p-{id}", status_code=303)


@router.get("/review/{id}/nearest")
async def resembling(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """The lessons of its model that it resembles, each beside it."""
    visitor.need(*STUDIO)
    row: ProposalRow = await visitor.ask("proposal", proposal=id)
    proposed = Proposed(row)
    question = proposed.question.strip()[:LONGEST]
    known, near = Known(known=[]), Nearest(lessons=[])
    if question:
        known, near = await asyncio.gather(
            visitor.ask("known_questions", model=row.model, questions=[question]),
            visitor.ask("nearest", model=row.model, question=question, limit=RESEMBLING + 1),
        )
    same = {one.lesson for one in known.known}
    others = [one for one in near.lessons if one.id not in same | {row.lesson} and one.score >= ALIKE]
    return part(
        request, visitor, "parts/review_nearest.html", proposed=proposed, difference=difference,
        known=[one for one in known.known if one.lesson != row.lesson], near=others[:RESEMBLING],
    )  # fmt: skip


@router.post("/review/{id}/approve")
async def approve(
    request: Request, visitor: Signed, id: str, fact: FactId, revision: Annotated[int, Form()], question: Text = "",
    answer: Text = "", section: Text = "", purpose: Text = "",
) -> Response:  # fmt: skip
    """Take it as it stands in the form; the next one is shown."""
    visitor.need("trainer")
    row: ProposalRow = await visitor.ask("proposal", proposal=id)
    proposed = Proposed(row)
    given = {"question": question, "answer": answer, "section": section, "purpose": purpose}
    given = {name: given[name] for name in proposed.fields}
    try:
        approved = proposed.approval(given, visitor.actor)
        accepted = await visitor.report(approved, subject=id, id=fact, revision=revision)
    except ValueError:
        problem = visitor.text("A lesson needs a question of at most 2,000 characters, and an answer.")
        return await _again(request, visitor, id, given, problem, 422)
    except Refused as refused:
        status = 409 if refused.code in ("conflict", "proposal_closed") else 422
        return await _again(request, visitor, id, given, explained(visitor, refused), status)
    return await _next(
        request, visitor, id, "parts/approved_toast.html",
        {"proposal": id, "position": accepted.position, "lesson": row.lesson or id, "edited": bool(approved.changes()),
         "question": given.get("question", proposed.question)},
    )  # fmt: skip


@router.get("/review/{id}/decline")
async def why_not(request: Request, visitor: Signed, id: str) -> Response:
    """Asks why, for its proposer."""
    visitor.need("trainer")
    if not by_script(request):
        return lead(request, f"/review?p={id}")
    row: ProposalRow = await visitor.ask("proposal", proposal=id)
    proposer = await visitor.house.directory.one(row.proposer)
    return part(request, visitor, "parts/decline.html", row=row, proposer=proposer)


@router.post("/review/{id}/decline")
async def decline(
    request: Request, visitor: Signed, id: str, fact: FactId, revision: Annotated[int, Form()], reason: Text = ""
) -> Response:
    """Don't take it; the next one is shown."""
    visitor.need("trainer")
    try:
        await visitor.report(LessonDeclined(reason=reason.strip()), subject=id, id=fact, revision=revision)
    except Refused as refused:
        if refused.code not in ("conflict", "proposal_closed"):
            raise
        return await _again(request, visitor, id, {}, explained(visitor, refused), 409)
    return await _next(request, visitor, id, "parts/declined_toast.html", {"proposal": id})


@router.post("/review/{id}/undo")
async def undo(request: Request, visitor: Signed, id: str, fact: FactId, position: Annotated[int, Form()]) -> Response:
    """Take an approval back: a new lesson teaches nothing any more, a changed one is as it was before."""
    visitor.need("trainer")
    row: ProposalRow = await visitor.ask("proposal", proposal=id)
    await visitor.report(await _inverse(visitor, row, position), subject=row.lesson or id, id=fact)
    said = visitor.text("Taken back: the lesson is as it was before.")
    return said_toast(visitor, said) if by_script(request) else lead_saying(request, visitor, "/review", said)


@router.get("/proposals")
async def own(request: Request, visitor: Signed, before: int = _END) -> HTMLResponse:
    """What the visitor proposed, newest first, and what became of it."""
    found, models, everybody = await asyncio.gather(
        visitor.ask("proposals", status=None, proposer=visitor.actor, before=before, limit=50),
        visitor.ask("assistants", archived=True), visitor.house.directory.everybody(),
    )  # fmt: skip
    rows: Proposals = found
    names = {one.model: one.names.get(visitor.language) or one.name for one in models.assistants}
    return await page(
        request, visitor, "proposals.html", proposals=[Proposed(one) for one in rows.proposals], next=rows.next,
        names=names, named=lambda actor: named(everybody, actor), before=before if before != _END else None,
    )  # fmt: skip


@router.post("/proposals/{id}/withdraw")
async def withdraw(request: Request, visitor: Signed, id: str, fact: FactId) -> Response:
    """Take one's own proposal back."""
    await visitor.report(ProposalWithdrawn(), subject=id, id=fact)
    return lead(request, "/proposals")


async def _context(
    visitor: Visitor, chosen: str, given: Mapping[str, str] | None = None, problem: str = ""
) -> dict[str, Any]:
    """What review.html and parts/review.html need. `given`: what stands in the form of the chosen one."""
    found, models, everybody = await asyncio.gather(
        visitor.ask("proposals", limit=QUEUE), visitor.ask("models", archived=True),
        visitor.house.directory.everybody(),
    )  # fmt: skip
    rows: list[ProposalRow] = found.proposals
    row = next((one for one in rows if one.id == chosen), None)
    if row is None:
        row = await visitor.ask("proposal", proposal=chosen) if chosen else next(iter(rows), None)
    names = _names(visitor, models)
    waiting, place = await asyncio.gather(_queue(visitor, rows, names, everybody), _place(visitor, row, everybody))
    context: dict[str, Any] = {
        "queue": waiting, "more": found.next is not None, "names": names, "place": place,
        "named": lambda actor: named(everybody, actor), "problem": problem, "difference": difference,
        "chosen": None, "can_decide": False, "picked": bool(chosen),
    }  # fmt: skip
    if row is not None:
        proposed = Proposed(row)
        context |= {
            "chosen": proposed, "given": dict(given or proposed.fields),
            "can_decide": visitor.has("trainer") and row.status == "open",
            "version": next((one.active.version for one in models.models if one.id == row.model and one.active), None),
        }  # fmt: skip
    return context


async def _queue(
    visitor: Visitor, rows: Sequence[ProposalRow], names: Mapping[str, str], everybody: Mapping[str, Named]
) -> list[Waiting]:
    waiting = [Waiting(Proposed(row), names.get(row.model, row.model), named(everybody, row.proposer)) for row in rows]
    by_model: dict[str, dict[str, list[Waiting]]] = {}
    for one in waiting:
        if not one.proposed.row.erased and one.proposed.personal_data:
            one.marks.append("personal_data")
        if one.proposed.qa and 0 < len(one.proposed.question) <= LONGEST:
            by_model.setdefault(one.proposed.row.model, {}).setdefault(one.proposed.question, []).append(one)
    known: list[Known] = await asyncio.gather(
        *(visitor.ask("known_questions", model=model, questions=list(asked)) for model, asked in by_model.items())
    )
    for asked, found in zip(by_model.values(), known, strict=True):
        for pair in found.known:
            for one in asked[pair.question]:
                mark = "duplicate" if pair.answer.strip() == one.proposed.answer.strip() else "conflict"
                if pair.lesson != one.proposed.row.lesson and mark not in one.marks:
                    one.marks.append(mark)
    return waiting


async def _place(visitor: Visitor, row: ProposalRow | None, everybody: Mapping[str, Named]) -> dict[str, Any] | None:
    """The chat that it was taken from: its name where the visitor is in it, and the first of its messages."""
    origin = (row.content.get("origin_reference") if row is not None else None) or {}
    if not origin.get("group"):
        return None
    messages = origin.get("messages") or []
    try:
        group = await visitor.ask("group", group=origin["group"])
    except Refused:
        return {"name": None, "messages": messages}
    return {"name": group_name(visitor, group, everybody), "group": group.id, "messages": messages}


async def _again(
    request: Request, visitor: Visitor, id: str, given: Mapping[str, str], problem: str, status: int
) -> HTMLResponse:
    """The same one once more, with what was typed."""
    context = await _context(visitor, id, given, problem)
    if by_script(request):
        headers = {"hx-retarget": "#review", "hx-reswap": "outerHTML", "hx-trigger": "close-dialog"}
        return part(request, visitor, "parts/review.html", status, headers=headers, **context)
    return await page(request, visitor, "review.html", status, **context)


async def _next(request: Request, visitor: Visitor, id: str, toast: str, said: dict[str, Any]) -> Response:
    """What waits behind the one that was decided on."""
    if not by_script(request):
        visitor.house.toasts.put(visitor.session.digest, toast, said)
        return lead(request, "/review")
    found: Proposals = await visitor.ask("proposals", limit=QUEUE)
    decided: ProposalRow = await visitor.ask("proposal", proposal=id)
    behind = next((one.id for one in found.proposals if one.position > decided.position), "")
    address = f"/review?p={behind}" if behind else "/review"
    headers = {
        "hx-retarget": "#review", "hx-reswap": "outerHTML", "hx-push-url": address, "hx-trigger": "close-dialog",
    }  # fmt: skip
    context = await _context(visitor, behind)
    toast_text = render(toast, visitor.language, said | {"zone": visitor.zone})
    return part(request, visitor, "parts/review_next.html", headers=headers, toast_text=toast_text, **context)


async def _inverse(visitor: Visitor, row: ProposalRow, position: int) -> Fact:
    if not row.kind.endswith("_changes"):
        return QADeactivated() if row.kind == "qa" else ConversationDeactivated()
    before: LessonRow = await visitor.ask_as_of(position - 1, "lesson", lesson=row.lesson)
    names = [name for name in row.content | row.edits if hasattr(before, name)]
    was = {name: getattr(before, name) for name in names}
    return (QARevised if row.kind == "qa_changes" else ConversationRevised)(**was, undoes=position)


def _names(visitor: Visitor, models: Models) -> dict[str, str]:
    return {one.id: one.names.get(visitor.language) or one.name for one in models.models}
