"""People and modules: who takes part and may do what, links to sign in, and how far other programs are trusted."""

import asyncio
from typing import Annotated, Any, cast

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from contracts.facts.module import ModuleTrusted, Trust
from contracts.facts.person import PersonAdded, PersonErased, PersonRevised, RoleName, Roles
from contracts.queries import Assistants, LearntFrom, Modules, People, PersonRow
from services.refusals import Refused
from services.web.answers import lead, lead_saying
from services.web.languages import LANGUAGES
from services.web.problems import Told, explained
from services.web.shell import page
from services.web.visitor import STUDIO, Signed, Visitor

ROLES: tuple[RoleName, ...] = ("member", "trainer", "administrator", "auditor")

router = APIRouter()
Text = Annotated[str, Form()]
Texts = Annotated[list[str], Form()]
Fact = Annotated[str, Form(alias="id")]


@router.get("/people")
async def everybody(request: Request, visitor: Signed, q: str = "", role: str = "") -> HTMLResponse:
    """Everybody, and the modules."""
    visitor.need(*STUDIO)
    found, assistants, modules = await asyncio.gather(
        visitor.ask("people"), visitor.ask("assistants", archived=True), visitor.ask("modules")
    )
    people: People = found
    models: Assistants = assistants
    told: Modules = modules
    sessions = visitor.house.sessions
    seen, invited = await asyncio.gather(asyncio.to_thread(sessions.seen), asyncio.to_thread(sessions.invited))
    present = [one for one in people.people if not one.erased]
    shown = [one for one in present if (not role or role in one.roles) and _called(one, q)]
    return await page(
        request, visitor, "people.html",
        people=shown, all=present, modules=told.modules, seen=seen, invited=invited, q=q, role=role, roles=ROLES,
        here={reader.actor for reader in visitor.house.rooms.everyone()}, languages=LANGUAGES,
        names={one.model: one.names.get(visitor.language) or one.name for one in models.assistants},
        may=visitor.has("administrator"), address=request.url.path + (f"?{request.url.query}" if q or role else ""),
    )  # fmt: skip


@router.get("/people/new")
async def new(request: Request, visitor: Signed) -> HTMLResponse:
    """The form of somebody new."""
    visitor.need("administrator")
    return await _form(request, visitor, None, {"language": visitor.language, "roles": ["member"]})


@router.post("/people")
async def add(
    request: Request, visitor: Signed, fact: Fact, name: Text = "", login: Text = "", email: Text = "",
    language: Text = "en", roles: Texts = [], assistant: Text = "",  # noqa: B006
) -> HTMLResponse:  # fmt: skip
    """There is somebody new, with a link to hand over."""
    visitor.need("administrator")
    given = _given(name, login, email, language, roles, assistant)
    if problem := _problem(visitor, given):
        return await _form(request, visitor, None, given, problem)
    try:
        accepted = await visitor.report(PersonAdded(**given), id=fact)
    except Refused as refused:
        return await _form(request, visitor, None, given, explained(visitor, refused))
    return await _link(request, visitor, accepted.subject, given["name"], added=True)


