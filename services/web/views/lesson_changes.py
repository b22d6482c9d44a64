"""Changes of many lessons at once, and what takes each of them back. Pure."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, get_args

from contracts.facts import Fact
from contracts.facts.conversation import ConversationDeactivated, ConversationReactivated, ConversationRevised
from contracts.facts.qa import QADeactivated, QAMoved, QAReactivated, QARevised
from contracts.queries import LessonRow, ModelRow
from services.folding import fold

Action = Literal[
    "deactivate", "reactivate", "section", "move", "hold_back", "share", "as_model", "training", "validation"
]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
MOST: Final = 1_000
"""Lessons that are changed at once."""
_HELD: Final[dict[str, bool | None]] = {"hold_back": True, "share": False, "as_model": None}


class Unfit(ValueError):
    """This action isn't there for this kind of lesson; says which."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to do with one lesson. `value`: the section or the model that it gets."""

    lesson: str
    kind: str
    action: Action
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """As a form carries it: `kind:lesson:action:value`. Raises ValueError."""
        kind, lesson, action, value = text.split(":", 3)
        if kind not in ("qa", "conversation") or action not in ACTIONS:
            raise ValueError(text)
        return cls(lesson, kind, action, value)

    def __str__(self) -> str:
        return f"{self.kind}:{self.lesson}:{self.action}:{self.value}"

    def id(self, form: str) -> str:
        """The fact's id: the same form sent again reports the same facts."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{form}/{self.lesson}"))

    def fact(self) -> Fact:
        """What is reported. Raises `Unfit`."""
        qa = self.kind == "qa"
        match self.action:
            case "deactivate":
                return QADeactivated() if qa else ConversationDeactivated()
            case "reactivate":
                return QAReactivated() if qa else ConversationReactivated()
            case "move" if qa:
                return QAMoved(to=self.value)
            case "training" | "validation" if qa:
                return QARevised(purpose=self.action)
            case "move" | "training" | "validation":
                raise Unfit(self.action)
            case "section":
                given: dict[str, Any] = {"section": self.value}
            case _:
                given = {"held_back": _HELD[self.action]}
        return QARevised(**given) if qa else ConversationRevised(**given)

    def undone(self, before: LessonRow) -> "Change":
        """What takes it back, given the lesson as it was."""
        actions: dict[Action, Action] = {
            "deactivate": "reactivate", "reactivate": "deactivate", "section": "section", "move": "move",
            "training": before.purpose, "validation": before.purpose,
        }  # fmt: skip
        held_as: dict[bool | None, Action] = {True: "hold_back", False: "share", None: "as_model"}
        held = held_as[before.held_back]
        value = {"section": before.section, "move": before.model}.get(self.action, "")
        return Change(self.lesson, self.kind, actions.get(self.action, held), value)


def no_longer_held_back(before: Sequence[LessonRow], models: Mapping[str, ModelRow], section: str) -> int:
    """Of the lessons that are put into the section, those that stood in one that their model keeps from its relatives."""

    def held(lesson: LessonRow, section: str) -> bool:
        owner = models.get(lesson.model)
        sections = owner.held_back_sections if owner is not None else []
        return lesson.held_back is None and fold(section) in {fold(one) for one in sections}

    return sum(held(one, one.section) and not held(one, section) for one in before)


def parsed(texts: Sequence[str]) -> list[Change]:
    """The changes of a form; what isn't one is left out."""
    found: list[Change] = []
    for text in texts[:MOST]:
        try:
            found.append(Change.parse(text))
        except ValueError:
            continue
    return found
