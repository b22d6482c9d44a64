"""Projects erasure: administrators are told which versions have learnt the words of a person who was erased."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from contracts.envelope import Envelope
from contracts.facts.person import PersonErased
from services.eventlog.log import Recorded
from services.projections.learnt_words import Built, learnt, lessons_said_by

LISTED: Final = 100
"""So many versions a notice names; the query `learnt_from` has them all."""
Tell = Callable[[int, dict[str, Any]], None]
"""Tells administrators: position, what."""


class Erasing:
    """Collects a batch's erasures. It writes after all that it reads, and before notices."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._erased: list[tuple[int, str]] = []

    def begin(self, _: Connection, __: Sequence[tuple[Recorded, Envelope]]) -> None:
        """Nothing is to be fetched: who learnt what is known only when the batch is written."""
        self._erased = []

    def project(self, recorded: Recorded, event: Envelope) -> None:
        """Take one event in."""
        if isinstance(event.data, PersonErased):
            self._erased.append((recorded.position, str(event.subject)))

    def write(self, connection: Connection) -> None:
        """Tell of every erasure after which something is left to do, or was."""
        for position, person in self._erased:
            lessons = lessons_said_by(connection, f"person:{person}")
            found = [one for one in learnt(connection, lessons, position) if one.target == "fine_tune"]
            if found:
                about = {"kind": "person_erased", "person": person, "count": len(found)}
                shown = sorted(found, key=_first_what_speaks)[:LISTED]
                self._tell(position, about | {"versions": [_told(one) for one in shown]})


def _first_what_speaks(one: Built) -> tuple[bool, bool, bool, str, int]:
    return not one.active, one.version is not None, one.deleted, one.model, one.version or 0


def _told(one: Built) -> dict[str, Any]:
    fields = ("model", "version", "compilation", "active", "deleted")
    return {name: getattr(one, name) for name in fields}
