"""Single messages: saying them, and everything that can be done with one."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from contracts.facts.message import (
    AnswerMarked,
    AnswerStopRequested,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    ReactionAdded,
    ReactionRemoved,
    RetryRequested,
)
from contracts.queries import GroupRow, MessageRow
from services.bus.client import NoReply
from services.refusals import Refused
from services.web.directory import named
from services.web.filling import filled
from services.web.pages.chat import refused_if_too_long
from services.web.problems import Told, explained, sentence, status_of
from services.web.rendering import new_id
from services.web.shell import part
from services.web.views.mentions import mentions
from services.web.views.quoting import quote, quotes
from services.web.views.thread import message_context
from services.web.visitor import Signed, Visitor

REACTIONS: Final = ("👍", "❤️", "😄", "🎉", "👀", "✅")

router = APIRouter()
Text = Annotated[str, Form()]
FormId = Annotated[str, Form(alias="id")]


@router.post("/groups/{id}/messages")
async def say(
    request: Request, visitor: Signed, id: str, text: Text, reply_to: Text = "", fact: FormId = ""
) -> Response:
    """Say something; it comes back to everyone by the stream."""
    try:
        if text.strip():
            await _say(visitor, id, text.replace("\r\n", "\n"), reply_to or None, fact or new_id())
    except (Refused, NoReply) as problem:
        return _unsaid(request, visitor, problem)
    if request.headers.get("hx-request"):
        return Response(status_code=204)
    return RedirectResponse(f"/groups/{id}", status_code=303)


@router.post("/messages/{id}/edit")
async def edit(request: Request, visitor: Signed, id: str, text: Text, fact: FormId = "") -> Response:
    """Say it otherwise."""
    try:
        refused_if_too_long(visitor, text)
        words = filled(MessageEdited, text=text.replace("\r\n", "\n"))
        await visitor.report(words, subject=id, id=fact or new_id())
    except (Refused, NoReply) as problem:
        if not (isinstance(problem, Refused) and problem.code == "nothing_changes"):
            return _unsaid(request, visitor, problem)
    return Response(status_code=204)


@router.get("/messages/{id}")
async def shown_anew(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """The message as it is now, to be put in its place."""
    row = await _row(visitor, id)
    quoted = await quotes([row], lambda other: _row(visitor, other))
    everybody = await visitor.house.directory.everybody()
    context = message_context([row], everybody, visitor.look, quoted)
    return part(request, visitor, "parts/message_frame.html", **context)


@router.get("/messages/{id}/menu")
async def menu(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """What this person can do with the message."""
    row = await _row(visitor, id)
    everybody = await visitor.house.directory.everybody()
    mine = {one.reaction for one in row.reactions if visitor.actor in one.by}
    failed = [named(everybody, f"virtual_user:{one.virtual_user}") for one in row.answering if one.state == "failed"]
    return part(
        request, visitor, "parts/message_menu.html", row=row, author=named(everybody, row.author), failed=failed,
        reactions=[(one, one in mine) for one in (*REACTIONS, *sorted(mine - set(REACTIONS)))],
        verdict=row.marks.get(visitor.actor),
    )  # fmt: skip


@router.get("/messages/{id}/reply")
async def reply(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """The composer's line above a reply."""
    row = await _row(visitor, id)
    who = named(await visitor.house.directory.everybody(), row.author)
    return part(request, visitor, "parts/replying.html", quote=quote(row), who=who)


@router.get("/messages/{id}/edit")
async def begin_to_edit(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """The composer's line above a text that is changed, and the text as it was written."""
    row = await _row(visitor, id)
    if row.author != visitor.actor or row.deleted:
        raise Told("not_the_author", visitor.text("Only its author changes a message."))
    return part(request, visitor, "parts/editing.html", row=row)


@router.post("/messages/{id}/delete")
async def take_back(visitor: Signed, id: str, fact: FormId = "") -> Response:
    """Take one's own message back."""
    await visitor.report(MessageDeleted(), subject=id, id=fact or new_id())
    return Response(status_code=204)


@router.post("/messages/{id}/react")
async def react(visitor: Signed, id: str, reaction: Text) -> Response:
    """Set a reaction, or take it back where it is set."""
    row = await _row(visitor, id)
    there = any(one.reaction == reaction and visitor.actor in one.by for one in row.reactions)
    kind = ReactionRemoved if there else ReactionAdded
    await visitor.report(filled(kind, reaction=reaction), subject=id)
    return Response(status_code=204)


@router.post("/messages/{id}/mark")
async def mark(visitor: Signed, id: str, verdict: Text, fact: FormId = "") -> Response:
    """Say that an answer is right or wrong, or nothing any more."""
    await visitor.report(filled(AnswerMarked, verdict=verdict), subject=id, id=fact or new_id())
    return Response(status_code=204)


@router.post("/messages/{id}/stop")
async def stop(visitor: Signed, id: str, virtual_user: Text) -> Response:
    """No answer is wanted any more. One that has come meanwhile stays."""
    try:
        await visitor.report(filled(AnswerStopRequested, virtual_user=virtual_user), subject=id)
    except Refused as refused:
        if refused.code not in ("already_answered", "nothing_to_stop", "nothing_changes"):
            raise
    return Response(status_code=204)


@router.post("/messages/{id}/retry")
async def retry(visitor: Signed, id: str, virtual_user: Text) -> Response:
    """Ask again. Where somebody else has done so, nothing more is needed."""
    try:
        await visitor.report(filled(RetryRequested, virtual_user=virtual_user), subject=id)
    except Refused as refused:
        if refused.code not in ("already_answered", "nothing_to_retry"):
            raise
    return Response(status_code=204)


async def _say(visitor: Visitor, id: str, text: str, reply_to: str | None, fact: str) -> None:
    refused_if_too_long(visitor, text)
    group: GroupRow = await visitor.ask("group", group=id)
    everybody = await visitor.house.directory.everybody()
    meant = mentions(text, (named(everybody, one) for one in group.members))
    posted = filled(MessagePosted, group=id, text=text, reply_to=reply_to, mentions=meant)
    # Whoever sees the message finds no draft of it any more; what can't be said stays one.
    desk, person = visitor.house.desk, visitor.person.id
    draft = await asyncio.to_thread(desk.draft, person, id)
    await asyncio.to_thread(desk.keep_draft, person, id, "")
    try:
        await visitor.report(posted, id=fact)
    except (Refused, NoReply):
        await asyncio.to_thread(desk.keep_draft, person, id, draft)
        raise


async def _row(visitor: Visitor, id: str) -> MessageRow:
    row: MessageRow = await visitor.ask("message", message=id)
    return row


def _unsaid(request: Request, visitor: Visitor, problem: Refused | NoReply) -> Response:
    """The composer keeps the text and says why; without scripts it is a page."""
    if not request.headers.get("hx-request"):
        raise problem
    if isinstance(problem, NoReply):
        return JSONResponse({"sentence": sentence(visitor.language, "unavailable", "")}, status_code=503)
    said = explained(visitor, problem)
    return JSONResponse({"sentence": said}, status_code=status_of(problem))
