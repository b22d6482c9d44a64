"""What replies and answers quote: who said it, and its first words."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.queries import MessageRow
from services.refusals import Refused
from services.web import markdown

WORDS: Final = 140
"""Characters of a quoted message that are shown."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A message as another one quotes it."""

    id: str
    author: str
    words: str
    deleted: bool


async def quotes(rows: Sequence[MessageRow], ask: Callable[[str], Awaitable[MessageRow]]) -> Mapping[str, Quote]:
    """What these messages reply to, by id. `ask`: one message that isn't among them."""
    here = {row.id: row for row in rows}
    wanted = {row.reply_to for row in rows if row.reply_to is not None}
    for row in await asyncio.gather(*(_found(ask, id) for id in sorted(wanted - set(here)))):
        if row is not None:
            here[row.id] = row
    return {id: quote(here[id]) for id in wanted if id in here}


def quote(row: MessageRow) -> Quote:
    """Its first words, without Markdown's signs."""
    plain = markdown.plain(row.text)
    return Quote(row.id, row.author, plain if len(plain) <= WORDS else plain[:WORDS].rstrip() + "…", row.deleted)


async def _found(ask: Callable[[str], Awaitable[MessageRow]], id: str) -> MessageRow | None:
    try:
        return await ask(id)
    except Refused:
        return None  # a reply outlives what it replies to
