"""A model's settings as a form: what is wanted, and which facts that takes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from contracts.facts import Fact
from contracts.facts.model import (
    DefaultModelChosen,
    LineageRule,
    ModelRevised,
    ParentAssigned,
    SelfCompilation,
    VirtualUserLinked,
)
from contracts.queries import ModelRow

_REVISED: Final = (
    "name", "names", "provider", "use", "activate_automatically", "lineage", "acceptance", "uncompiled_lessons",
    "held_back_sections", "compiles_itself", "notes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the form sets."""

    name: str
    names: Mapping[str, str]
    provider: str | None
    use: Literal["arbiter", "personal"]
    activate_automatically: bool
    lineage: LineageRule
    acceptance: float | None
    uncompiled_lessons: bool
    held_back_sections: tuple[str, ...]
    compiles_itself: SelfCompilation
    notes: str
    parent: str | None
    virtual_user: str | None
    default: bool

    @classmethod
    def of(cls, model: ModelRow) -> Self:
        """As the model has them."""
        fields = {name: getattr(model, name) for name in cls.__slots__}
        return cls(**fields | {"held_back_sections": tuple(model.held_back_sections)})

    @classmethod
    def read(cls, form: Mapping[str, str], model: ModelRow, languages: Sequence[str]) -> Self:
        """As the form says. Raises ValueError where a number isn't one."""
        names = {code: text for code in languages if (text := form.get(f"name_{code}", "").strip())}
        sections = [one.strip() for one in form.get("held_back", "").splitlines() if one.strip()]
        acceptance, waiting = form.get("acceptance", "").strip(), form.get("waiting", "").strip()
        compiles = form.get("compiles", "never")
        return cls(
            name=form.get("name", "").strip(), names={**_others(model, languages), **names},
            provider=form.get("provider") or None, use="personal" if form.get("use") == "personal" else "arbiter",
            activate_automatically=form.get("activate") != "administrator",
            lineage=LineageRule.model_validate({name: form.get(name, "none") for name in ("descendants", "ancestors")}),
            acceptance=float(acceptance) / 100 if acceptance else None,
            uncompiled_lessons=bool(form.get("uncompiled_lessons")),
            held_back_sections=tuple(dict.fromkeys(sections)),
            compiles_itself=SelfCompilation(
                nightly=compiles == "nightly", waiting=int(waiting) if compiles == "waiting" else None
            ),
            notes=form.get("notes", "").strip().replace("\r\n", "\n"), parent=form.get("parent") or None,
            virtual_user=(model.virtual_user or model.id) if form.get("in_chats") else None,
            default=model.default or bool(form.get("default")),
        )  # fmt: skip

    def changed(self, model: ModelRow) -> list[str]:
        """Names of the fields that differ from the model's."""
        now = Settings.of(model)
        return [name for name in Settings.__slots__ if getattr(self, name) != getattr(now, name)]

    def facts(self, model: ModelRow) -> list[Fact]:
        """What has to be reported, in this order."""
        changed = self.changed(model)
        given: dict[str, Any] = {name: getattr(self, name) for name in _REVISED if name in changed}
        found: list[Fact] = []
        if "parent" in changed:
            found.append(ParentAssigned(parent=self.parent))
        if "virtual_user" in changed:
            found.append(VirtualUserLinked(virtual_user=self.virtual_user))
        if given:
            found.append(ModelRevised(**given))
        if "default" in changed:
            found.append(DefaultModelChosen())
        return found


def _others(model: ModelRow, languages: Sequence[str]) -> dict[str, str]:
    return {code: text for code, text in model.names.items() if code not in languages}
