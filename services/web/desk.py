"""What lies on a person's desk: drafts of messages, and up to where each group was read."""

import time
from typing import Final

from sqlalchemy import Engine, delete, select

from services.web.database import draft, insert_into, put, read_mark

LARGEST_DRAFT: Final = 65_536


class Desk:
    """Kept per person and group."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def marks(self, person: str) -> dict[str, int]:
        """Position up to which each group was read."""
        query = select(read_mark.c.chat_group, read_mark.c.position).where(read_mark.c.person == person)
        with self._engine.connect() as connection:
            return {row.chat_group: row.position for row in connection.execute(query)}

    def mark(self, person: str, group: str, position: int) -> None:
        """The group was read up to here; marks never move back."""
        with self._engine.begin() as connection:
            mark = insert_into(connection, read_mark).values(person=person, chat_group=group, position=position)
            further = read_mark.c.position < position
            connection.execute(
                mark.on_conflict_do_update(
                    index_elements=["person", "chat_group"], set_={"position": position}, where=further
                )
            )

    def draft(self, person: str, group: str) -> str:
        """What was begun and not sent."""
        query = select(draft.c.text).where(draft.c.person == person, draft.c.chat_group == group)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or ""

    def keep_draft(self, person: str, group: str, text: str) -> None:
        """Keep it; an empty one is forgotten."""
        row = {"person": person, "chat_group": group, "text": text[:LARGEST_DRAFT], "changed_at": int(time.time())}
        with self._engine.begin() as connection:
            if text.strip():
                put(connection, draft, row)
            else:
                connection.execute(delete(draft).where(draft.c.person == person, draft.c.chat_group == group))
