"""Projects lessons: QAs and training conversations, in every form they ever had."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update

from contracts.envelope import Envelope
from contracts.facts.conversation import (
    ConversationDeactivated,
    ConversationPersonalDataAccepted,
    ConversationReactivated,
    ConversationRevised,
    ConversationTrained,
    Turn,
)
from contracts.facts.person import PersonErased
from contracts.facts.qa import (
    ConflictSettled,
    QAAdded,
    QADeactivated,
    QAMoved,
    QAPersonalDataAccepted,
    QAReactivated,
    QARevised,
    QAsDistinguished,
)
from contracts.text import Sealed
from services.eventlog.log import Recorded
from services.folding import answer_key, fold
from services.personal_data.finding import kinds
from services.projections.inserting import insert_rows
from services.projections.tables import HELD_BACK, SHARED, UNSET, authorship, body, erasure, lesson, wording
from services.projections.temporal import Row, Temporal

_QA = ("question", "answer")
_CONVERSATION = ("messages", "train_as", "straight_question")
_ATTRIBUTES = ("section", "language", "notes", "purpose", "active", "held_back")
_ONCE = ("external_system", "external_id", "imported", "origin", "origin_reference", "proposal")
"""What a lesson says of itself when it is added, and never again."""
_section_key = lru_cache(maxsize=256)(fold)
"""The same few sections come again and again."""
_SORTED = 80
"""So many letters of its question a table of lessons is sorted by."""


class Lessons:
    """Collects a batch's rows of lessons and their texts."""

    def __init__(self) -> None:
        self._rows = Temporal(lesson)
        self._bodies: dict[int, tuple[str, str, dict[str, Any]]] = {}
        self._words: dict[int, str] = {}
        self._authors: set[tuple[str, str]] = set()

    def begin(self, connection: Connection, events: Sequence[tuple[Recorded, Envelope]]) -> None:
        """Fetch what the batch will change."""
        self._bodies, self._words, self._authors = {}, {}, set()
        self._rows.load(connection, {str(e.subject) for _, e in events if e.data.kind in ("qa", "conversation")})
        self._connection = connection

    def project(self, recorded: Recorded, event: Envelope) -> None:
        """Take one event in."""
        id, position = str(event.subject), recorded.position
        self._revision = recorded.revision
        match data := event.data:
            case QAAdded():
                text = {"question": data.question, "answer": data.answer}
                self._add(id, position, "qa", event, text, erased=any(isinstance(one, Sealed) for one in text.values()))
            case ConversationTrained():
                self._note_authors(id, event)
                given = data.model_dump(mode="json", include=set(_CONVERSATION))
                self._add(id, position, "conversation", event, given, erased=_unreadable(data.messages))
            case QARevised() | ConversationRevised():
                self._revise(id, position, event)
            case QADeactivated() | ConversationDeactivated():
                self._switch(id, position, active=False, deactivated_at=event.time.isoformat())
            case QAReactivated() | ConversationReactivated():
                self._switch(id, position, active=True, deactivated_at=None)
            case QAMoved():
                self._put(id, position, {**self._row(id), "model": data.to})
            case ConflictSettled() | QAsDistinguished():
                self._put(id, position, self._row(id))
            case QAPersonalDataAccepted() | ConversationPersonalDataAccepted():
                self._put(id, position, self._row(id) | {"personal": ""})
            case PersonErased():
                self._erase(f"person:{id}", position)
            case _:
                pass

    def write(self, connection: Connection) -> None:
        """Write what was collected."""
        texts = [
            {"id": id, "lesson": owner, "kind": kind, "document": _dump(document)}
            for id, (owner, kind, document) in self._bodies.items()
        ]
        insert_rows(connection, body, texts)
        insert_rows(connection, wording, [{"body": id, "folded": words} for id, words in self._words.items()])
        self._rows.write(connection)
        known = self._known_authors(connection)
        fresh = [{"person": person, "lesson": id} for person, id in sorted(self._authors - known)]
        if fresh:
            connection.execute(insert(authorship), fresh)

    def _add(
        self, id: str, position: int, kind: str, event: Envelope, text: dict[str, Any], *, erased: bool = False
    ) -> None:
        data: Any = event.data
        given = vars(data)  # asking pydantic for a field that isn't there takes longer than all the others
        attributes = {name: given.get(name) for name in (*_ATTRIBUTES, *_ONCE)}
        attributes["purpose"] = attributes["purpose"] or "training"
        attributes |= {"added_by": data.proposed_by or event.actor, "added_at": event.time.isoformat()}
        attributes["deactivated_at"] = None if attributes["active"] else event.time.isoformat()
        row = {
            "model": data.model,
            "kind": kind,
            "erased": erased,
            "first_position": None,
            "question_key": getattr(data, "question_key", ""),
            "answer_key": _answer_key(text),
            "personal": _personal(text),
            "body": self._keep(position, id, kind, text),
            "position": position,
            "taught": position,
            "teacher": attributes["added_by"],
            "asked": _asked(text),
        }
        self._put(id, position, row, attributes)

    def _revise(self, id: str, position: int, event: Envelope) -> None:
        data: Any = event.data
        row = self._row(id)
        given = data.given()
        attributes = orjson.loads(row["attributes"]) | {name: given[name] for name in _ATTRIBUTES if name in given}
        row |= {"position": position}
        text = {name: given[name] for name in (*_QA, *_CONVERSATION) if name in given}
        if (whole := (before := self._body(row["body"])) | text) != before:
            row |= self._set_before(id, whole, data) or self._set_now(position, id, row["kind"], whole)
        if data.kind == "qa" and data.question_key is not None:
            row["question_key"] = data.question_key
        if isinstance(data, ConversationRevised) and data.messages is not None:
            self._note_authors(id, event)
            row["erased"] = _unreadable(data.messages)
        self._put(id, position, row, attributes)

    def _set_now(self, position: int, id: str, kind: str, text: dict[str, Any]) -> Row:
        keys = {"answer_key": _answer_key(text), "personal": _personal(text), "asked": _asked(text)}
        return keys | {"body": self._keep(position, id, kind, text)}

    def _set_before(self, id: str, text: dict[str, Any], data: QARevised | ConversationRevised) -> Row | None:
        """A text that a change is taken back to: set when it was set, with what was said of it."""
        if data.undoes is None:
            return None
        stored = self._connection.execute(select(lesson).where(lesson.c.id == id)).mappings()
        rows = [*(dict(one) for one in stored), *self._rows.batch(id)]
        same = [one for one in rows if self._body(one["body"]) == text]
        last = max(same, key=lambda one: (one["body"], one["valid_from"]), default=None)
        return None if last is None else {name: last[name] for name in ("answer_key", "personal", "asked", "body")}

    def _switch(self, id: str, position: int, **changes: Any) -> None:
        row = self._row(id)
        self._put(id, position, row, orjson.loads(row["attributes"]) | changes)

    def _put(self, id: str, position: int, row: Row, attributes: dict[str, Any] | None = None) -> None:
        attributes = (attributes or orjson.loads(row["attributes"])) | {"revision": self._revision}
        held_back = {None: UNSET, True: HELD_BACK, False: SHARED}[attributes["held_back"]]
        row = row | {
            "attributes": _dump(attributes),
            "section_key": _section_key(attributes["section"]),
            "held_back": held_back,
            "active": bool(attributes["active"]),
            "purpose": attributes["purpose"],
        }
        trains = bool(attributes["active"]) and attributes["purpose"] == "training"
        first = row["first_position"] or (position if trains else None)
        self._rows.put(id, position, {**row, "trains": trains, "first_position": first})

    def _row(self, id: str) -> Row:
        row = self._rows.get(id)
        assert row is not None, f"a lesson {id} that was never added"
        return dict(row)

    def _keep(self, position: int, id: str, kind: str, text: dict[str, Any]) -> int:
        self._bodies[position] = (id, kind, text)
        self._words[position] = _folded(text)
        return position

    def _body(self, id: int) -> dict[str, Any]:
        if id in self._bodies:
            return self._bodies[id][2]
        found: dict[str, Any] = orjson.loads(
            self._connection.execute(select(body.c.document).where(body.c.id == id)).scalar_one()
        )
        return found

    def _note_authors(self, id: str, event: Envelope) -> None:
        turns: tuple[Turn, ...] = getattr(event.data, "messages", None) or ()
        self._authors |= {(turn.author, id) for turn in turns if turn.author and turn.author.startswith("person:")}

    def _known_authors(self, connection: Connection) -> set[tuple[str, str]]:
        lessons = {id for _, id in self._authors}
        if not lessons:
            return set()
        query = select(authorship.c.person, authorship.c.lesson).where(authorship.c.lesson.in_(lessons))
        return {(row[0], row[1]) for row in connection.execute(query)}

    def _erase(self, person: str, position: int) -> None:
        # Erased words leave every training set, those of past positions too: rows keep their place, texts go.
        self.write(self._connection)
        connection = self._connection
        connection.execute(insert(erasure).values(position=position, person=person))
        query = select(authorship.c.lesson).where(authorship.c.person == person)
        lessons = list(connection.execute(query).scalars())
        if lessons:
            bodies = select(lesson.c.body).where(lesson.c.id.in_(lessons))
            connection.execute(update(body).where(body.c.id.in_(bodies)).values(document=_dump({"messages": []})))
            connection.execute(update(wording).where(wording.c.body.in_(bodies)).values(folded=""))
            connection.execute(update(lesson).where(lesson.c.id.in_(lessons)).values(erased=True, asked=""))
        self._bodies, self._words, self._authors = {}, {}, set()
        self._rows.load(connection, {*lessons, *self._rows.ids()})


