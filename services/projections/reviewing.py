"""Projects review and what was settled: proposals, how far modules are trusted, conflicts, imports."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from contracts.envelope import Envelope
from contracts.facts.module import ModuleTrusted
from contracts.facts.person import PersonErased
from contracts.facts.proposal import LessonApproved, LessonDeclined, LessonProposed, ProposalWithdrawn
from contracts.facts.qa import ConflictSettled, QAsDistinguished
from services.eventlog.log import Recorded
from services.projections.tables import distinguished, imported, module, proposal, settlement

Document = dict[str, Any]
IMPORT, UNDO = "import-", "undo-import-"
"""With which the correlation of the facts of an import, and of its undoing, begins."""


class Reviewing:
    """Collects a batch's rows of proposals, settlements, trust and imports."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._proposals: dict[str, Document] = {}
        self._settled: list[Document] = []
        self._distinguished: list[Document] = []
        self._imported: list[Document] = []
        self._modules: dict[str, Document] = {}

    def begin(self, connection: Connection, events: Sequence[tuple[Recorded, Envelope]]) -> None:
        """Fetch what the batch will change."""
        self._connection = connection
        self._wanted = {str(event.subject) for _, event in events if event.data.kind == "proposal"}
        self._fetch()

    def project(self, recorded: Recorded, event: Envelope) -> None:
        """Take one event in."""
        id, position = str(event.subject), recorded.position
        match data := event.data:
            case LessonProposed() | LessonApproved() | LessonDeclined() | ProposalWithdrawn():
                self._proposals[id] = _proposal(self._proposals.get(id), recorded, event)
            case ConflictSettled():
                row: Document = {"training_set": data.training_set, "question_key": data.question_key, "winner": id}
                self._settled.append(row | {"position": position})
            case QAsDistinguished():
                one, other = sorted((id, data.other))
                self._distinguished.append({"one": one, "other": other, "position": position})
            case ModuleTrusted():
                self._modules[id] = data.given() | {"id": id, "revision": recorded.revision}
            case PersonErased():
                self._erase(f"person:{id}")
            case _:
                pass
        if data.kind in ("qa", "conversation", "proposal") and (event.correlationid or "").startswith((IMPORT, UNDO)):
            self._import(id, position, event)

    def _import(self, id: str, position: int, event: Envelope) -> None:
        correlation = str(event.correlationid)
        row: Document = {"import_id": correlation.removeprefix("undo-"), "undoes": correlation.startswith(UNDO)}
        row |= {"position": position, "lesson": id, "fact": event.type, "kind": event.data.kind}
        system, record = getattr(event.data, "external_system", None), getattr(event.data, "external_id", None)
        row["record"] = None if system is None else f"{system}/{record}"
        self._imported.append(row)

    def write(self, connection: Connection) -> None:
        """Write what was collected."""
        _replace(connection, proposal, {id: _row(id, one) for id, one in self._proposals.items()})
        modules = {id: {"id": id, "document": _dump(one)} for id, one in self._modules.items()}
        _replace(connection, module, modules)
        for table, rows in (
            (settlement, self._settled),
            (distinguished, self._distinguished),
            (imported, self._imported),
        ):
            if rows:
                connection.execute(insert(table), rows)

    def _erase(self, person: str) -> None:
        # Whole proposals go: those of the person, and those in which the person's words stand.
        self.write(self._connection)
        for id, text in self._connection.execute(select(proposal.c.id, proposal.c.document)).all():
            document = json.loads(text)
            if person in (document["proposer"], *document["authors"]):
                gone = document | {"content": {}, "reason": "", "erased": True}
                self._connection.execute(update(proposal).where(proposal.c.id == id).values(document=_dump(gone)))
        self._fetch()

    def _fetch(self) -> None:
        self._forget()
        if self._wanted:
            query = select(proposal.c.id, proposal.c.document).where(proposal.c.id.in_(self._wanted))
            self._proposals = {id: json.loads(document) for id, document in self._connection.execute(query)}


def _proposal(before: Document | None, recorded: Recorded, event: Envelope) -> Document:
    data: Any = event.data
    if isinstance(data, LessonProposed):
        plain = data.model_dump(mode="json")
        kind = next(name for name in ("qa", "conversation", "qa_changes", "conversation_changes") if plain[name])
        content = plain[kind]
        authors = sorted({turn["author"] for turn in content.get("messages") or () if turn["author"]})
        return {
            "id": event.subject, "model": data.model, "proposer": data.proposer, "kind": kind, "content": content,
            "lesson": data.lesson, "status": "open", "proposed_at": event.time.isoformat(), "authors": authors,
            "position": recorded.position, "decided_by": None, "decided_at": None, "reason": "", "erased": False,
            "edits": {}, "revision": recorded.revision,
        }  # fmt: skip
    assert before is not None, f"{event.type} before LessonProposed"
    status = {"LessonApproved": "approved", "LessonDeclined": "declined", "ProposalWithdrawn": "withdrawn"}[event.type]
    decided = {"status": status, "decided_by": event.actor, "decided_at": event.time.isoformat()}
    document = before | decided | {"revision": recorded.revision}
    if isinstance(data, LessonApproved):
        derived = data.derived_fields()
        document |= {"edits": {name: one for name, one in data.given().items() if name not in derived}}
        document["lesson"] = data.lesson
    if isinstance(data, LessonDeclined):
        document["reason"] = data.reason if isinstance(data.reason, str) else ""
    return document


def _row(id: str, document: Document) -> Document:
    columns = ("model", "status", "proposer", "position", "lesson")
    return {name: document[name] for name in columns} | {"id": id, "document": _dump(document)}


def _replace(connection: Connection, table: Any, rows: dict[str, Document]) -> None:
    if rows:
        connection.execute(delete(table).where(table.c.id.in_(list(rows))))
        connection.execute(insert(table), list(rows.values()))


def _dump(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False)
