"""One record of ERP.net as a lesson, and a lesson as a record.

A lesson keeps of its record what has no place in it, and how the rest was spelt. A record is written from that: where
reading it gives what the lesson says, it stays as it is; elsewhere the lesson is right."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from contracts.text import YEARS
from services.lesson_files.rows import Data, FactName, Unusable, imported, names, rest_of

SYSTEM: Final = "erp.net"
LONGEST_NOTES: Final = 4_000
LONGEST_NAME: Final = 200
_PURPOSES: Final = {"Training": "training", "T": "training", "Validation": "validation", "V": "validation"}
_ROLES: Final = {
    "System": "system", "S": "system", "User": "user", "U": "user", "Assistant": "assistant", "A": "assistant",
}  # fmt: skip
ORIGINS: Final = {
    "UserEntered": "manual", "Chat": "chat", "Calendar": "calendar", "Case": "case", "ToDo": "task",
    "USR": "manual", "CHT": "chat", "CAL": "calendar", "CAS": "case", "TOD": "task",
}  # fmt: skip


def lesson_of(record: Data) -> tuple[FactName, Data]:
    """The fact and its data. Raises `Unusable`."""
    data: Data = {}
    if isinstance(record.get("Id"), str) and record["Id"]:
        data |= {"external_system": SYSTEM, "external_id": record["Id"]}
    if (model := _name(record.get("Model"))) is not None:
        data["model"] = model
    if notes := _notes(record):
        data["notes"] = notes
    if "Messages" in record:
        return "ConversationTrained", data | _conversation(record) | {"imported": _imported(record)}
    return "QAAdded", data | _qa(record) | {"imported": _imported(record)}


def record_of(lesson: Data, models: Mapping[str, str]) -> Data:
    """The record that the lesson was imported from, with what was changed since; or a new one. `models`: id to name."""
    ours = (lesson.get("imported") or {}).get("format") == "erpnet"
    record = rest_of(lesson, "erpnet") if ours else _new(lesson, models)
    if _is_elsewhere(record, lesson["model"], models):
        record["Model"] = {"Name": models[lesson["model"]]}
    if lesson.get("external_system") == SYSTEM and lesson.get("external_id"):
        record["Id"] = lesson["external_id"]
    if _notes(record) != lesson["notes"]:
        record["Notes"] = lesson["notes"]
    if lesson["kind"] == "conversation":
        if _origin(record) != lesson["origin"]:
            record["Origin"] = _spelt(ORIGINS, lesson["origin"], "UserEntered")
        return record | {"Messages": _messages(record.get("Messages"), lesson["messages"])}
    if _section(record) != lesson["section"]:
        record["Section"] = lesson["section"]
    if _PURPOSES.get(str(record.get("QAType", "Training"))) != lesson["purpose"]:
        record["QAType"] = _spelt(_PURPOSES, lesson["purpose"], "Training")
    if record.get("IsActive", True) != lesson["active"]:
        record["IsActive"] = lesson["active"]
    return record | {"Question": lesson["question"], "Answer": lesson["answer"]}


# reading --------------------------------------------------------------------------------------------------------------


def _qa(record: Data) -> Data:
    if isinstance(record.get("QAs"), list):
        raise Unusable("This is a model; give its QAs themselves, as Projects_AI_ModelQAs has them.", "QAs")
    for name in ("Question", "Answer"):
        text = record.get(name)
        if not isinstance(text, str) or not text.strip():
            raise Unusable(f"The record has no {name}.", name)
    purpose = record.get("QAType", "Training")
    if not isinstance(purpose, str) or purpose not in _PURPOSES:
        raise Unusable(f"QAType is Training or Validation, not {str(purpose)[:40]!r}.", "QAType")
    active = record.get("IsActive", True)
    if not isinstance(active, bool):
        raise Unusable("IsActive is true or false.", "IsActive")
    texts = {"question": record["Question"], "answer": record["Answer"], "section": _section(record)}
    return texts | {"purpose": _PURPOSES[purpose], "active": active}


def _conversation(record: Data) -> Data:
    messages = record["Messages"]
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise Unusable("The conversation has no Messages.", "Messages")
    turns = [_turn(index, messages[index]) for index in _order(messages)]
    return {"messages": turns, "origin": _origin(record)}


def _order(messages: list[Data]) -> list[int]:
    """Where the messages stand in the record, in the order of their numbers."""
    places = range(len(messages))
    if all(isinstance(one.get("MessageNo"), int) for one in messages):
        return sorted(places, key=lambda place: int(messages[place]["MessageNo"]))
    return list(places)


def _turn(index: int, message: Data) -> Data:
    where = f"Messages.{index}"
    role, contents = message.get("ParticipantRole"), message.get("Contents")
    if not isinstance(role, str) or role not in _ROLES:
        raise Unusable(
            f"Message {index + 1}: ParticipantRole is System, User or Assistant, not {str(role)[:40]!r}.", where
        )
    if not isinstance(contents, str) or not contents.strip():
        raise Unusable(f"Message {index + 1} has no Contents.", where)
    besides = {"name": _participant(message), "time": _time(message.get("MessageTimeUtc"))}
    return {"role": _ROLES[role], "content": contents} | {name: one for name, one in besides.items() if one is not None}


def _imported(record: Data) -> Data:
    # What stands in the lesson is null here, so that everything comes back at its place.
    rest = record | {name: None for name in ("Question", "Answer") if name in record}
    if _notes(record):
        rest["Notes"] = None
    if "Messages" in record:
        rest["Messages"] = [one | {"Contents": None} for one in record["Messages"]]
    added_by = _name(record.get("AddedByUser"))
    found = {
        "added_by": added_by and added_by[:LONGEST_NAME],
        "added_at": _time(record.get("CreationTimeUtc")),
        "deactivated_at": _time(record.get("DeactivatonTimeUtc")),
    }
    return imported("erpnet", rest) | {name: value for name, value in found.items() if value}


# values ---------------------------------------------------------------------------------------------------------------


def _section(record: Data) -> str:
    section = record.get("Section")
    return section if isinstance(section, str) and section.strip() else "General"


def _notes(record: Data) -> str:
    """The notes, if they have a place in a lesson; longer ones stay with what the record says besides."""
    notes = record.get("Notes")
    return notes if isinstance(notes, str) and len(notes) <= LONGEST_NOTES else ""


def _origin(record: Data) -> str:
    return ORIGINS.get(str(record.get("Origin")), "manual")


def _participant(message: Data) -> str | None:
    name = message.get("ParticipantName")
    return name[:LONGEST_NAME] if isinstance(name, str) and name[:LONGEST_NAME].strip() else None


def _name(value: Any) -> str | None:
    """A reference is its text, or an object with a name, which has one text or one per language.

    One that isn't expanded is an address only (`{"@odata.id": "Projects_AI_Models(...)"}`) and names nothing.
    """
    if isinstance(value, dict):
        value = next((value[name] for name in ("Name", "DisplayText", "Code") if name in value), None)
        if isinstance(value, dict):
            value = next(iter(value.values()), None)
    return value if isinstance(value, str) and value.strip() else None


def _time(value: Any) -> str | None:
    """RFC 3339; a time without a zone is UTC, as the names of the fields say. None for 0001-01-01 and the like."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(when, datetime):
            return None
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return when.isoformat() if YEARS[0] <= when.year <= YEARS[1] else None


