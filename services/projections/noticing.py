"""Projects notices: who is to be told what, and how far everybody has read."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from contracts.envelope import Envelope
from contracts.facts.compilation import (
    CompilationCancelled,
    CompilationFailed,
    CompilationSucceeded,
    CompilationUnchanged,
)
from contracts.facts.model import ActiveVersionChanged
from contracts.facts.person import ModelUnwatched, ModelWatched, NoticesRead
from contracts.facts.proposal import LessonApproved, LessonDeclined, LessonProposed
from contracts.facts.provider import BaseModelRetirementAnnounced, BaseModelRetirementNear
from services.eventlog.log import Recorded
from services.projections.tables import notice, notices_read, watch

Document = dict[str, Any]
ADMINISTRATORS: Final = "role:administrator"
TRAINERS: Final = "role:trainer"
COMPILER: Final = "service:compiler"
_ENDED: Final = {
    "CompilationSucceeded": "compilation_succeeded", "CompilationUnchanged": "compilation_unchanged",
    "CompilationFailed": "compilation_failed", "CompilationCancelled": "compilation_cancelled",
}  # fmt: skip


class Noticing:
    """Collects a batch's notices.

    `compilation` gives the projected document of a compilation of this batch, `archived` whether a model of it is archived.
    """

    def __init__(self, compilation: Callable[[str], Document], archived: Callable[[str], bool]) -> None:
        self._compilation, self._archived = compilation, archived
        self._notices: dict[tuple[str, int], Document] = {}
        self._times: dict[int, str] = {}
        self._watching: set[tuple[str, str]] = set()
        self._read: dict[str, int] = {}
        self._touched = False

    def begin(self, connection: Connection, _: Sequence[tuple[Recorded, Envelope]]) -> None:
        """Fetch who watches what: few rows."""
        self._notices, self._times, self._read, self._touched = {}, {}, {}, False
        self._watching = {
            (person, model) for person, model in connection.execute(select(watch.c.person, watch.c.model))
        }

    def project(self, recorded: Recorded, event: Envelope) -> None:
        """Take one event in."""
        id, position = str(event.subject), recorded.position
        self._times[position] = datetime.fromtimestamp(recorded.recorded_at / 1_000_000, UTC).isoformat()
        match data := event.data:
            case CompilationSucceeded() | CompilationUnchanged() | CompilationFailed() | CompilationCancelled():
                self._ended(position, event)
            case ActiveVersionChanged() if data.reason != "compiled":
                version = data.new.version if data.new else None
                about = {"kind": "version_changed", "model": id, "version": version, "reason": data.reason}
                about |= {"archived": True} if self._archived(id) else {}
                found = {ADMINISTRATORS} if event.actor == COMPILER else set()  # that a version is gone at its provider
                self._tell(position, self._watchers(id) - {event.actor} | found, about)
            case LessonProposed():
                self._tell(position, {TRAINERS}, {"kind": "lesson_proposed", "model": data.model, "proposal": id})
            case LessonApproved() | LessonDeclined():
                kind = "proposal_approved" if isinstance(data, LessonApproved) else "proposal_declined"
                self._tell(position, {str(data.proposer)}, {"kind": kind, "model": data.model, "proposal": id})
            case BaseModelRetirementAnnounced() | BaseModelRetirementNear():
                near = data.days if isinstance(data, BaseModelRetirementNear) else None
                about = {"kind": "base_model_retires", "provider": id, "base_model": data.base_model, "days": near}
                self._tell(position, {ADMINISTRATORS}, about | {"retires_on": data.retires_on.isoformat()})
            case ModelWatched():
                self._watching.add((id, data.model))
                self._touched = True
            case ModelUnwatched():
                self._watching.discard((id, data.model))
                self._touched = True
            case NoticesRead():
                self._read[id] = data.upto

    def tell_teacher(self, position: int, teacher: str, about: Document) -> None:
        """A version has learnt lessons of theirs; who is told of the version anyway is told it in the same notice."""
        if not teacher.startswith("person:"):
            return
        before = self._notices.get((teacher, position))
        self._notices[teacher, position] = about if before is None else before | _learnt(about)

    def tell_administrators(self, position: int, about: Document) -> None:
        """Something is theirs to look after."""
        self._tell(position, {ADMINISTRATORS}, about)

    def write(self, connection: Connection) -> None:
        """Write what was collected."""
        if self._notices:
            connection.execute(insert(notice), [self._row(*one) for one in self._notices.items()])
        if self._touched:
            connection.execute(delete(watch))
            if self._watching:
                connection.execute(insert(watch), [{"person": one, "model": m} for one, m in sorted(self._watching)])
        if self._read:
            connection.execute(delete(notices_read).where(notices_read.c.person.in_(list(self._read))))
            connection.execute(insert(notices_read), [{"person": one, "upto": at} for one, at in self._read.items()])

    def _row(self, key: tuple[str, int], about: Document) -> Document:
        who, position = key
        document = json.dumps(about | {"time": self._times[position]}, ensure_ascii=False)
        return {"recipient": who, "position": position, "document": document}

    def _ended(self, position: int, event: Envelope) -> None:
        id = str(event.subject)
        document = self._compilation(id)
        by_itself = document["occasion"] in ("nightly", "waiting")
        who = self._watchers(document["model"]) | ({ADMINISTRATORS} if by_itself else {document["requested_by"]})
        fields = ("model", "version", "accepted", "occasion", "added", "removed", "changed", "passed", "asked")
        about = {name: document[name] for name in fields} | {"kind": _ENDED[event.type], "compilation": id}
        if document["error"]:
            about |= {"problem": document["error"]["message"], "problem_code": document["error"]["code"]}
        self._tell(position, who, about)

    def _watchers(self, model: str) -> set[str]:
        return {f"person:{person}" for person, watched in self._watching if watched == model}

    def _tell(self, position: int, recipients: Iterable[str], about: Document) -> None:
        for who in recipients:
            if who.startswith(("person:", "role:", "module:")):
                self._notices[who, position] = about


def _learnt(about: Document) -> Document:
    return {name: about[name] for name in ("lessons", "lesson_ids") if name in about}
