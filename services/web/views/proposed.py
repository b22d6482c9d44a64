"""A proposal as it is reviewed: what it says, what it would change, and a trainer's edits of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.facts.conversation import Turn
from contracts.facts.proposal import LessonApproved
from contracts.queries import ProposalRow
from services.personal_data.finding import kinds

_EDITED: Final = {"qa": ("question", "answer", "section", "purpose"), "conversation": ("answer", "section")}
_TEXTS: Final[tuple[str, ...]] = ("question", "answer", "section", "purpose")


@dataclass(frozen=True, slots=True)
class Proposed:
    """`row.content` holds the lesson, or of a change only what is to be different; the rest is as the lesson is."""

    row: ProposalRow

    @property
    def qa(self) -> bool:
        """A question with its answer, not a conversation."""
        return self.row.kind.startswith("qa")

    @property
    def changes(self) -> bool:
        """A change of a lesson, not a new one."""
        return self.row.kind.endswith("_changes")

    @property
    def turns(self) -> list[Turn]:
        """Of a conversation."""
        given = self.row.content.get("messages")
        if given is not None:
            return [Turn.model_validate(one) for one in given]
        return list(self.row.now.messages or []) if self.row.now else []

    @property
    def learnt(self) -> int | None:
        """Index of the last turn that would be learnt."""
        turns = self.turns
        return next((at for at in range(len(turns) - 1, -1, -1) if turns[at].learnt), None)

    @property
    def question(self) -> str:
        """What is asked, or what the person said first."""
        if self.qa:
            return self.value("question")
        return next((_text(turn.content) for turn in self.turns if turn.role == "user"), "")

    @property
    def answer(self) -> str:
        """What would be learnt."""
        if self.qa:
            return self.value("answer")
        return _text(self.turns[self.learnt].content) if self.learnt is not None else ""

    @property
    def fields(self) -> dict[str, str]:
        """What a trainer may edit, as proposed."""
        all_of_it = {
            "question": self.question, "answer": self.answer,
            "section": self.value("section") or "General", "purpose": self.value("purpose") or "training",
        }  # fmt: skip
        return {name: all_of_it[name] for name in _EDITED["qa" if self.qa else "conversation"]}

    @property
    def before(self) -> dict[str, tuple[str, str]]:
        """Of a change: the texts that would be different, as they are and as proposed."""
        now = self.row.now
        if not self.changes or now is None:
            return {}
        was: dict[str, Any] = {
            "question": now.question,
            "answer": now.answer,
            "section": now.section,
            "purpose": now.purpose,
        }
        found: dict[str, tuple[str, str]] = {
            name: (_text(was[name]), self.value(name))
            for name in _TEXTS
            if name in self.row.content and _text(was[name]) != self.value(name)
        }
        if "messages" in self.row.content:
            found["messages"] = (spoken(now.messages or []), spoken(self.turns))
        return found

    @property
    def others(self) -> dict[str, str]:
        """What else it says: language, notes, whether it is held back."""
        shown = {name: self.row.content.get(name) for name in ("language", "notes", "held_back", "train_as")}
        usual = {"train_as": "both"}
        return {name: str(one) for name, one in shown.items() if one not in (None, "", usual.get(name))}

    @property
    def personal_data(self) -> list[str]:
        """Kinds of personal data that seem to stand in it."""
        texts = [self.question, self.answer, *(_text(turn.content) for turn in self.turns)]
        return sorted({str(kind) for text in texts for kind in kinds(text)})

    def value(self, name: str) -> str:
        """A text of it; of a change that leaves it alone, as the lesson has it."""
        if name in self.row.content:
            return _text(self.row.content[name])
        return _text(getattr(self.row.now, name, "")) if self.row.now else ""

    def approval(self, given: Mapping[str, str], trainer: str) -> LessonApproved:
        """The fact that takes it, with what the trainer wrote otherwise. Raises ValueError."""
        proposed = self.fields
        edits: dict[str, Any] = {
            name: given[name].strip().replace("\r\n", "\n")
            for name in proposed
            if name in given and given[name].strip().replace("\r\n", "\n") != proposed[name].strip()
        }
        if not self.qa and "answer" in edits:
            edits["messages"] = self._corrected(edits.pop("answer"), trainer)
        return LessonApproved(**edits)

    def _corrected(self, answer: str, trainer: str) -> tuple[Turn, ...]:
        return tuple(
            turn.model_copy(update={"content": answer, "edited_by": trainer}) if at == self.learnt else turn
            for at, turn in enumerate(self.turns)
        )


def spoken(turns: Sequence[Turn]) -> str:
    """A conversation as text, to be compared."""
    return "\n".join(f"{turn.role}: {_text(turn.content)}" for turn in turns)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
