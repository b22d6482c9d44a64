"""A group's messages as markup: the same article in a page and in a live frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from contracts.identifiers import answer_id
from contracts.queries import MessageRow
from services.web import markdown
from services.web.directory import Named, named
from services.web.live.rooms import Look
from services.web.rendering import render
from services.web.views.quoting import Quote, quote

LAST = 10**15
"""Where an answer that is still awaited stands: behind every message."""
Everybody = Mapping[str, Named]


@dataclass(frozen=True, slots=True)
class Awaited:
    """An answer that somebody will give, gives now, or couldn't give. `at`: where it stands in the thread."""

    id: str
    question: str
    asker: str
    virtual_user: str
    author: Named
    state: str
    at: str
    time: str
    failure: str = ""
    code: str = ""


def drawn_message(row: MessageRow, quoted: Mapping[str, Quote], everybody: Everybody, look: Look) -> str:
    """A live frame of one message, with the answers that it waits for."""
    return render("parts/message_frame.html", look[0], message_context([row], everybody, look, quoted))


def drawn_growth(id: str, member: str, text: str, everybody: Everybody, look: Look) -> str:
    """A live frame of an answer that grows."""
    context = {"id": id, "author": named(everybody, member), "said": markdown.html(text), "language": look[0]}
    return render("parts/growing_frame.html", look[0], context)


def message_context(
    rows: Sequence[MessageRow], everybody: Everybody, look: Look, quoted: Mapping[str, Quote] | None = None
) -> dict[str, Any]:
    """What parts/messages.html needs."""
    waiting = awaited(rows, everybody)
    names = [name for one in everybody.values() if not one.erased for name in (one.name, *one.names.values()) if name]
    return {
        "messages": rows,
        "quoted": quoted or {},
        "quote_of": quote,
        "everybody": everybody,
        "named": lambda member: named(everybody, member),
        "said": lambda row: _said(row, everybody, names, studio=look[2]),
        "awaited": [one for one in waiting if one.state != "failed"],
        "unanswered": lambda row: [one for one in waiting if one.question == row.id and one.state == "failed"],
        "zone": look[1],
        "language": look[0],
        "studio": look[2],
    }


def awaited(rows: Sequence[MessageRow], everybody: Everybody) -> list[Awaited]:
    """The answers that these messages wait for."""
    return [
        Awaited(
            id=answer_id(row.id, one.virtual_user),
            question=row.id,
            asker=row.author,
            virtual_user=one.virtual_user,
            author=named(everybody, f"virtual_user:{one.virtual_user}"),
            state=one.state,
            at=f"{row.position}.5" if one.state == "failed" else str(LAST),
            time=row.time,
            failure=row.failures[one.virtual_user].message if one.virtual_user in row.failures else "",
            code=row.failures[one.virtual_user].code if one.virtual_user in row.failures else "",
        )
        for row in rows
        for one in row.answering
    ]


def _said(row: MessageRow, everybody: Everybody, names: list[str], *, studio: bool) -> Markup:
    models = {
        name.casefold(): f"/models/{one.model}"
        for one in everybody.values()
        if one.model and studio
        for name in (one.name, *one.names.values())
    }
    return markdown.mentioned(markdown.html(row.text), lambda name: models.get(name.casefold()), names)
