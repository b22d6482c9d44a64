"""Projects people, groups and messages, and which questions still wait for an answer."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from contracts.envelope import Envelope
from contracts.facts.group import GroupArchived, GroupCreated, GroupRevised, MemberJoined, MemberLeft
from contracts.facts.message import AnswerPosted, MessagePosted
from contracts.facts.model import ModelArchived, ModelDefined, ModelRestored, ModelRevised, VirtualUserLinked
from contracts.facts.person import PersonAdded, PersonErased, PersonRevised
from services.eventlog.log import Recorded
from services.projections import messaging
from services.projections.answerers import answerers, folded_text
from services.projections.tables import assistant, group, message, person, thread_notice

Document = dict[str, Any]
_TABLES = {"person": (person, "id"), "group": (group, "id"), "model": (assistant, "model"), "message": (message, "id")}


class Chatting:
    """Collects a batch's rows of the chat. Groups and assistants are few and read when they are needed."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], Document] = {}
        self._touched: set[tuple[str, str]] = set()
        self._notices: list[Document] = []

    def begin(self, connection: Connection, events: Sequence[tuple[Recorded, Envelope]]) -> None:
        """Fetch what the batch will change."""
        self._documents, self._touched, self._notices, self._connection = {}, set(), [], connection
        for kind in _TABLES:
            self._load(kind, {id for _, event in events for one, id in _named(event) if one == kind})

    def project(self, recorded: Recorded, event: Envelope) -> None:
        """Take one event in."""
        position, self._revision = recorded.position, recorded.revision
        match event.data.kind:
            case "person":
                self._person(event)
            case "group":
                self._note(position, event)
                self._group(event)
            case "model":
                self._assistant(event)
            case "message":
                self._message(position, event)
            case _:
                pass

    def write(self, connection: Connection) -> None:
        """Write what was collected."""
        for kind, (table, key) in _TABLES.items():
            ids = [id for one, id in self._touched if one == kind]
            if not ids:
                continue
            for start in range(0, len(ids), 500):
                connection.execute(delete(table).where(table.c[key].in_(ids[start : start + 500])))
            connection.execute(insert(table), [_row(kind, id, self._documents[kind, id]) for id in ids])
        if self._notices:
            connection.execute(insert(thread_notice), self._notices)
            self._notices = []

    def _load(self, kind: str, ids: set[str]) -> None:
        table, key = _TABLES[kind]
        wanted = sorted(id for id in ids if (kind, id) not in self._documents)
        for start in range(0, len(wanted), 500):
            query = select(table.c[key], table.c.document).where(table.c[key].in_(wanted[start : start + 500]))
            for id, document in self._connection.execute(query):
                self._documents[kind, id] = json.loads(document)

    def _get(self, kind: str, id: str) -> Document:
        self._load(kind, {id})
        return self._documents[kind, id]

    def _put(self, kind: str, id: str, document: Document) -> None:
        if kind in ("person", "group"):
            document = document | {"revision": self._revision}
        self._documents[kind, id] = document
        self._touched.add((kind, id))

    def _person(self, event: Envelope) -> None:
        id = str(event.subject)
        given = event.data.given()
        match event.data:
            case PersonAdded():
                self._put("person", id, event.data.model_dump(mode="json") | {"erased": False})
            case PersonRevised():
                self._put("person", id, self._get("person", id) | given)
            case PersonErased():
                gone = {"name": "", "login": None, "email": None, "erased": True}
                self._put("person", id, self._get("person", id) | gone)
                self._erase(f"person:{id}")
            case _:
                self._put("person", id, self._get("person", id))

    def _group(self, event: Envelope) -> None:
        id, data = str(event.subject), event.data
        match data:
            case GroupCreated():
                document = data.model_dump(mode="json") | _own(data) | {"archived": False, "created_by": event.actor}
            case GroupRevised():
                document = self._get("group", id) | data.given() | _own(data)
            case MemberJoined():
                before = self._get("group", id)
                document = before | {"members": [*before["members"], data.member]}
            case MemberLeft():
                before = self._get("group", id)
                document = before | {"members": [one for one in before["members"] if one != data.member]}
                if data.member.startswith("virtual_user:"):
                    self._await_no_more(id, {data.member.removeprefix("virtual_user:")})
            case GroupArchived():
                document = self._get("group", id) | {"archived": True}
                self._await_no_more(id, None)
            case _:
                return
        self._put("group", id, document)

    def _note(self, position: int, event: Envelope) -> None:
        if (happened := _happened(event)) is not None:
            said = {"notice": happened | {"by": event.actor}, "time": event.time.isoformat()}
            row = {"chat_group": event.subject, "position": position, "document": json.dumps(said, ensure_ascii=False)}
            self._notices.append(row)

    def _assistant(self, event: Envelope) -> None:
        id, data = str(event.subject), event.data
        match data:
            case ModelDefined():
                names = [data.name, *data.names.values()]
                self._put("model", id, {"names": names, "virtual_user": data.virtual_user, "archived": False})
            case ModelRevised() if "name" in data.changes() or "names" in data.changes():
                before = self._get("model", id)
                name = data.name or before["names"][0]
                names = [name, *(data.names.values() if data.names is not None else before["names"][1:])]
                self._put("model", id, before | {"names": names})
            case VirtualUserLinked():
                self._put("model", id, self._get("model", id) | {"virtual_user": data.virtual_user})
            case ModelArchived() | ModelRestored():
                self._put("model", id, self._get("model", id) | {"archived": isinstance(data, ModelArchived)})

    def _message(self, position: int, event: Envelope) -> None:
        id = str(event.subject)
        match data := event.data:
            case MessagePosted():
                self._put("message", id, messaging.posted(position, event, data, self._answerers(event, data)))
            case AnswerPosted():
                self._put("message", id, messaging.answered(position, event, data))
                question = self._get("message", data.question)
                self._put("message", data.question, messaging.has_answer(question, data.virtual_user))
            case _:
                self._put("message", id, messaging.changed(self._get("message", id), event))

    def _answerers(self, event: Envelope, data: MessagePosted) -> list[str]:
        where = self._get("group", data.group)
        replied = self._get("message", data.reply_to)["author"] if data.reply_to else None
        text = messaging.plain(data.text)
        return answerers(where, self._assistants_in(where), event.actor, text, data.mentions, replied)

    def _assistants_in(self, where: Document) -> dict[str, list[str]]:
        """Virtual user to its model's names, of those that are members and in use."""
        members = {one.removeprefix("virtual_user:") for one in where["members"] if one.startswith("virtual_user:")}
        if not members:
            return {}
        rows = self._connection.execute(
            select(assistant.c.model).where(assistant.c.virtual_user.in_(members))
        ).scalars()
        models = set(rows) | {id for kind, id in self._touched if kind == "model"}
        found = [self._get("model", id) for id in models]
        return {
            one["virtual_user"]: one["names"] for one in found if one["virtual_user"] in members and not one["archived"]
        }

    def _await_no_more(self, where: str, left: set[str] | None) -> None:
        """Answers of those who left aren't awaited any more; None: nobody's are. Chat would try them for ever."""
        self.write(self._connection)
        query = select(message.c.id, message.c.document).where(message.c.chat_group == where, message.c.open.is_(True))
        for id, text in self._connection.execute(query).all():
            document = json.loads(text)
            waiting = {
                one: state
                for one, state in document["waiting"].items()
                if state not in messaging.AWAITED or (left is not None and one not in left)
            }
            self._put("message", id, document | {"waiting": waiting})

    def _erase(self, holder: str) -> None:
        self.write(self._connection)
        for id, text in self._connection.execute(select(group.c.id, group.c.document)).all():
            document = json.loads(text)
            if document["created_by"] == holder and document["use"] == "assistant":
                self._documents["group", id] = document | {"title": None, "instructions": None}
                self._touched.add(("group", id))
        query = select(message.c.id, message.c.document).where(message.c.holder == holder)
        for id, document in self._connection.execute(query).all():
            self._put("message", id, messaging.gone(json.loads(document)))
        self._connection.execute(update(message).where(message.c.holder == holder).values(open=False))


