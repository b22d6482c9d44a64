"""One lesson: what it says, what it is packaged as, where it comes from, which versions know it, and all that happened to it."""

import asyncio
import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from contracts.facts import Fact
from contracts.facts.conversation import ConversationPersonalDataAccepted, ConversationRevised
from contracts.facts.qa import ConflictSettled, QAPersonalDataAccepted, QARevised
from contracts.queries import Affected, LessonRevisions, LessonRow, LessonTable, ModelRow, Models, TableRow
from services.packaging.examples import package
from services.refusals import Refused
from services.web.answers import by_script, lead
from services.web.directory import named
from services.web.problems import Told, explained
from services.web.shell import page, part
from services.web.views.lesson_changes import Action, Change, Unfit, no_longer_held_back
from services.web.views.lesson_words import answered, asked, said
from services.web.views.turns import Unread, learning, questions, revised, train_as
from services.web.views.wording import difference
from services.web.visitor import STUDIO, Signed, Visitor

TAKERS: Final = 5
"""Relatives of which it is told whether they know the lesson."""
EMPTY: Final = {"section": "General", "notes": "", "purpose": "training", "train_as": "both"}
"""What a field is when it was never given."""

router = APIRouter()
Text = Annotated[str, Form()]
Texts = Annotated[list[str], Form(default_factory=list)]
FormId = Annotated[str, Form(alias="id")]
Revision = Annotated[int, Form()]


