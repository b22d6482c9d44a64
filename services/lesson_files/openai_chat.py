"""OpenAI's chat format: `{"messages": [{"role", "content", "weight"?, "name"?}]}`, one example a line."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from services.lesson_files.json_objects import lines_or_list
from services.lesson_files.losses import losses
from services.lesson_files.rows import (
    BadRow,
    Data,
    FactName,
    Row,
    Unusable,
    dumped,
    each,
    imported,
    rest_of,
)

LONGEST_QUESTION: Final = 2_000
_ROLES: Final = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What OpenAI takes as a participant's name."""


def read(stream: BinaryIO) -> Iterator[Row | BadRow]:
    """One question with one learnt answer is a QA, everything else a conversation."""
    return each(lines_or_list(stream), _row)


class Writer:
    """Writes examples; a row that was imported from this format comes back as it was, with the present texts."""

    def __init__(self, stream: BinaryIO) -> None:
        self.lost: Counter[str] = Counter()
        self._stream = stream

    def write(self, lesson: Data) -> None:
        """One lesson, as the query `lesson` gives it."""
        rest = rest_of(lesson, "openai")
        messages = _messages(rest.get("messages"), _turns(lesson), qa=lesson["kind"] == "qa")
        self._stream.write(dumped(rest | {"messages": messages}))
        self.lost.update(losses(lesson, "openai", ("train_as", "messages.learn", "messages.name")))
        self.lost.update(_lost(lesson, messages))

    def close(self) -> None:
        """Nothing comes after the last line."""


# reading --------------------------------------------------------------------------------------------------------------


def _row(row: Data) -> tuple[FactName, Data]:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise Unusable("The row has no messages.", "messages")
    turns = [_turn(index, one) for index, one in enumerate(messages)]
    said = [turn for turn in turns if turn["role"] != "system"]
    qa = (
        [turn["role"] for turn in said] == ["user", "assistant"]
        and said[1]["learn"]
        and len(said[0]["content"]) <= LONGEST_QUESTION
    )
    # A QA has no place for a system message, so its text stays here; the lesson's own texts stand in the lesson.
    kept = [
        one if qa and turn["role"] == "system" else _without_text(one)
        for one, turn in zip(messages, turns, strict=True)
    ]
    besides = {"imported": imported("openai", row | {"messages": kept})}
    if qa:
        return "QAAdded", {"question": said[0]["content"], "answer": said[1]["content"]} | besides
    # The file says what is learnt line by line: a wrong answer in it isn't put straight in a line of its own.
    return "ConversationTrained", {"messages": turns, "train_as": "exchange"} | besides


def _turn(index: int, message: Data) -> Data:
    where = f"messages.{index}"
    role = message.get("role")
    if role in ("tool", "function") or message.get("tool_calls") or message.get("function_call"):
        raise Unusable(f"Message {index + 1} calls a tool; that can't be learnt here.", where)
    if not isinstance(role, str) or role not in _ROLES:
        raise Unusable(f"Message {index + 1} has the role {str(role)[:40]!r}; it is system, user or assistant.", where)
    turn: Data = {"role": _ROLES[role], "content": _text(index, message.get("content"))}
    weight = _weight(message)
    if weight not in (0, 1):
        raise Unusable(f"Message {index + 1} has a weight that is neither 0 nor 1.", where)
    if role == "assistant":
        turn["learn"] = weight == 1
    if (name := _name(message)) is not None:
        turn["name"] = name
    return turn


def _text(index: int, content: Any) -> str:
    where = f"messages.{index}"
    if isinstance(content, list):
        if not all(isinstance(part, dict) and _is_text(part) for part in content):
            raise Unusable(f"Message {index + 1} holds more than text; that can't be learnt here.", where)
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str) or not content.strip():
        raise Unusable(f"Message {index + 1} has no content.", where)
    return content


def _is_text(part: Data) -> bool:
    return part.get("type") == "text" and isinstance(part.get("text"), str)


def _weight(message: Data) -> Any:
    return 1 if message.get("weight") is None else message["weight"]


def _name(message: Data) -> str | None:
    name = message.get("name")
    return name[:200] if isinstance(name, str) and name[:200].strip() else None


def _without_text(message: Data) -> Data:
    content = message["content"]
    parts = [part | {"text": len(part["text"])} for part in content] if isinstance(content, list) else None
    return message | {"content": parts}


# writing --------------------------------------------------------------------------------------------------------------


def _turns(lesson: Data) -> list[Data]:
    if lesson["kind"] == "qa":
        return [
            {"role": "user", "content": lesson["question"]},
            {"role": "assistant", "content": lesson["answer"]},
        ]
    turns: list[Data] = lesson["messages"]
    return turns


def _messages(before: Any, turns: list[Data], *, qa: bool) -> list[Data]:
    """As they were, each with its turn's present text; anew when there are other turns than there were."""
    kept: list[Data] = before if isinstance(before, list) and all(isinstance(one, dict) for one in before) else []
    others = [qa and one.get("role") in ("system", "developer") for one in kept]
    if others.count(False) != len(turns):
        return [one for one, other in zip(kept, others, strict=True) if other] + [_message({}, turn) for turn in turns]
    left = iter(turns)
    named = not qa  # a QA has no names of its own; those of its row are kept
    return [one if other else _message(one, next(left), named=named) for one, other in zip(kept, others, strict=True)]


def _message(kept: Data, turn: Data, *, named: bool = True) -> Data:
    message = {"role": turn["role"]} | kept | {"content": _content(kept.get("content"), turn["content"])}
    if _ROLES.get(str(kept.get("role"))) != turn["role"]:
        message["role"] = turn["role"]
    learnt = turn.get("learn") is not False
    if turn["role"] == "assistant" and learnt != (_weight(kept) != 0):
        message["weight"] = int(learnt)
    if named and turn.get("name") != _name(kept):
        message.pop("name", None)
        if isinstance(turn.get("name"), str) and _NAME.fullmatch(turn["name"]):
            message["name"] = turn["name"]
    return message


def _content(kept: Any, text: str) -> Any:
    """The text, in the parts it came in if it is still as long."""
    if not isinstance(kept, list) or not all(
        isinstance(one, dict) and isinstance(one.get("text"), int) for one in kept
    ):
        return text
    if sum(one["text"] for one in kept) != len(text):
        return text
    ends = [sum(one["text"] for one in kept[: index + 1]) for index in range(len(kept))]
    return [one | {"text": text[end - one["text"] : end]} for one, end in zip(kept, ends, strict=True)]


def _lost(lesson: Data, messages: list[Data]) -> Iterator[str]:
    turns = _turns(lesson)
    if any(turn.get("learn") is False for turn in turns) and lesson.get("train_as") != "exchange":
        yield "train_as"
    names = [_name(one) for one in messages]
    if any(turn.get("name") is not None and turn["name"] not in names for turn in turns):
        yield "messages.name"
