"""What can be found and done from anywhere: actions by role, and what has a name. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from markupsafe import Markup, escape

from services.folding import fold
from services.web.languages import LANGUAGES

Say = Callable[[str], str]
How = Literal["open", "dialog", "post", "theme"]
OF_MODELS: Final = 3
"""Models of which actions are offered."""
ONLY_ACTIONS: Final = ">"


@dataclass(frozen=True, slots=True)
class Option:
    """A line of the palette. `where`: an address, or the look that is chosen; `fields`: of the form that is posted."""

    icon: str
    name: str
    where: str
    how: How = "open"
    note: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def places(say: Say, *, studio: bool) -> list[Option]:
    """Where one can go."""
    found = [
        Option("lock", say("My assistant"), "/assistant"),
        Option("s-proposed", say("Your proposals"), "/proposals"),
        Option("bell", say("Notices"), "/notices"),
        Option("search", say("Search in messages"), "/search"),
        Option("sliders", say("Your settings"), "/me"),
    ]
    if studio:
        found += [
            Option("models", say("Models"), "/models"),
            Option("review", say("Review"), "/review"),
            Option("s-conflict", say("Conflicts"), "/conflicts"),
            Option("compile", say("Compilations"), "/compilations"),
            Option("people", say("People"), "/people"),
            Option("plug", say("Providers"), "/providers"),
        ]
    return found


def actions(say: Say, *, language: str, administrator: bool) -> list[Option]:
    """What one can do that concerns no model."""
    found = [Option("plus", say("New group or chat"), "/groups/new", "dialog")]
    if administrator:
        found += [
            Option("plus", say("New model"), "/models/new", "dialog"),
            Option("plus", say("New person"), "/people/new", "dialog"),
        ]
    found += [
        Option("eye", say("Light look"), "light", "theme"),
        Option("eye", say("Dark look"), "dark", "theme"),
        Option("eye", say("Look as the device has it"), "", "theme"),
    ]
    found += [
        Option("sliders", f"{say('Language')}: {name}", "/me/language", "post", fields={"language": code})
        for code, name in LANGUAGES.items()
        if code != language
    ]
    return [
        *found,
        Option("help", say("Keys"), "/find/keys", "dialog", "?"),
        Option("back", say("Sign out"), "/sign-out", "post"),
    ]


def of_model(say: Say, id: str, name: str, *, trainer: bool, administrator: bool) -> list[Option]:
    """What one can do with a model."""
    called = {"model": name}
    found = []
    if administrator:
        found += [
            Option(
                "compile",
                say("Compile %(model)s") % called,
                f"/models/{id}#pf",
                note=say("see first what it would change"),
            ),
            Option("undo", say("Roll %(model)s back") % called, f"/models/{id}#versions", note=say("its versions")),
            Option("sliders", say("Settings of %(name)s") % {"name": name}, f"/models/{id}/settings"),
        ]
    if trainer:
        found += [
            Option("plus", say("Add a lesson to %(model)s") % called, f"/models/{id}/lessons?add=1"),
            Option("up", say("Import into %(model)s") % called, f"/models/{id}/import"),
        ]
    return found


def matching(options: Iterable[Option], text: str) -> list[Option]:
    """Those whose names hold all the words."""
    words = fold(text).split()
    return [one for one in options if all(word in fold(one.name) for word in words)]


def marked(name: str, text: str) -> Markup:
    """The name with the words of the text in bold."""
    words = [re.escape(word) for word in text.split()]
    if not words:
        return escape(name)
    parts: Sequence[str] = re.split(f"({'|'.join(sorted(words, key=len, reverse=True))})", name, flags=re.I)
    return Markup("").join(
        Markup("<b>{}</b>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )
