"""The prompt of an answer: system message, what was said before, the question. Pure."""

import re
from collections.abc import Mapping, Sequence

from contracts.queries import MessageRow
from services.providers.grounding import with_system
from services.providers.port import Message

LARGEST_CONTEXT = 24_000
"""Characters of what was said before; the oldest give way."""


def prompt(
    system_message: str | None,
    question: MessageRow,
    context: Sequence[MessageRow],
    virtual_user: str,
    names: Sequence[str],
    people: Mapping[str, str],
) -> list[Message]:
    """The messages for the provider. `names`: how the assistant is called; `people`: names by `person:<id>`.

    What other people and assistants said comes as the user's words with their name before it; the assistant's own
    answers as its own. Consecutive turns of one role are merged, so that any provider accepts them.
    """
    turns: list[Message] = []
    several = len({one.author for one in (*context, question) if not one.author.startswith("virtual_user:")}) > 1
    for one in _latest(context):
        if one.author == f"virtual_user:{virtual_user}":
            _add(turns, "assistant", one.text)
        else:
            _add(turns, "user", _said(one, people, names, named=several))
    _add(turns, "user", without_mention(question.text, names) or question.text)
    while turns and turns[0]["role"] == "assistant":
        turns.pop(0)
    return with_system(system_message, turns)


def instructed(system_message: str | None, instructions: str | None) -> str | None:
    """The system message, and after it what the person asks of every answer."""
    own = f"Instructions of the person you serve:\n{instructions}" if instructions else None
    return "\n\n".join(part for part in (system_message, own) if part) or None


def without_mention(text: str, names: Sequence[str]) -> str:
    """The text without `@name` of this assistant, and without the punctuation that followed it at the start."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<!\w)@{re.escape(name)}(?!\w)", "", text, flags=re.IGNORECASE)
    return re.sub(r"^[\s,:;–-]+", "", re.sub(r"[ \t]{2,}", " ", text)).strip()


def _latest(context: Sequence[MessageRow]) -> list[MessageRow]:
    size, taken = 0, []
    for one in reversed(context):
        size += len(one.text)
        if size > LARGEST_CONTEXT:
            break
        taken.append(one)
    return list(reversed(taken))


def _said(one: MessageRow, people: Mapping[str, str], names: Sequence[str], *, named: bool) -> str:
    text = without_mention(one.text, names) or one.text
    return f"{people.get(one.author, one.author.partition(':')[2])}: {text}" if named else text


def _add(turns: list[Message], role: str, text: str) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1] = {"role": role, "content": f"{turns[-1]['content']}\n\n{text}"}
    else:
        turns.append({"role": role, "content": text})
