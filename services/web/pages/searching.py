"""Looking for messages: in one group, or in all that one is in."""

import asyncio
import re
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from contracts.queries import FoundMessages, Groups
from services.web import markdown
from services.web.directory import named
from services.web.shell import group_name, page
from services.web.visitor import Signed, Visitor

AROUND: Final = 120
"""Characters that are shown on either side of the first place that was found."""
LONGEST: Final = 200

router = APIRouter()


@router.get("/search")
async def search(
    request: Request, visitor: Signed, text: str = "", group: str = "", before: int | None = None
) -> HTMLResponse:
    """What was found, newest first."""
    text = text.strip()[:LONGEST]
    found, groups, everybody = await asyncio.gather(
        _found(visitor, text, group, before), visitor.ask("groups"), visitor.house.directory.everybody()
    )
    rows: Groups = groups
    places = {one.id: group_name(visitor, one, everybody) for one in rows.groups if one.use != "assistant"}
    return await page(
        request, visitor, "search.html", text=text, group=group, places=places, found=found, searched=bool(text),
        named=lambda member: named(everybody, member), shown=lambda words: excerpt(words, text),
    )  # fmt: skip


def excerpt(words: str, text: str) -> Markup:
    """A message's words around the first place where the text stands, every place marked."""
    plain = markdown.plain(words)
    places = [found.start() for found in re.finditer(re.escape(text), plain, re.IGNORECASE)] if text else []
    start = max(places[0] - AROUND, 0) if places else 0
    end = (places[0] if places else 0) + len(text) + AROUND
    shown = plain[start:end]
    parts = re.split(f"({re.escape(text)})", shown, flags=re.IGNORECASE) if text else [shown]
    marked = Markup().join(
        Markup("<mark>{}</mark>").format(part) if index % 2 else escape(part) for index, part in enumerate(parts)
    )
    return Markup("{}{}{}").format("…" if start else "", marked, "…" if end < len(plain) else "")


async def _found(visitor: Visitor, text: str, group: str, before: int | None) -> FoundMessages:
    if not text:
        return FoundMessages(messages=[], next=None)
    found: FoundMessages = await visitor.ask("search_messages", text=text, before=before, limit=30, group=group or None)
    return found
