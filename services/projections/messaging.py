"""What a message's document becomes by each event: pure."""

from typing import Any

from contracts.envelope import Envelope
from contracts.facts.message import (
    AnswerFailed,
    AnswerMarked,
    AnswerPosted,
    AnswerStopRequested,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    ReactionAdded,
    ReactionRemoved,
    RetryRequested,
)

Document = dict[str, Any]
AWAITED = frozenset({"open", "retry", "stopping"})
"""States of virtual users of which chat has to say something yet: an answer, or why there is none."""
ANSWER = (
    "question", "asker", "version", "known", "provider", "milliseconds", "prompt_tokens", "completion_tokens",
)  # fmt: skip
"""What a document takes over from an answer under the same name."""


def posted(position: int, event: Envelope, data: MessagePosted, answerers: list[str]) -> Document:
    """A person's message, and which virtual users should answer it."""
    document = _document(position, event, data.group, event.actor, data.text) | {"holder": event.actor}
    mentions = list(data.mentions)
    return document | {"reply_to": data.reply_to, "mentions": mentions, "waiting": dict.fromkeys(answerers, "open")}


def answered(position: int, event: Envelope, data: AnswerPosted) -> Document:
    """An assistant's answer."""
    document = _document(position, event, data.group, f"virtual_user:{data.virtual_user}", data.text)
    document |= {name: getattr(data, name) for name in ANSWER} | {"holder": data.asker, "reply_to": data.question}
    return document | {"model": data.answering_model, "lessons": list(data.lessons)}


def has_answer(document: Document, virtual_user: str) -> Document:
    """The question, once it is answered."""
    return _waits(document, virtual_user, "answered") | {"failure": None}


def changed(document: Document, event: Envelope) -> Document:
    """The message after what happened to it."""
    match data := event.data:
        case MessageEdited():
            return document | {"text": plain(data.text), "edited": True, "edited_at": event.time.isoformat()}
        case MessageDeleted():
            return gone(document)
        case ReactionAdded():
            return document | {"reactions": [*document["reactions"], [event.actor, data.reaction]]}
        case ReactionRemoved():
            left = [one for one in document["reactions"] if one != [event.actor, data.reaction]]
            return document | {"reactions": left}
        case AnswerFailed():
            failure = {data.virtual_user: {"code": data.code, "message": plain(data.message)}}
            failed = _waits(document, data.virtual_user, "failed")
            return failed | {"failures": failed["failures"] | failure, "failure": plain(data.message)}
        case AnswerStopRequested() if document["waiting"].get(data.virtual_user) in AWAITED:
            return _waits(document, data.virtual_user, "stopping")
        case RetryRequested():
            return _waits(document, data.virtual_user, "retry") | {"failure": None}
        case AnswerMarked():
            others = {actor: verdict for actor, verdict in document["marks"].items() if actor != event.actor}
            mark = {} if data.verdict == "none" else {event.actor: data.verdict}
            return document | {"marks": others | mark}
        case _:
            return document


def gone(document: Document) -> Document:
    """The message was taken back, or its words were erased."""
    return document | {"text": "", "deleted": True, "waiting": {}, "failures": {}, "failure": None}


def plain(text: Any) -> str:
    """The text, or nothing where it can't be read any more."""
    return text if isinstance(text, str) else ""


def _waits(document: Document, virtual_user: str, state: str) -> Document:
    failures = {user: one for user, one in document["failures"].items() if user != virtual_user}
    return document | {"waiting": document["waiting"] | {virtual_user: state}, "failures": failures}


def _document(position: int, event: Envelope, group: str, author: str, text: Any) -> Document:
    return {
        "id": event.subject, "group": group, "position": position, "time": event.time.isoformat(), "author": author,
        "text": plain(text), "reply_to": None, "deleted": False, "edited": False, "edited_at": None, "mentions": [],
        "model": None, "lessons": [], "failure": None, "failures": {}, "reactions": [], "marks": {}, "waiting": {},
    } | dict.fromkeys(ANSWER)  # fmt: skip
