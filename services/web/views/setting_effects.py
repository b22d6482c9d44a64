"""What a change of a model's settings would do, in words, before it is saved. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from contracts.queries import ModelRow, ProviderRow
from services.folding import fold
from services.web.views.model_settings import Settings

Say = Callable[[str], str]
"""A sentence in the reader's language."""
Count = Callable[[str, str, int], str]
"""The same with a number in it."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One consequence. `sign` is its icon's name."""

    sign: str
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A model as it is and as it is wanted, among the others. `sections`: how many lessons stand in each, by folded name."""

    model: ModelRow
    wanted: Settings
    models: Sequence[ModelRow]
    providers: Mapping[str, ProviderRow]
    sections: Mapping[str, int]
    say: Say
    texts: Count

    @property
    def after(self) -> list[ModelRow]:
        """All models as they would be."""
        changes = {"parent": self.wanted.parent, "lineage": self.wanted.lineage}
        moved = self.model.model_copy(update=changes)
        return [moved if one.id == moved.id else one for one in self.models]


def effects(proposal: Proposal) -> list[Effect]:
    """What saving it would do."""
    changed = proposal.wanted.changed(proposal.model)
    found = [*_taking(proposal)]
    for name in changed:
        if name in _PARTS:
            found += _PARTS[name](proposal)
    active = proposal.model.active
    if active and found:
        said = proposal.say("No version changes now; v%(version)s answers as before.") % {"version": active.version}
        found.append(Effect("s-active", said))
    return found


# lineage --------------------------------------------------------------------------------------------------------------


def sources(id: str, models: Sequence[ModelRow]) -> dict[str, str]:
    """The relatives whose lessons a model takes in, with `all` or `qas`: its subtree and its ancestors, never siblings."""
    by_id = {one.id: one for one in models}
    rule = by_id[id].lineage
    taken: dict[str, str] = {}
    if rule.descendants != "none":
        taken |= dict.fromkeys(below(id, models), rule.descendants)
    if rule.ancestors != "none":
        taken |= dict.fromkeys(_above(id, by_id), rule.ancestors)
    return {one: how for one, how in taken.items() if not by_id[one].archived}


def below(id: str, models: Sequence[ModelRow]) -> list[str]:
    """Everything in the model's subtree, without itself."""
    found: list[str] = []
    level = [id]
    while level:
        level = [one.id for one in models if one.parent in level and one.id not in found and one.id != id]
        found += level
    return found


def _above(id: str, by_id: Mapping[str, ModelRow]) -> list[str]:
    found: list[str] = []
    above = by_id.get(by_id[id].parent or "")
    while above is not None and above.id not in (id, *found):
        found.append(above.id)
        above = by_id.get(above.parent or "")
    return found


def _taking(proposal: Proposal) -> Iterator[Effect]:
    say, after = proposal.say, proposal.after
    for one in proposal.models:
        if one.archived:
            continue
        old, new = sources(one.id, proposal.models), sources(one.id, after)
        come, gone = [id for id in new if id not in old], [id for id in old if id not in new]
        other = [id for id in new if id in old and old[id] != new[id]]
        more = say("%(who)s takes in lessons of %(whom)s: up to %(number)s")
        fewer = say("%(who)s no longer takes in lessons of %(whom)s: up to %(number)s")
        kinds = say("%(who)s takes in other kinds of lessons of %(whom)s")
        for ids, sign, kind, words in (
            (come, "plus", "good", more),
            (gone, "s-out", "bad", fewer),
            (other, "edit", "warn", kinds),
        ):
            if ids:
                yield Effect(sign, words % {"who": one.name, **_whom(ids, proposal.models)}, kind)


def _whom(ids: Iterable[str], models: Sequence[ModelRow]) -> dict[str, str | int]:
    these = [one for one in models if one.id in set(ids)]
    return {"whom": ", ".join(one.name for one in these), "number": sum(one.lessons.own for one in these)}


# one setting each -----------------------------------------------------------------------------------------------------


def _provider(proposal: Proposal) -> list[Effect]:
    one, say = proposal.providers.get(proposal.wanted.provider or ""), proposal.say
    if one is None:
        return [Effect("s-warn", say("It can't be compiled any more; it serves only as a child."), "warn")]
    said = say("The next version is built at %(provider)s, on %(base)s.") % {
        "provider": one.name,
        "base": one.base_model,
    }
    return [Effect("plug", said)]


def _held_back(proposal: Proposal) -> list[Effect]:
    models = proposal.after
    old = {fold(one): one for one in proposal.model.held_back_sections}
    new = {fold(one): one for one in proposal.wanted.held_back_sections}
    found = [Effect("lock", _held(proposal, key, name)) for key, name in new.items() if key not in old]
    found += [Effect("s-out", _freed(proposal, key, name)) for key, name in old.items() if key not in new]
    takers = [one.name for one in models if not one.archived and proposal.model.id in sources(one.id, models)]
    if takers:
        said = proposal.say("It concerns the next versions of %(names)s.") % {"names": ", ".join(takers)}
        found.append(Effect("models", said))
    return found


