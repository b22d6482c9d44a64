"""Train AI: from messages of a thread to what will be learnt, and to the fact that reports it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from contracts.facts.conversation import ConversationTrained, OriginReference, TrainAs, Turn
from contracts.queries import MessageRow
from services.capture.capturing import Author, Captured, CapturedTurn, capture
from services.capture.cleaning import clean
from services.capture.exchange import Said, exchange
from services.capture.picked import PickedMessage
from services.web.directory import Named, named

NOTES: Final = 200
"""Characters of the question that stand in the lesson's notes."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What the picked messages teach. `corrected`: an answer stands in it that is context only, because it was corrected."""

    captured: Captured
    rows: Mapping[str, MessageRow]

    @property
    def turns(self) -> tuple[CapturedTurn, ...]:
        """The turns in their order; the last one is learnt."""
        return self.captured.messages

    @property
    def answer(self) -> str:
        """What is learnt, unless somebody edits it."""
        return self.turns[-1].content if self.turns else ""

    @property
    def original(self) -> str:
        """The last answer of the assistant among the picked, where another was proposed instead of it."""
        given = [row for row in self.rows.values() if kind_of(row) == "assistant"]
        return max(given, key=lambda row: row.position).text if self.captured.proposed and given else ""

    @property
    def corrected(self) -> bool:
        """Whether there can be a straight example."""
        return any(turn.role == "assistant" and not turn.learn for turn in self.turns)


def kind_of(row: MessageRow) -> Author:
    """A person's words, an assistant's answer, or a notice."""
    if row.notice is not None:
        return "notice"
    return "assistant" if row.author.startswith("virtual_user:") else "person"


def ticked(rows: Sequence[MessageRow], everybody: Mapping[str, Named], chosen: str) -> list[str]:
    """The messages that are preselected around the chosen one."""
    there = [row for row in rows if not row.deleted]
    assistants = _assistants(there, everybody)
    people = sorted({named(everybody, row.author).name for row in there if kind_of(row) == "person"})
    said = [
        Said(
            row.id, row.author, kind_of(row), clean(row.text, assistants, people, by_assistant=kind_of(row) == "assistant"),
            row.question, row.reply_to,
        )
        for row in there
    ]  # fmt: skip
    return exchange(said, chosen)


def preview(rows: Sequence[MessageRow], everybody: Mapping[str, Named]) -> Preview:
    """What these messages, in the thread's order, teach."""
    picked = [
        PickedMessage(id=row.id, author=named(everybody, row.author).name, kind=kind_of(row), text=row.text or " ")
        for row in rows
        if not row.deleted
    ]
    return Preview(capture(_assistants(rows, everybody), picked), {row.id: row for row in rows})


def _assistants(rows: Sequence[MessageRow], everybody: Mapping[str, Named]) -> list[str]:
    """All names of the assistants that speak here."""
    speaking = [named(everybody, row.author) for row in rows if kind_of(row) == "assistant"]
    return sorted({name for one in speaking for name in (one.name, *one.names.values())})


def lesson(
    found: Preview, *, model: str, section: str, answer: str, train_as: TrainAs, teacher: str
) -> ConversationTrained:
    """The fact. `answer`: what is learnt, perhaps edited by the teacher."""
    turns = _turns(found, answer, teacher)
    version = [row.version for row in found.rows.values() if row.version is not None]
    return ConversationTrained(
        model=model,
        messages=tuple(turns),
        train_as=train_as if found.corrected else "both",
        straight_question=_straight(turns),
        section=section,
        origin="chat",
        origin_reference=OriginReference(
            group=next(iter(found.rows.values())).group,
            messages=tuple(id for id, row in found.rows.items() if row.notice is None),
            version=version[-1] if version else None,
        ),
        notes=str(turns[0].content)[:NOTES],
    )


def _turns(found: Preview, answer: str, teacher: str) -> list[Turn]:
    turns = [part for turn in found.turns[:-1] for part in _parts(turn, found.rows)]
    last = found.turns[-1]
    if last.sources:
        said = _parts(replace(last, texts=(last.content,), sources=last.sources[:1]), found.rows)[0]
    else:
        said = _proposed(found, last.content, answer.strip(), teacher)
    if last.content and answer.strip() != last.content.strip():
        said = said.model_copy(update={"content": answer.strip(), "edited_by": teacher})
    return [*turns, said]


def _parts(turn: CapturedTurn, rows: Mapping[str, MessageRow]) -> list[Turn]:
    """A turn for each author of it, so that everybody's words keep their own key; packaging joins them again."""
    said = [(rows[source], text) for source, text in zip(turn.sources, turn.texts, strict=True)]
    parts = []
    for _, group in groupby(said, key=lambda one: one[0].author):
        together = list(group)
        first = together[0][0]
        parts.append(
            Turn(
                role=turn.role,
                content="\n\n".join(text for _, text in together),
                learn=turn.learn if turn.role == "assistant" else None,
                author=_holder(first),
                time=first.time,
                message=first.id,
            )
        )
    return parts


def _proposed(found: Preview, text: str, answer: str, teacher: str) -> Turn:
    """Made from the correction it is the words of whoever corrected; where nobody said what is right, the teacher's."""
    told_in = found.captured.told_in
    author = _holder(found.rows[told_in[0]]) if told_in else teacher
    return Turn(role="assistant", content=text or answer, learn=True, author=author)


def _holder(row: MessageRow) -> str | None:
    """Whose key the words take: their author's; an assistant's answer, its asker's."""
    author = row.asker if row.asker is not None else row.author
    return author if author.startswith(("person:", "module:")) else None


def _straight(turns: Sequence[Turn]) -> int | None:
    """Where the question stands that was answered wrongly."""
    wrong = next((at for at, turn in enumerate(turns) if turn.role == "assistant" and not turn.learnt), None)
    if wrong is None:
        return None
    return next((at for at in range(wrong - 1, -1, -1) if turns[at].role == "user"), None)