def _spelt(values: Mapping[str, str], ours: str | None, usual: str) -> str:
    return next((theirs for theirs, one in values.items() if one == ours), usual)


# writing --------------------------------------------------------------------------------------------------------------


def _is_elsewhere(record: Data, model: str, models: Mapping[str, str]) -> bool:
    """Whether the record names another model than the lesson is in: it was moved."""
    said = _name(record.get("Model"))
    return said is not None and model in models and not names(said, model, models)


def _new(lesson: Data, models: Mapping[str, str]) -> Data:
    model = models.get(lesson["model"], lesson["model"])
    record = {"Id": lesson["id"], "Model": {"Name": model}, "CreationTimeUtc": lesson["added_at"]}
    if lesson["kind"] == "conversation":
        return record | {"Origin": _spelt(ORIGINS, lesson["origin"], "UserEntered")}
    return record | {
        "AddedByUser": {"Name": lesson["added_by"]},
        "Section": lesson["section"],
        "QAType": _spelt(_PURPOSES, lesson["purpose"], "Training"),
        "IsActive": lesson["active"],
        "DeactivatonTimeUtc": lesson.get("deactivated_at"),
    }


def _messages(before: Any, turns: list[Data]) -> list[Data]:
    """As they were, each with its turn's present words; anew when there are other turns than there were."""
    kept: list[Data] = before if isinstance(before, list) and all(isinstance(one, dict) for one in before) else []
    if len(kept) != len(turns):
        return [_message({"MessageNo": number}, turn) for number, turn in enumerate(turns, start=1)]
    messages: list[Data] = [{}] * len(turns)
    for place, turn in zip(_order(kept), turns, strict=True):
        messages[place] = _message(kept[place], turn)
    return messages


def _message(kept: Data, turn: Data) -> Data:
    message = kept | {"Contents": turn["content"]}
    if _ROLES.get(str(kept.get("ParticipantRole"))) != turn["role"]:
        message["ParticipantRole"] = turn["role"].title()
    if _participant(kept) != turn.get("name"):
        message["ParticipantName"] = turn.get("name")
    if _time(kept.get("MessageTimeUtc")) != _time(turn.get("time")):
        message["MessageTimeUtc"] = turn.get("time")
    return message
