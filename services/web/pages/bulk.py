"""Many lessons at once: one change for all that are selected, and one Undo that takes all of it back."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from contracts.queries import LessonRow, LessonTable
from services.refusals import Refused
from services.web.answers import by_script, lead, said_toast
from services.web.pages.lessons import table_context
from services.web.problems import explained
from services.web.rendering import new_id
from services.web.shell import page, part
from services.web.views.lesson_changes import MOST, Action, Change, Unfit, no_longer_held_back, parsed
from services.web.views.lesson_view import View
from services.web.visitor import Signed, Visitor

AT_ONCE = 50

router = APIRouter()
Text = Annotated[str, Form()]
Texts = Annotated[list[str], Form(default_factory=list)]


@router.post("/models/{id}/lessons/choose")
async def choose(
    request: Request, visitor: Signed, id: str, lesson: Texts, every: Text = "", view: Text = ""
) -> HTMLResponse:
    """What can be done with the selected lessons, as a dialog."""
    visitor.need("trainer")
    context = await table_context(visitor, View.of(f"/models/{id}/lessons", id, dict(parse_qsl(view)), 1))
    context |= {"chosen": lesson, "every": every, "query": view}
    if not by_script(request):
        return await page(request, visitor, "lessons.html", **context, adding=False)
    return part(request, visitor, "parts/bulk.html", **context)


@router.post("/models/{id}/lessons/bulk")
async def change(
    request: Request, visitor: Signed, id: str, fact: Annotated[str, Form(alias="id")], action: Annotated[Action, Form()],
    lesson: Texts, every: Text = "", view: Text = "", section: Text = "", to: Text = "",
) -> Response:  # fmt: skip
    """Do it to all of them. `every`: to all that the view shows, on whatever page."""
    visitor.need("trainer")
    shown = View.of(f"/models/{id}/lessons", id, dict(parse_qsl(view)))
    rows = await _selected(visitor, shown, [] if every else lesson)
    value = {"section": section.strip() or "General", "move": to}.get(action, "")
    changes = [Change(one.id, one.kind, action, value) for one in rows]
    done, problems = await _report(visitor, changes, fact)
    by_id = {one.id: one for one in rows}
    undo = [one.undone(by_id[one.lesson]) for one in done]
    if not by_script(request):
        return lead(request, shown.here())
    context = await table_context(visitor, shown)
    put = [by_id[one.lesson] for one in done] if action == "section" else []
    return part(
        request, visitor, "parts/bulk_done.html", headers={"hx-trigger": "close-dialog"},
        **context, done=done, action=action, value=value, undo=undo, problems=problems,
        freed=no_longer_held_back(put, context["models"], value),
    )  # fmt: skip


@router.post("/lessons/undo")
async def undo(visitor: Signed, fact: Annotated[str, Form(alias="id")], change: Texts) -> Response:
    """Take changes back."""
    visitor.need("trainer")
    done, problems = await _report(visitor, parsed(change), fact)
    said = visitor.texts("%(num)s lesson is as before.", "%(num)s lessons are as before.", len(done)) % {
        "num": len(done)
    }
    kind = "bad" if problems else ""
    return said_toast(visitor, " ".join([said, *problems]), kind, {"hx-trigger": "lessons-changed"})


async def _selected(visitor: Visitor, view: View, ids: Sequence[str]) -> list[LessonRow]:
    """The selected own lessons as they are now; without ids, all that the view shows, up to `MOST`."""
    wanted = {**view.wanted(), "inherited": False, "limit": 200}
    wanted.pop("after", None)
    rows: list[LessonRow] = []
    if ids:
        asked = [_one(visitor, view.model, id) for id in dict.fromkeys(ids[:MOST])]
        rows = [one for one in await asyncio.gather(*asked) if one is not None]
    while not ids and len(rows) < MOST:
        page: LessonTable = await visitor.ask("lesson_table", **wanted)
        rows += page.lessons
        if page.next is None:
            break
        wanted["after"] = page.next
    return [one for one in rows[:MOST] if one.question is not None or one.messages]


async def _one(visitor: Visitor, model: str, id: str) -> LessonRow | None:
    try:
        found: LessonRow = await visitor.ask("lesson", lesson=id)
    except Refused as refused:
        if refused.code != "unknown_lesson":
            raise
        return None
    return found if found.model == model else None


async def _report(visitor: Visitor, changes: Sequence[Change], form: str) -> tuple[list[Change], list[str]]:
    """Those that were done, and why others weren't, each reason once. What is so already counts as nothing."""
    narrow = asyncio.Semaphore(AT_ONCE)
    form = form or new_id()

    async def one(change: Change) -> str | None:
        async with narrow:
            try:
                await visitor.report(change.fact(), subject=change.lesson, id=change.id(form))
            except Refused as refused:
                return "" if refused.code == "nothing_changes" else explained(visitor, refused)
            except Unfit:
                return visitor.text("Conversations can be neither moved nor used for validation.")
        return None

    answers: list[Any] = await asyncio.gather(*(one(change) for change in changes))
    done = [change for change, answer in zip(changes, answers, strict=True) if answer is None]
    return done, list(dict.fromkeys(filter(None, answers)))