def _personal(text: dict[str, Any]) -> str:
    return ",".join(sorted({kind for one in _said(text) for kind in kinds(one)}))


def _said(text: dict[str, Any]) -> list[str]:
    """What stands in it, in its order, as far as it can be read."""
    found = [text.get("question"), text.get("answer"), *(turn["content"] for turn in text.get("messages") or ())]
    return [one for one in found if isinstance(one, str)]


def _asked(text: dict[str, Any]) -> str:
    """Its question, or what the person said first, folded to be sorted by; nothing of an erased conversation."""
    turns = text.get("messages") or ()
    if any(not isinstance(turn["content"], str) for turn in turns):
        return ""
    first = text.get("question", next((turn["content"] for turn in turns if turn["role"] == "user"), ""))
    return fold(first)[:_SORTED] if isinstance(first, str) else ""


def _folded(text: dict[str, Any]) -> str:
    """Its words, as they are looked for; none of a conversation in which somebody's words were erased."""
    unread = any(not isinstance(turn["content"], str) for turn in text.get("messages") or ())
    return "" if unread else "\n".join(fold(one) for one in _said(text))


def _unreadable(turns: tuple[Turn, ...]) -> bool:
    return any(isinstance(turn.content, Sealed) for turn in turns)


def _answer_key(text: dict[str, Any]) -> str:
    answer = text.get("answer")
    return answer_key(answer) if isinstance(answer, str) else ""


def _dump(document: dict[str, Any]) -> str:
    return orjson.dumps(document, default=_plain).decode()


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json")
