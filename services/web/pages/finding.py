"""Find or do anything: the palette, the same as a page, and the list of keys."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from contracts.queries import Found, FoundRow
from services.web.answers import aims_at, by_script
from services.web.directory import Named
from services.web.shell import page, part
from services.web.views.palette import OF_MODELS, ONLY_ACTIONS, Option, actions, marked, matching, of_model, places
from services.web.visitor import STUDIO, Signed, Visitor

LONGEST: Final = 200
PER_KIND: Final = 5

router = APIRouter()
Groups = list[tuple[str, list[Option]]]


@router.get("/find")
async def find(request: Request, visitor: Signed, text: str = "") -> HTMLResponse:
    """What matches, in the palette or as a page."""
    context = await _context(visitor, text.strip()[:LONGEST])
    if aims_at(request, "hits"):
        return part(request, visitor, "parts/hits.html", **context)
    return await page(request, visitor, "find.html", **context)


@router.get("/find/palette")
async def palette(request: Request, visitor: Signed) -> HTMLResponse:
    """The palette, with nothing typed yet."""
    context = await _context(visitor, "")
    if not by_script(request):
        return await page(request, visitor, "find.html", **context)
    return part(request, visitor, "parts/palette.html", **context)


@router.get("/find/keys")
async def keys(request: Request, visitor: Signed) -> HTMLResponse:
    """All keys."""
    if not by_script(request):
        return await page(request, visitor, "keys.html")
    return part(request, visitor, "parts/keys.html")


async def _context(visitor: Visitor, text: str) -> dict[str, Any]:
    """What parts/hits.html needs."""
    only = text.startswith(ONLY_ACTIONS)
    words = text.removeprefix(ONLY_ACTIONS).strip()
    found = Found(found=[])
    if words:
        found = await visitor.ask("find", text=words, limit=PER_KIND)
    everybody = await visitor.house.directory.everybody()
    groups = _groups(visitor, [_called(visitor, one, everybody) for one in found.found], words, everybody, only=only)
    return {
        "text": text, "groups": groups, "number": sum(len(options) for _, options in groups),
        "marked": lambda name: marked(name, words),
    }  # fmt: skip


def _groups(
    visitor: Visitor, found: list[FoundRow], words: str, everybody: Mapping[str, Named], *, only: bool
) -> Groups:
    say, trainer, administrator = visitor.text, visitor.has("trainer"), visitor.has("administrator")
    studio = visitor.has(*STUDIO)
    models = {one.id: one.name for one in found if one.kind == "model"}
    others = {one.model: one.called(visitor.language) for one in everybody.values() if one.model and one.joins}
    does = matching(actions(say, language=visitor.language, administrator=administrator), words)

    def doing(models: Iterable[tuple[str, str]]) -> list[Option]:
        able = {"trainer": trainer, "administrator": administrator}
        return [option for id, name in models for option in of_model(say, id, name, **able)]

    # "compile marketing" names no model, but what can be done with one.
    elsewhere = [(id, name) for id, name in others.items() if id not in models]
    of_models = doing(list(models.items())[:OF_MODELS]) + (
        matching(doing(elsewhere), words)[:PER_KIND] if words else []
    )
    goes = matching(places(say, studio=studio), words)
    named = [option for one in found if one.kind != "lesson" and (option := _option(visitor, one, everybody))]
    lessons = [option for one in found if one.kind == "lesson" and (option := _option(visitor, one, everybody))]
    if not words and not only:
        groups = [(say("Go to"), goes), (say("Do"), does)]
    else:
        groups = [(say("Go to"), [*goes, *named]), (say("Do"), [*of_models, *does]), (say("Lessons"), lessons)]
        groups = groups[1:2] if only else groups
    return [(name, options) for name, options in groups if options]


def _called(visitor: Visitor, one: FoundRow, everybody: Mapping[str, Named]) -> FoundRow:
    """The same with a model's name in the visitor's language."""
    named = next((named for named in everybody.values() if one.kind == "model" and named.model == one.id), None)
    return one.model_copy(update={"name": named.called(visitor.language)}) if named else one


def _option(visitor: Visitor, one: FoundRow, everybody: Mapping[str, Named]) -> Option | None:
    """Where something that was found leads; None where it leads this person nowhere."""
    say = visitor.text
    match one.kind:
        case "model" if visitor.has(*STUDIO):
            version = f", v{one.version}" if one.version else ""
            return Option("models", one.name, f"/models/{one.id}", note=say("model") + version)
        case "model":
            member = next((member for member, named in everybody.items() if named.model == one.id), None)
            given = {"member": member or ""}
            return Option("at", one.name, "/groups/direct", "post", say("assistant"), given) if member else None
        case "group":
            return Option("hash", one.name, f"/groups/{one.id}", note=say("group"))
        case "person" if f"person:{one.id}" == visitor.actor:
            return Option("people", one.name, "/me", note=say("you"))
        case "person":
            member = f"person:{one.id}"
            return Option("people", one.name, "/groups/direct", "post", say("chat of two"), {"member": member})
        case "compilation":
            return Option("s-past", one.name, f"/compilations/{one.id}", note=say("version"))
        case "lesson":
            owner = next((named for named in everybody.values() if named.model == one.model), None)
            note = owner.called(visitor.language) if owner else ""
            return Option("lesson", one.name, f"/lessons/{one.id}", note=note)
