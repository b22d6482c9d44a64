"""From messages picked in a chat to a proposed training conversation. Pure.

The answer that is learnt is the last one of the assistant, thanks and politeness apart. When that only acknowledges a
correction, the answer is proposed from the correction. Answers before a correction are context only; so are answers
that were never judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from contracts.facts.conversation import Role
from services.capture.cleaning import clean, same
from services.capture.correcting import acknowledges, answer_of, corrects, objects, takes_back
from services.capture.courtesy import courtesy, stalls

Author = Literal["person", "assistant", "notice"]


class Picked(Protocol):
    """One message as the chat has it. `author`: how people see who wrote it."""

    @property
    def id(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def kind(self) -> Author: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that is left out, and why."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class CapturedTurn:
    """One turn of the conversation. `sources`: the messages it was taken from, in order, and `texts` what each said.

    An answer that is proposed has no sources; it is empty where nobody said what is right, and a teacher writes it.
    """

    role: Role
    content: str
    learn: bool
    name: str | None = None
    sources: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Captured:
    """`proposed`: the learnt answer was made from the correction, not taken from the chat. `told_in`: by these messages."""

    messages: tuple[CapturedTurn, ...]
    dropped: tuple[Dropped, ...]
    proposed: bool
    told_in: tuple[str, ...] = ()


@dataclass
class _Turn:
    role: Role
    texts: list[str]
    sources: list[str]
    names: list[str] = field(default_factory=list)
    learn: bool = False

    @property
    def content(self) -> str:
        return "\n\n".join(self.texts)


def capture(assistant: Sequence[str], picked: Sequence[Picked]) -> Captured:
    """The conversation that these messages teach. `assistant`: the names by which the assistant is called.

    Without a person's question before an answer nothing can be learnt, and there are no messages.
    """
    dropped: list[Dropped] = []
    turns = _turns(assistant, picked, dropped)
    _drop_before_question(turns, dropped)
    told_in = _settle(turns, dropped)
    if not any(turn.learn for turn in turns):
        dropped += [Dropped(id, "nothing to learn from it") for turn in turns for id in turn.sources]
        turns, told_in = [], []
    order = {one.id: place for place, one in enumerate(picked)}
    return Captured(
        tuple(_captured(turn) for turn in turns),
        tuple(sorted(dropped, key=lambda one: order[one.id])),
        bool(told_in),
        tuple(told_in),
    )


def _turns(assistant: Sequence[str], picked: Sequence[Picked], dropped: list[Dropped]) -> list[_Turn]:
    people = sorted({one.author for one in picked if one.kind == "person"})
    turns: list[_Turn] = []
    for one in picked:
        if one.kind == "notice":
            dropped.append(Dropped(one.id, "notice"))
            continue
        text = clean(one.text, [*assistant, *_own_names(picked)], people, by_assistant=one.kind == "assistant")
        role: Role = "assistant" if one.kind == "assistant" else "user"
        if not text:
            dropped.append(Dropped(one.id, "nothing left without mentions and quotations"))
        elif any(turn.role == role and any(same(text, said) for said in turn.texts) for turn in turns):
            dropped.append(Dropped(one.id, "repeats what was said before"))
        else:
            _add(turns, role, text, one)
    return turns


def _own_names(picked: Sequence[Picked]) -> list[str]:
    return sorted({one.author for one in picked if one.kind == "assistant"})


def _add(turns: list[_Turn], role: Role, text: str, one: Picked) -> None:
    if not turns or turns[-1].role != role:
        turns.append(_Turn(role, [], []))
    turns[-1].texts.append(text)
    turns[-1].sources.append(one.id)
    if role == "user" and one.author not in turns[-1].names:
        turns[-1].names.append(one.author)


def _drop_before_question(turns: list[_Turn], dropped: list[Dropped]) -> None:
    while turns and turns[0].role == "assistant":
        dropped += [Dropped(id, "said before anybody asked") for id in turns.pop(0).sources]


def _settle(turns: list[_Turn], dropped: list[Dropped]) -> list[str]:
    """Find the answer that is learnt; the messages that tell it, when it is proposed from a correction."""
    _drop_courtesies(turns, dropped)
    last = max((place for place, turn in enumerate(turns) if turn.role == "assistant"), default=None)
    if last is None:
        return []
    after = turns[last + 1 :]
    if after and corrects(after[0].content, turns[last].content):
        return _propose(turns, last + 1)
    if last >= 2 and acknowledges(turns[last].content, turns[last - 1].content) and _corrects(turns, last - 1):
        _drop(turns, last, dropped, "only acknowledges the correction", "said after the answer")
        return _propose(turns, last - 1)
    _drop(turns, last + 1, dropped, "said after the answer", "said after the answer")
    _learn(turns[last], dropped)
    return []


def _drop_courtesies(turns: list[_Turn], dropped: list[Dropped]) -> None:
    """Thanks after an answer, and what the assistant says to that, aren't what it is to learn."""
    while len(turns) > 2 and all(courtesy(text) for text in turns[-1].texts):
        if turns[-1].role == "assistant" and not all(courtesy(text) for text in turns[-2].texts):
            return
        _drop(turns, len(turns) - 1, dropped, "said after the answer", "said after the answer")


def _learn(turn: _Turn, dropped: list[Dropped]) -> None:
    """Of several messages of the answer: without those that only announce it, or that a later one takes back."""
    turn.learn = True
    said = list(zip(turn.texts, turn.sources, strict=True))
    first = max((place for place, (text, _) in enumerate(said) if place and takes_back(text)), default=0)
    kept = [(text, id) for text, id in said[first:] if not _says_nothing(text)] or said[-1:]
    dropped += [Dropped(id, "nothing to learn from it") for text, id in said if (text, id) not in kept]
    turn.texts, turn.sources = [text for text, _ in kept], [id for _, id in kept]


def _says_nothing(text: str) -> bool:
    return stalls(text) or courtesy(text) or acknowledges(text, "")


def _corrects(turns: list[_Turn], place: int) -> bool:
    # A plain statement that is then acknowledged corrects as well as an objection does; a question doesn't.
    return objects(turns[place].content) or not turns[place].content.rstrip().endswith("?")


def _drop(turns: list[_Turn], start: int, dropped: list[Dropped], why: str, rest: str) -> None:
    for place, turn in enumerate(turns[start:]):
        dropped += [Dropped(id, rest if place else why) for id in turn.sources]
    del turns[start:]


def _propose(turns: list[_Turn], correction: int) -> list[str]:
    """Append what the correction says is right, or an empty answer if it doesn't; the messages that say it."""
    del turns[correction + 1 :]
    turn = turns[correction]
    told = [(id, answer) for id, text in zip(turn.sources, turn.texts, strict=True) if (answer := answer_of(text))]
    turns.append(_Turn("assistant", [answer for _, answer in told], [], learn=True))
    return [id for id, _ in told]


def _captured(turn: _Turn) -> CapturedTurn:
    name = turn.names[0] if turn.role == "user" and len(turn.names) == 1 else None
    return CapturedTurn(turn.role, turn.content, turn.learn, name, tuple(turn.sources), tuple(turn.texts))