@router.get("/people/{id}")
async def one_person(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """One person, to be changed."""
    visitor.need("administrator")
    person: PersonRow = await visitor.ask("person", person=id)
    return await _form(request, visitor, person, _as_given(person))


@router.post("/people/{id}")
async def revise(
    request: Request, visitor: Signed, id: str, fact: Fact, revision: Annotated[int | None, Form()] = None,
    name: Text = "", login: Text = "", email: Text = "", language: Text = "en", roles: Texts = [],  # noqa: B006
    assistant: Text = "",
) -> Response:  # fmt: skip
    """Only what differs is reported."""
    visitor.need("administrator")
    person: PersonRow = await visitor.ask("person", person=id)
    given, before = _given(name, login, email, language, roles, assistant), _as_given(person)
    if problem := _problem(visitor, given):
        return await _form(request, visitor, person, given, problem)
    changes = {field: value for field, value in given.items() if value != before[field]}
    try:
        if changes:
            await visitor.report(PersonRevised(**changes), subject=id, id=fact, revision=revision)
    except Refused as refused:
        newer: PersonRow = await visitor.ask("person", person=id)
        status = 409 if refused.code == "conflict" else 422
        return await _form(request, visitor, newer, given, explained(visitor, refused), status)
    return lead_saying(request, visitor, "/people", visitor.text("Saved."))


@router.post("/people/{id}/link")
async def link(request: Request, visitor: Signed, id: str) -> HTMLResponse:
    """A new link to sign in; those before are no good any more."""
    visitor.need("administrator")
    person: PersonRow = await visitor.ask("person", person=id)
    if person.erased:
        raise Told("unknown_person", visitor.text("This person was erased."))
    return await _link(request, visitor, id, person.name, added=False)


@router.post("/people/{id}/sign-out")
async def sign_out(request: Request, visitor: Signed, id: str) -> Response:
    """Out, in every browser."""
    visitor.need("administrator")
    await _end(visitor, id)
    return lead_saying(request, visitor, "/people", visitor.text("Signed out in every browser."))


@router.post("/people/{id}/erase")
async def erase(request: Request, visitor: Signed, id: str, fact: Fact, name: Text = "") -> Response:
    """The key of their words is destroyed; their name must be typed, so that it isn't done by a slip."""
    visitor.need("administrator")
    person: PersonRow = await visitor.ask("person", person=id)
    if name.strip() != person.name:
        wrong = visitor.text("Type the name exactly as it is written there; nothing was erased.")
        return await _form(request, visitor, person, _as_given(person), wrong)
    try:
        await visitor.report(PersonErased(), subject=id, id=fact)
    except Refused as refused:
        return await _form(request, visitor, person, _as_given(person), explained(visitor, refused))
    await _end(visitor, id)
    return lead(request, "/people")


@router.post("/modules")
async def trust(
    request: Request, visitor: Signed, fact: Fact, module: Text = "", lessons: Text = "teaches", name: Text = ""
) -> Response:
    """How far a module is trusted from now on."""
    visitor.need("administrator")
    known: Modules = await visitor.ask("modules")
    before = next((one for one in known.modules if one.id == module), None)
    wanted: Trust = "proposes" if lessons == "proposes" else "teaches"
    kept = {"name": name.strip() or (before.name if before else None), "notes": before.notes if before else ""}
    said = ModuleTrusted(lessons=wanted, **{key: value for key, value in kept.items() if value})
    try:
        await visitor.report(said, subject=module.strip(), id=fact)
    except Refused as refused:
        if refused.code != "nothing_changes":
            raise
    return lead_saying(request, visitor, "/people#modules", visitor.text("Saved."))


async def _form(
    request: Request, visitor: Visitor, person: PersonRow | None, given: dict[str, Any], problem: str = "",
    status: int = 422,
) -> HTMLResponse:  # fmt: skip
    assistants: Assistants = await visitor.ask("assistants", archived=True)
    empty = {"name": "", "login": None, "email": None, "assistant": None}
    return await page(
        request, visitor, "person.html", status if problem else 200,
        person=person, given=empty | given, problem=problem, roles=ROLES, languages=LANGUAGES,
        assistants=[one for one in assistants.assistants if not one.archived],
        learnt=await _learnt(visitor, person, assistants) if person and person.erased else [],
    )  # fmt: skip


async def _learnt(visitor: Visitor, person: PersonRow, assistants: Assistants) -> list[dict[str, Any]]:
    """The versions that still hold words of somebody who was erased, those that answer first."""
    found: LearntFrom = await visitor.ask("learnt_from", person=person.id)
    names = {one.model: one.names.get(visitor.language) or one.name for one in assistants.assistants}
    held = [one for one in found.versions if not one.deleted and one.target == "fine_tune"]
    rows = [one.model_dump() | {"name": names.get(one.model, "")} for one in held]
    return sorted(rows, key=lambda row: not row["active"])


async def _link(request: Request, visitor: Visitor, id: str, name: str, *, added: bool) -> HTMLResponse:
    sessions = visitor.house.sessions
    await asyncio.to_thread(sessions.end_links, id)
    token = await asyncio.to_thread(sessions.new_link, id)
    url = f"{visitor.house.origin()}/welcome/{token}"
    return await page(request, visitor, "person_link.html", name=name, url=url, added=added, id=id)


async def _end(visitor: Visitor, id: str) -> None:
    sessions = visitor.house.sessions
    await asyncio.to_thread(sessions.end_all, id)
    await asyncio.to_thread(sessions.end_links, id)
    for reader in visitor.house.rooms.everyone():
        if reader.actor == f"person:{id}":
            reader.end()


def _called(person: PersonRow, q: str) -> bool:
    words = (person.name, person.login or "", person.email or "")
    return all(any(part in word.casefold() for word in words) for part in q.casefold().split())


def _given(name: str, login: str, email: str, language: str, roles: list[str], assistant: str) -> dict[str, Any]:
    return {
        "name": name.strip(),
        "login": login.strip() or None,
        "email": email.strip() or None,
        "language": language if language in LANGUAGES else "en",
        "roles": cast(Roles, tuple(role for role in ROLES if role in roles)),
        "assistant": assistant or None,
    }


def _as_given(person: PersonRow) -> dict[str, Any]:
    kept = {field: getattr(person, field) for field in ("name", "login", "email", "language", "assistant")}
    return kept | {"roles": tuple(role for role in ROLES if role in person.roles)}


def _problem(visitor: Visitor, given: dict[str, Any]) -> str:
    if not given["name"]:
        return visitor.text("Enter a name.")
    return "" if given["roles"] else visitor.text("Choose at least one role.")
