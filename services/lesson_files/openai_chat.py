"""OpenAI's chat format: `{"messages": [{"role", "content", "weight"?, "name"?}]}`, one example a line."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import orjson

from services.lesson_files.rows import BadRow, Data, Row, Unusable, dumped, of_lines, parsed, rest_of

LONGEST_QUESTION: Final = 2_000
_ROLES: Final = frozenset({"system", "user", "assistant"})


def read(stream: BinaryIO) -> Iterator[Row | BadRow]:
    """One question with one learnt answer is a QA, everything else a conversation."""
    return of_lines(stream, lambda line: _row(parsed(line)))


class Writer:
    """Writes examples; a row that was imported from this format comes back as it was, with the present texts."""

    def __init__(self, stream: BinaryIO) -> None:
        self.lost: Counter[str] = Counter()
        self._stream = stream

    def write(self, lesson: Data) -> None:
        """One lesson."""
        rest = rest_of(lesson, "openai")
        said = _said(lesson)
        before: list[Data] = rest.get("messages", [])
        ours = [one for one in before if "content" not in one]
        if before and len(ours) == len(said):
            texts = iter(said)
            messages = [one if "content" in one else _kept(one, next(texts)) for one in before]
        else:
            messages = [_fresh(one) for one in said]
        self._note_lost(lesson, imported=bool(before))
        self._stream.write(
            dumped({name: messages if name == "messages" else one for name, one in (rest or {"messages": []}).items()})
        )

    def close(self) -> None:
        """Nothing comes after the last line."""

    def _note_lost(self, lesson: Data, *, imported: bool) -> None:
        for name, usual in (("section", "General"), ("purpose", "training"), ("active", True), ("notes", ""),
                            ("language", None), ("held_back", None), ("external_id", None)):  # fmt: skip
            if lesson.get(name) != usual:
                self.lost[name] += 1
        if not imported and any(turn.get("name") or turn.get("author") for turn in lesson.get("messages") or ()):
            self.lost["names and authors of turns"] += 1
        if lesson.get("straight_question") is not None or lesson.get("train_as") not in (None, "both"):
            self.lost["train_as and straight_question"] += 1


def _row(row: Data) -> tuple[Any, Data]:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise Unusable("The row has no messages.", "messages")
    texts = [_text(index, one) for index, one in enumerate(messages)]
    talk = [
        (one["role"], text, one.get("weight", 1))
        for one, text in zip(messages, texts, strict=True)
        if one["role"] != "system"
    ]
    qa = (
        [role for role, _, _ in talk] == ["user", "assistant"]
        and talk[1][2] != 0
        and len(talk[0][1]) <= LONGEST_QUESTION
    )
    imported = {"format": "openai", "rest": orjson.dumps(row | {"messages": _without_texts(messages, qa=qa)}).decode()}
    if qa:
        return "QAAdded", {"question": talk[0][1], "answer": talk[1][1], "imported": imported}
    turns = [_turn(one, text) for one, text in zip(messages, texts, strict=True)]
    return "ConversationTrained", {"messages": turns, "train_as": "exchange", "imported": imported}


def _text(index: int, message: Data) -> str:
    where = f"messages.{index}"
    role, content = message.get("role"), message.get("content")
    if role in ("tool", "function") or message.get("tool_calls") or message.get("function_call"):
        raise Unusable(f"Message {index + 1} calls a tool; that can't be learnt here.", where)
    if role not in _ROLES:
        raise Unusable(f"Message {index + 1} has the role {str(role)[:40]!r}; it is system, user or assistant.", where)
    if message.get("weight", 1) not in (0, 1):
        raise Unusable(f"Message {index + 1} has a weight that is neither 0 nor 1.", where)
    if isinstance(content, list):
        if not all(
            isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
            for part in content
        ):
            raise Unusable(f"Message {index + 1} holds more than text; that can't be learnt here.", where)
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str) or not content.strip():
        raise Unusable(f"Message {index + 1} has no content.", where)
    return content


def _turn(message: Data, text: str) -> Data:
    turn: Data = {"role": message["role"], "content": text}
    if message["role"] == "assistant":
        turn["learn"] = message.get("weight", 1) != 0
    if isinstance(message.get("name"), str) and message["name"].strip():
        turn["name"] = message["name"][:200]
    return turn


def _without_texts(messages: Sequence[Data], *, qa: bool) -> list[Data]:
    # A QA has no place for a system message, so its text stays here; the lesson's own texts stand in the lesson.
    return [
        one
        if qa and one["role"] == "system"
        else {name: value for name, value in one.items() if name != "content"} | _parts(one)
        for one in messages
    ]


def _parts(message: Data) -> Data:
    return {"parts": [len(part["text"]) for part in message["content"]]} if isinstance(message["content"], list) else {}


def _said(lesson: Data) -> list[Data]:
    if lesson["kind"] == "qa":
        return [
            {"role": "user", "content": lesson["question"]},
            {"role": "assistant", "content": lesson["answer"], "learn": True},
        ]
    found: list[Data] = lesson["messages"]
    return found


def _kept(rest: Data, said: Data) -> Data:
    content: Any = said["content"]
    if "parts" in rest:
        lengths = rest["parts"]
        if sum(lengths) == len(content):
            ends = [sum(lengths[: index + 1]) for index in range(len(lengths))]
            content = [
                {"type": "text", "text": content[end - size : end]} for size, end in zip(lengths, ends, strict=True)
            ]
    kept = {name: content if name == "content" else one for name, one in rest.items() if name != "parts"} | {
        "content": content
    }
    if said["role"] == "assistant" and (said.get("learn") is not False) != (kept.get("weight", 1) != 0):
        kept["weight"] = int(said.get("learn") is not False)
    return kept


def _fresh(said: Data) -> Data:
    weight = {"weight": 0} if said["role"] == "assistant" and said.get("learn") is False else {}
    return {"role": said["role"], "content": said["content"]} | weight