@router.get("/lessons/{id}")
async def one_lesson(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """The page, or its content alone when it shows itself anew; to who proposed it without the studio, its text."""
    if not visitor.has(*STUDIO):
        return await page(request, visitor, "lesson_own.html", **await _own(visitor, id))
    context = await _context(visitor, id)
    if by_script(request):
        return part(request, visitor, "parts/lesson_body.html", **context)
    return await page(request, visitor, "lesson.html", **context)


@router.get("/lessons/{id}/edit")
async def edit(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """Its text as a form."""
    visitor.need("trainer")
    context = await _context(visitor, id) | {"editing": True, "given": None, "problem": "", "newer": False}
    if by_script(request):
        return part(request, visitor, "parts/lesson_form.html", **context)
    return await page(request, visitor, "lesson.html", **context)


@router.post("/lessons/{id}/qa")
async def revise_qa(
    request: Request, visitor: Signed, id: str, fact: FormId, revision: Revision, question: Text = "", answer: Text = "",
    section: Text = "", notes: Text = "", language: Text = "",
) -> Response:  # fmt: skip
    """Save a QA. Only what differs from the form's own lesson is reported."""
    visitor.need("trainer")
    before: LessonRow = await visitor.ask("lesson", lesson=id)
    given = {
        "question": question.strip(), "answer": _lines(answer), "section": section.strip() or "General",
        "notes": _lines(notes), "language": language.strip() or None,
    }  # fmt: skip
    changes = {name: value for name, value in given.items() if value != getattr(before, name)}
    try:
        wanted = QARevised(**changes)
    except ValidationError:
        problem = visitor.text("A lesson needs a question of at most 2,000 characters, and an answer.")
        return await _again(request, visitor, id, given, problem)
    return await _save(request, visitor, before, wanted, fact, revision, given)


@router.post("/lessons/{id}/conversation")
async def revise_conversation(
    request: Request, visitor: Signed, id: str, fact: FormId, revision: Revision, at: Texts, role: Texts, content: Texts,
    learn: Texts, as_: Annotated[str, Form(alias="train_as")] = "both", straight: Text = "", section: Text = "",
    notes: Text = "",
) -> Response:  # fmt: skip
    """Save a conversation: its turns, which of them are learnt, and what is made of it."""
    visitor.need("trainer")
    before: LessonRow = await visitor.ask("lesson", lesson=id)
    given: dict[str, Any] = {
        "train_as": train_as(as_), "straight_question": int(straight) if straight.isdecimal() else None,
        "section": section.strip() or "General", "notes": _lines(notes),
    }  # fmt: skip
    try:
        given["messages"] = revised(before.messages or [], at, role, content, learn, visitor.actor)
        changes = {name: value for name, value in given.items() if value != getattr(before, name)}
        wanted = ConversationRevised(**changes)
    except (Unread, ValidationError):
        return await _again(
            request, visitor, id, given, visitor.text("A turn is empty or too long; correct it and save again.")
        )
    return await _save(request, visitor, before, wanted, fact, revision, given)


@router.post("/lessons/{id}/change")
async def change(
    request: Request, visitor: Signed, id: str, fact: FormId, revision: Revision, action: Annotated[Action, Form()],
    section: Text = "", to: Text = "",
) -> Response:  # fmt: skip
    """One of the changes that a table makes of many; a toast takes it back."""
    visitor.need("trainer")
    before: LessonRow = await visitor.ask("lesson", lesson=id)
    wanted = Change(id, before.kind, action, {"section": section.strip(), "move": to}.get(action, ""))
    try:
        await visitor.report(wanted.fact(), subject=id, id=fact, revision=revision)
    except Unfit as unfit:
        raise Told("malformed", visitor.text("Conversations can be neither moved nor used for validation.")) from unfit
    return await _done(request, visitor, id, visitor.text("Done."), wanted.undone(before), moved_from=before)


@router.post("/lessons/{id}/accept")
async def accept(request: Request, visitor: Signed, id: str, fact: FormId, revision: Revision) -> Response:
    """What looks like personal data may be trained."""
    visitor.need("trainer")
    before: LessonRow = await visitor.ask("lesson", lesson=id)
    wanted: Fact = QAPersonalDataAccepted() if before.kind == "qa" else ConversationPersonalDataAccepted()
    await visitor.report(wanted, subject=id, id=fact, revision=revision)
    return await _done(request, visitor, id, visitor.text("Accepted: it may be trained as it is."))


@router.post("/lessons/{id}/settle")
async def settle(request: Request, visitor: Signed, id: str, fact: FormId, training_set: Text) -> Response:
    """This QA wins over the others with its question."""
    visitor.need("trainer")
    await visitor.report(ConflictSettled(training_set=training_set), subject=id, id=fact)
    return await _done(request, visitor, id, visitor.text("Settled: this answer is learnt."))


@router.post("/lessons/{id}/revert")
async def revert(
    request: Request, visitor: Signed, id: str, fact: FormId, revision: Revision, back: Revision
) -> Response:
    """Take one revision back: what it changed is as before."""
    visitor.need("trainer")
    found: LessonRevisions = await visitor.ask("lesson_revisions", lesson=id, limit=200)
    one = next((row for row in found.revisions if row.revision == back and row.fact.endswith("Revised")), None)
    if one is None:
        raise Told("malformed", visitor.text("This revision can't be taken back."))
    old = {row.field: EMPTY.get(row.field) if row.old is None else row.old for row in one.changes}
    wanted = (QARevised if found.kind == "qa" else ConversationRevised)(**old, undoes=one.position)
    await visitor.report(wanted, subject=id, id=fact, revision=revision)
    return await _done(request, visitor, id, visitor.text("Taken back; the next version learns it as it was."))


# ----------------------------------------------------------------------------------------------------------------------


async def _save(
    request: Request, visitor: Visitor, before: LessonRow, wanted: Fact, fact: str, revision: int, given: dict[str, Any]
) -> Response:
    id = before.id
    try:
        await visitor.report(wanted, subject=id, id=fact, revision=revision)
    except Refused as refused:
        if refused.code == "nothing_changes":
            return await _done(request, visitor, id, visitor.text("Nothing was changed."))
        return await _again(request, visitor, id, given, explained(visitor, refused), newer=refused.code == "conflict")
    return await _done(request, visitor, id, visitor.text("Saved; the next version learns it."), moved_from=before)


async def _again(
    request: Request, visitor: Visitor, id: str, given: dict[str, Any], problem: str, *, newer: bool = False
) -> HTMLResponse:
    """The form with what was typed, and why it wasn't saved."""
    context = await _context(visitor, id) | {"editing": True, "given": given, "problem": problem, "newer": newer}
    status = 409 if newer else 422
    if by_script(request):
        return part(request, visitor, "parts/lesson_form.html", status, **context)
    return await page(request, visitor, "lesson.html", status, **context)


async def _done(
    request: Request, visitor: Visitor, id: str, said: str, undo: Change | None = None, *,
    moved_from: LessonRow | None = None,
) -> Response:  # fmt: skip
    """`moved_from`: the lesson as it was, when its section may be another now."""
    if not by_script(request):
        return lead(request, f"/lessons/{id}")
    context = await _context(visitor, id)
    now: LessonRow = context["lesson"]
    before = [moved_from] if moved_from is not None and moved_from.model == now.model else []
    freed = no_longer_held_back(before, context["models"], now.section)
    return part(request, visitor, "parts/lesson_done.html", **context, said_so=said, undo=undo, freed=freed)


async def _context(visitor: Visitor, id: str) -> dict[str, Any]:
    lesson: LessonRow = await visitor.ask("lesson", lesson=id)
    table, revisions, models, affected, everybody = await asyncio.gather(
        _row(visitor, lesson.model, id), visitor.ask("lesson_revisions", lesson=id),
        visitor.ask("models", archived=True), visitor.ask("affected", model=lesson.model),
        visitor.house.directory.everybody(),
    )  # fmt: skip
    known: Models = models
    by_id = {one.id: one for one in known.models}
    touched: Affected = affected
    takers = [by_id[one.model] for one in touched.takers[:TAKERS] if one.model in by_id]
    rows = await asyncio.gather(*(_row(visitor, one.id, id) for one in takers))
    home = by_id[lesson.model]
    row: TableRow = table or TableRow.model_construct(**lesson.model_dump(), state=None, states=[], erased=True)
    erased = row.erased
    return {
        "lesson": lesson, "row": row, "model": home, "models": by_id, "revisions": revisions, "erased": erased,
        "relatives": [(one, found) for one, found in zip(takers, rows, strict=True) if found is not None],
        "examples": [] if erased else _examples(home, lesson), "questions": questions(lesson.messages or []),
        "named": lambda actor: named(everybody, actor), "asked": asked, "answered": answered, "said": said,
        "compared": _compared, "can_teach": visitor.has("trainer") and not home.archived and not erased, "editing": False,
    }  # fmt: skip


async def _own(visitor: Visitor, id: str) -> dict[str, Any]:
    """The lesson for who taught or proposed it; to others it is as if it weren't there. Raises `Refused`: `role_needed`."""
    try:
        lesson: LessonRow = await visitor.ask("lesson", lesson=id)
    except Refused as refused:
        if refused.code == "unknown_lesson":
            visitor.need(*STUDIO)
        raise
    assistants, everybody = await asyncio.gather(
        visitor.ask("assistants", archived=True), visitor.house.directory.everybody()
    )
    home = next((one for one in assistants.assistants if one.model == lesson.model), None)
    texts: list[Any] = [turn.content for turn in lesson.messages or []] or [lesson.question, lesson.answer]
    return {
        "lesson": lesson, "home": home, "erased": not all(isinstance(text, str) for text in texts),
        "named": lambda actor: named(everybody, actor), "asked": asked, "said": said,
    }  # fmt: skip


async def _row(visitor: Visitor, model: str, lesson: str) -> TableRow | None:
    found: LessonTable = await visitor.ask("lesson_table", model=model, lesson=lesson, inherited=True, limit=1)
    return found.lessons[0] if found.lessons else None


def _examples(model: ModelRow, lesson: LessonRow) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each example's part and its messages, as the next training file has them."""
    made = package(model.system_message, [learning(lesson)])
    return [(one.part, json.loads(one.line)["messages"]) for one in made]


def _compared(old: Any, new: Any) -> Any:
    """Two values of a field, word by word."""
    return difference(_readable(old), _readable(new))


def _readable(value: Any) -> str:
    """A field's value as text: of turns, who says what."""
    if isinstance(value, list):
        return "\n".join(_readable(one) for one in value)
    if isinstance(value, dict):
        learnt = " *" if value.get("learn") else ""
        return f"{value.get('role', '')}{learnt}: {said(value.get('content'))}" if "role" in value else ""
    return "" if value is None else str(value)


def _lines(text: str) -> str:
    return text.strip().replace("\r\n", "\n")
