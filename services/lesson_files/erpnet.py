"""ERP.net's JSON (OData) of Projects.AI.ModelQAs and Projects.AI.TrainingConversations, by the names of its public entity
reference. What has no place in a lesson is kept with it, so that an export gives the record back."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

import orjson

from services.lesson_files.json_objects import Broken, objects
from services.lesson_files.rows import BadRow, Data, Row, Unusable, made, parsed, rest_of

SYSTEM: Final = "erp.net"
_PURPOSES: Final = {"T": "training", "Training": "training", "V": "validation", "Validation": "validation"}
_ROLES: Final = {
    "S": "system",
    "System": "system",
    "U": "user",
    "User": "user",
    "A": "assistant",
    "Assistant": "assistant",
}
_ORIGINS: Final = {"UserEntered": "manual", "Chat": "chat", "Calendar": "calendar", "Case": "case", "ToDo": "task"}
_OURS: Final = ("Question", "Answer", "Section", "Notes")


def read(stream: BinaryIO) -> Iterator[Row | BadRow]:
    """A lesson for every object of the array, of OData's `value`, or of the lines."""
    try:
        for line, text in objects(stream):
            yield made(line, lambda text=text: _row(parsed(text.removeprefix(b"\xef\xbb\xbf"))))  # type: ignore[misc]
    except Broken as problem:
        yield BadRow(problem.line, str(problem))


class Writer:
    """Writes an OData document, `{"value": [...]}`."""

    def __init__(self, stream: BinaryIO) -> None:
        self.lost: Counter[str] = Counter()
        self._stream, self._first = stream, True
        stream.write(b'{"value":[')

    def write(self, lesson: Data) -> None:
        """One lesson."""
        self._stream.write((b"\n" if self._first else b",\n") + orjson.dumps(_record(lesson)))
        self._first = False
        for name, usual in (("language", None), ("held_back", None)):
            if lesson.get(name) != usual:
                self.lost[name] += 1
        if lesson["kind"] == "conversation":
            self._note_lost_of_conversation(lesson)

    def close(self) -> None:
        """End the document."""
        self._stream.write(b"\n]}\n")

    def _note_lost_of_conversation(self, lesson: Data) -> None:
        if any(turn["role"] == "assistant" and turn.get("learn") is False for turn in lesson["messages"]):
            self.lost["turns that are context only"] += 1
        if lesson.get("straight_question") is not None or lesson.get("train_as") != "both":
            self.lost["train_as and straight_question"] += 1
        for name, usual in (("section", "General"), ("active", True)):
            if lesson.get(name) != usual:
                self.lost[f"{name} of conversations"] += 1


# reading --------------------------------------------------------------------------------------------------------------


def _row(record: Data) -> tuple[Any, Data]:
    data: Data = {}
    if isinstance(record.get("Id"), str):
        data |= {"external_system": SYSTEM, "external_id": record["Id"]}
    if (model := _name(record.get("Model"))) is not None:
        data["model"] = model
    if isinstance(record.get("Notes"), str):
        data["notes"] = record["Notes"]
    if "Messages" in record:
        return "ConversationTrained", data | _conversation(record) | {"imported": _imported(record)}
    return "QAAdded", data | _qa(record) | {"imported": _imported(record)}


def _qa(record: Data) -> Data:
    for name in ("Question", "Answer"):
        if not isinstance(record.get(name), str):
            raise Unusable(f"The record has no {name}.", name)
    purpose = record.get("QAType", "Training")
    if purpose not in _PURPOSES:
        raise Unusable(f"QAType is Training or Validation, not {str(purpose)[:40]!r}.", "QAType")
    found = {"question": record["Question"], "answer": record["Answer"], "purpose": _PURPOSES[purpose]}
    if isinstance(record.get("Section"), str) and record["Section"].strip():
        found["section"] = record["Section"]
    active = record.get("IsActive", True)
    if not isinstance(active, bool):
        raise Unusable("IsActive is true or false.", "IsActive")
    return found | {"active": active}


def _conversation(record: Data) -> Data:
    messages = record["Messages"]
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise Unusable("The conversation has no Messages.", "Messages")
    turns = [_turn(index, one) for index, one in enumerate(_in_order(messages))]
    return {"messages": turns, "origin": _ORIGINS.get(str(record.get("Origin")), "manual")}