def _own(data: GroupCreated | GroupRevised) -> Document:
    """What is sealed of a group, as far as it is given and can be read."""
    given = ("title", "instructions")
    return {name: messaging.plain(getattr(data, name)) or None for name in given if name in data.model_fields_set}


def _happened(event: Envelope) -> Document | None:
    match event.data:
        case GroupCreated():
            return {"kind": "created"}
        case MemberJoined(member=member):
            return {"kind": "joined", "member": member}
        case MemberLeft(member=member):
            return {"kind": "left", "member": member}
        case GroupRevised(name=name) if name is not None:
            return {"kind": "renamed", "name": name}
        case GroupArchived():
            return {"kind": "archived"}
        case _:
            return None


def _named(event: Envelope) -> list[tuple[str, str]]:
    data: Any = event.data
    named = [(data.kind, str(event.subject))]
    if data.kind == "message":
        named += [("group", data.group)] if getattr(data, "group", None) else []
        links = (getattr(data, "reply_to", None), getattr(data, "question", None))
        named += [("message", id) for id in links if id]
    return [one for one in named if one[0] in _TABLES]


def _row(kind: str, id: str, document: Document) -> dict[str, Any]:
    row: dict[str, Any] = {_TABLES[kind][1]: id, "document": json.dumps(document, ensure_ascii=False)}
    if kind == "model":
        row["virtual_user"] = None if document["archived"] else document["virtual_user"]
    if kind == "message":
        row |= {"chat_group": document["group"], "position": document["position"], "author": document["author"]}
        row |= {"folded": folded_text(document["text"])}
        row |= {"holder": document["holder"], "open": not messaging.AWAITED.isdisjoint(document["waiting"].values())}
    return row