def _held(proposal: Proposal, key: str, name: str) -> str:
    number = proposal.sections.get(key, 0)
    said = proposal.texts(
        "Section %(section)s is held back: %(num)s lesson, and all that come",
        "Section %(section)s is held back: %(num)s lessons, and all that come",
        number,
    )
    return said % {"section": name, "num": number}


def _freed(proposal: Proposal, key: str, name: str) -> str:
    number = proposal.sections.get(key, 0)
    said = proposal.texts(
        "Section %(section)s is no longer held back: %(num)s lesson",
        "Section %(section)s is no longer held back: %(num)s lessons",
        number,
    )
    return said % {"section": name, "num": number}


def _compiles(proposal: Proposal) -> list[Effect]:
    say, texts, waiting = proposal.say, proposal.texts, proposal.model.lessons.untried
    least = proposal.wanted.compiles_itself.waiting
    if proposal.wanted.compiles_itself.nightly:
        said = texts(
            "It is compiled every night in which lessons wait; %(num)s waits now.",
            "It is compiled every night in which lessons wait; %(num)s wait now.",
            waiting,
        )
        return [Effect("compile", said % {"num": waiting})]
    if least is None:
        return [Effect("s-none", say("It is compiled only when somebody asks for it."))]
    if waiting >= least:
        said = texts(
            "It is compiled at once, because %(num)s lesson waits.",
            "It is compiled at once, because %(num)s lessons wait.",
            waiting,
        )
        return [Effect("compile", said % {"num": waiting}, "warn")]
    said = texts(
        "It is compiled when %(num)s more lesson waits.",
        "It is compiled when %(num)s more lessons wait.",
        least - waiting,
    )
    return [Effect("compile", said % {"num": least - waiting})]


def _acceptance(proposal: Proposal) -> list[Effect]:
    say, number, share = proposal.say, proposal.model.lessons.validation, proposal.wanted.acceptance
    if share is None:
        return [Effect("check", say("Every version that is built is accepted."))]
    if not number:
        said = say("There is no validation question yet, so no version would be accepted.")
        return [Effect("s-warn", said, "warn")]
    least = ceil(round(share * number, 6))
    said = proposal.texts(
        "%(least)s of today’s %(num)s validation question must pass.",
        "%(least)s of today’s %(num)s validation questions must pass.",
        number,
    )
    return [Effect("review", said % {"least": least, "num": number})]


def _default(proposal: Proposal) -> list[Effect]:
    before = next((one.name for one in proposal.models if one.default), None)
    if before is None:
        return [Effect("check", proposal.say("It answers where nobody chose a model."))]
    said = proposal.say("It answers where nobody chose a model, instead of %(name)s.") % {"name": before}
    return [Effect("check", said)]


def _virtual_user(proposal: Proposal) -> list[Effect]:
    if proposal.wanted.virtual_user is None:
        return [Effect("s-warn", proposal.say("It leaves the chats: nobody can mention it any more."), "warn")]
    return [Effect("at", proposal.say("It can be added to groups and mentioned by its name."))]


def _use(proposal: Proposal) -> list[Effect]:
    if proposal.wanted.use == "arbiter":
        return [Effect("people", proposal.say("It takes part in groups, and relatives may take in its lessons."))]
    said = proposal.say("It serves one person privately; its lessons stay with it unless they are shared.")
    return [Effect("lock", said, "warn")]


def _uncompiled(proposal: Proposal) -> list[Effect]:
    if not proposal.wanted.uncompiled_lessons:
        return [Effect("s-waiting", proposal.say("What is taught counts from the next version on."))]
    waiting = proposal.model.lessons.waiting
    said = proposal.texts(
        "Answers use what waits as soon as it is taught: %(num)s lesson now.",
        "Answers use what waits as soon as it is taught: %(num)s lessons now.",
        waiting,
    )
    return [Effect("train", said % {"num": waiting})]


def _activate(proposal: Proposal) -> list[Effect]:
    if proposal.wanted.activate_automatically:
        return [Effect("s-active", proposal.say("An accepted version answers at once."))]
    return [Effect("s-past", proposal.say("A new version waits until an administrator activates it."))]


_PARTS: Final[Mapping[str, Callable[[Proposal], list[Effect]]]] = {
    "provider": _provider, "held_back_sections": _held_back, "compiles_itself": _compiles, "acceptance": _acceptance,
    "default": _default, "virtual_user": _virtual_user, "use": _use, "uncompiled_lessons": _uncompiled,
    "activate_automatically": _activate,
}  # fmt: skip