def _in_order(messages: list[Data]) -> list[Data]:
    numbers = [one.get("MessageNo") for one in messages]
    if all(isinstance(number, int) for number in numbers):
        return sorted(messages, key=lambda one: one["MessageNo"])
    return messages


def _turn(index: int, message: Data) -> Data:
    where = f"Messages.{index}"
    role, contents = message.get("ParticipantRole"), message.get("Contents")
    if role not in _ROLES:
        raise Unusable(
            f"Message {index + 1}: ParticipantRole is System, User or Assistant, not {str(role)[:40]!r}.", where
        )
    if not isinstance(contents, str) or not contents.strip():
        raise Unusable(f"Message {index + 1} has no Contents.", where)
    turn: Data = {"role": _ROLES[role], "content": contents}
    name = message.get("ParticipantName")
    if isinstance(name, str) and name.strip():
        turn["name"] = name
    if (when := _time(message.get("MessageTimeUtc"))) is not None:
        turn["time"] = when
    return turn


def _imported(record: Data) -> Data:
    rest = {name: value for name, value in record.items() if name not in _OURS}
    if "Messages" in record:
        rest["Messages"] = [
            {name: value for name, value in one.items() if name != "Contents"} for one in _in_order(record["Messages"])
        ]
    found: Data = {"format": "erpnet", "rest": orjson.dumps(rest | _empty(record)).decode()}
    times = {"added_at": record.get("CreationTimeUtc"), "deactivated_at": record.get("DeactivatonTimeUtc")}
    found |= {name: when for name, value in times.items() if (when := _time(value)) is not None}
    if (name := _name(record.get("AddedByUser"))) is not None:
        found["added_by"] = name[:200]
    return found


def _empty(record: Data) -> Data:
    # A section or notes of null are ours to leave out, and the record's to get back.
    return {
        name: record[name]
        for name in ("Section", "Notes")
        if name in record and not (isinstance(record[name], str) and record[name].strip())
    }


def _name(value: Any) -> str | None:
    """A reference is its text, or an object with a name or an id."""
    if isinstance(value, dict):
        value = next(
            (value[name] for name in ("Name", "DisplayText", "Code", "Id", "@odata.id") if name in value), None
        )
        if isinstance(value, dict):
            value = next(iter(value.values()), None)
    return value if isinstance(value, str) and value.strip() else None


def _time(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).isoformat()


# writing --------------------------------------------------------------------------------------------------------------


def _record(lesson: Data) -> Data:
    rest = rest_of(lesson, "erpnet")
    record = dict(rest) if rest else _fresh(lesson)
    if lesson["notes"] or record.get("Notes") not in (None, ""):
        record["Notes"] = lesson["notes"]
    if lesson["kind"] == "qa":
        record |= {"Question": lesson["question"], "Answer": lesson["answer"]}
        if lesson["section"] != "General" or "Section" not in record:
            record["Section"] = lesson["section"]
        if _PURPOSES.get(record.get("QAType", "Training")) != lesson["purpose"]:
            record["QAType"] = lesson["purpose"].title()
        if record.get("IsActive", True) != lesson["active"]:
            record["IsActive"] = lesson["active"]
        return record
    return record | {"Messages": _messages(rest.get("Messages", []), lesson["messages"])}


def _fresh(lesson: Data) -> Data:
    record: Data = {"Id": lesson["id"], "Model": lesson["model"], "CreationTimeUtc": lesson["added_at"]}
    if lesson["kind"] == "qa":
        times = {"IsActive": lesson["active"], "DeactivatonTimeUtc": lesson["deactivated_at"]}
        return record | {"AddedByUser": lesson["added_by"], "QAType": lesson["purpose"].title()} | times
    origins = {ours: theirs for theirs, ours in _ORIGINS.items()}
    return record | {"Origin": origins.get(lesson.get("origin") or "manual", "UserEntered")}


def _messages(rest: list[Data], turns: list[Data]) -> list[Data]:
    if len(rest) == len(turns):
        return [one | {"Contents": turn["content"]} for one, turn in zip(rest, turns, strict=True)]
    return [
        {"MessageNo": number, "ParticipantRole": turn["role"].title(), "Contents": turn["content"]}
        | ({"ParticipantName": turn["name"]} if turn.get("name") else {})
        | ({"MessageTimeUtc": turn["time"]} if turn.get("time") else {})
        for number, turn in enumerate(turns, start=1)
    ]
